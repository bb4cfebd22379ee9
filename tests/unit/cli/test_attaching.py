"""What becomes of `mazemesh actor`: the process, and what it is told."""

import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from actor.cli.attaching import actor, evaluator

Told = tuple[list[str], dict[str, str]]


@pytest.fixture
def become(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Calls a command and returns what it would become."""
    for name in ("MAZEMESH_KEY", "MAZEMESH_HOST", "MAZEMESH_PORT_BASE"):
        monkeypatch.delenv(name, raising=False)
    found: list[Told] = []

    def execute(_: str, command: list[str], environment: dict[str, str]) -> None:
        found.append((command, environment))

    monkeypatch.setattr(os, "execve", execute)

    def call(app: Any, *arguments: str) -> Told | str:
        result = CliRunner().invoke(app, ["--data-dir", str(tmp_path), *arguments])
        return found.pop() if found else result.stderr

    return call


def test_a_mesh_elsewhere_is_told_by_one_word(become: Any) -> None:
    command, environment = become(actor, "--mesh", "10.1.2.3:6000", "--policy", "race")
    assert list(command)[-4:] == ["actor", "play", "--policy", "race"]
    addresses = [environment[f"MAZEMESH_{name}_ADDRESS"] for name in ("GAME", "REPLAY")]
    assert addresses == ["10.1.2.3:6000", "10.1.2.3:6004"]
    assert environment["MAZEMESH_ACTOR_DRAIN_SECONDS"] == "30"


def test_a_key_goes_on_where_nobody_sees_it(become: Any) -> None:
    command, environment = become(evaluator, "--mesh", "10.1.2.3", "--key", "secret")
    assert environment["MAZEMESH_KEY"] == "secret"
    assert "secret" not in command
    assert environment["MAZEMESH_GAME_ADDRESS"] == "10.1.2.3:50051"


def test_on_this_machine_a_worker_has_a_second(become: Any) -> None:
    _, environment = become(actor, "--policy", "race")
    assert "MAZEMESH_ACTOR_DRAIN_SECONDS" not in environment
    assert "MAZEMESH_KEY" not in environment


def test_one_place_is_enough(become: Any) -> None:
    assert "leave --host and --port-base out" in become(actor, "--mesh", "a", "--host", "b")
    assert "should be HOST or HOST:PORT_BASE" in become(actor, "--mesh", "a:b")
