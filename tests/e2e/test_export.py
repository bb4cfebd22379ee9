"""`mazemesh export`: a policy of a mesh, played in Python and JavaScript without it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mazemesh.games import GameSettings
from supervisor.stopped import started
from tests.edge_policies import CASES, close, exported, maze_policy, run
from tests.onnx_policies import Network

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What run.mjs needs, as the folder's own lock file has it."""
    folder = tmp_path_factory.mktemp("packages") / "out"
    exported(maze_policy(Network), folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return folder / "node_modules"


@pytest.mark.parametrize("kind", ["with a memory", "dict of actions"])
def test_both_runners_answer_and_act_alike(kind: str, packages: Path, tmp_path: Path) -> None:
    folder = exported(CASES[kind](), tmp_path / "out").folder
    (folder / "node_modules").symlink_to(packages)
    node = shutil.which("node")
    assert node is not None, "it needs Node.js"
    for file in ("policy.onnx", "policy.ort"):
        told = run(folder, node, "run.mjs", file)
        assert max(one["gap"] for one in told) <= 1e-4
        for one, other in zip(told, run(folder, sys.executable, "run.py", file), strict=True):
            acted, expected = one["action"], other["action"]
            assert acted.keys() == expected.keys()
            assert all(close(acted[leaf], expected[leaf]) for leaf in expected)


def mazemesh(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "mazemesh.cli", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_published_file_comes_back_with_all_that_plays_it(tmp_path: Path) -> None:
    file = tmp_path / "mine.onnx"
    file.write_bytes(maze_policy(Network, GameSettings()).data)
    data_dir = tmp_path / "mesh"
    data_dir.mkdir()
    with started(data_dir, ("game", "model", "elo", "matchmaker")) as (_, base):
        there = ("--port-base", str(base))
        mazemesh(tmp_path, "publish", "mine.onnx", "--name", "bob", "--game", "race", *there)
        told = mazemesh(
            tmp_path, "export", "bob", "--to", "out", "--licence", "MIT", "--json", *there
        )
        mazemesh(tmp_path, "promote", "bob:1", "--reason", "first", *there)
        shown = mazemesh(tmp_path, "policies", "show", "bob:champion", "--json", *there)
        text = mazemesh(tmp_path, "policies", "show", "bob", *there)
        listed = json.loads(mazemesh(tmp_path, "policies", "bob", "--json", *there))
    version = json.loads(shown)
    assert (version["policy"], version["ancestors"], version["ratings"]) == ("bob:1", [], [])
    assert version["training"]["game"] == "race"
    assert [one["reason"] for one in version["moves"]] == ["first"]
    assert "observations" in version["checked"]
    assert "policy       bob:1 = champion = latest: ready, kept for rating" in text
    assert version["sha256"] in text
    assert [one["policy"] for one in listed] == ["bob:1"]
    found = json.loads(told)
    assert found["policy"] == "bob:1"
    names = {one["name"] for one in found["files"]}
    assert {"policy.onnx", "policy.ort", "policy.int8.onnx", "run.py", "run.mjs"} <= names
    out = tmp_path / "out"
    assert (out / "policy.onnx").read_bytes() == file.read_bytes()
    assert max(one["gap"] for one in run(out, sys.executable, "run.py", "policy.ort")) <= 1e-4
    page = (out / "README.md").read_text()
    assert "| licence | MIT |" in page
    assert "Never rated." in page
