"""Examples in docstrings are true: each runs against a mesh as `mazemesh up` starts it."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType

import pytest

import mazemesh
from mazemesh.client.mesh import Mesh
from tests.e2e.running_mesh import up
from tests.ports import free_ports

PACKAGES = (
    *("mazemesh.client", "mazemesh.notebook", "mazemesh.training", "mazemesh.policy"),
    *("mazemesh.games", "mazemesh.envs", "mazemesh.evaluation", "mazemesh.match_files"),
)
PORTS = 10
OTHERS = {"_web", "optimization", "keys"}
"""Of a mesh's clients: what needs keys, or searches for long, has tests and pages of its own."""

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(400)]


def modules() -> Iterator[ModuleType]:
    for package in map(importlib.import_module, PACKAGES):
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "template" not in found.name:
                yield importlib.import_module(found.name)


def examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [test for module in modules() for test in finder.find(module) if test.examples]


def test_each_client_of_a_mesh_has_an_example() -> None:
    having = {test.name.rpartition(".")[2] for test in examples()}
    clients = [
        name
        for name, value in vars(Mesh).items()
        if isinstance(value, cached_property) and name not in OTHERS
    ]
    assert len(clients) > 12
    kinds = {name: _kind(name) for name in clients}
    assert {name: kind for name, kind in kinds.items() if kind not in having} == {}
    assert {"connect", "train", "publish", "watch", "watch_recording", "leaderboard"} <= having


def _kind(client: str) -> str:
    """Name of the class that it is of."""
    value = vars(Mesh)[client].func
    return str(value.__annotations__["return"])


def test_examples_of_docstrings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base, folder = free_ports(PORTS), tmp_path / "mesh"
    monkeypatch.setenv("MAZEMESH_PORT_BASE", str(base))
    monkeypatch.setenv("MAZEMESH_DATA_DIR", str(folder))
    monkeypatch.chdir(tmp_path)
    quiet = {"MAZEMESH_LEARNER_TRACKING": "none"}
    said: list[str] = []
    found = examples()
    with up(folder, base, "--console", "--plain", "--games", "16", told=quiet) as running:
        running.mesh.wait(120)
        running.until(lambda: len(running.mesh.elo.leaderboard("race").players) >= 4)
        for test in found:
            test.globs.update(mesh=running.mesh, mazemesh=mazemesh)
            doctest.DocTestRunner().run(test, out=said.append)
        if said:
            pytest.fail("".join(said))
        running.stop()
