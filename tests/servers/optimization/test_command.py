"""`mazemesh optimize` as a process: stopped, killed, gone on with; on a terminal, in a pipe."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from mazemesh.optimization.algorithms import AlgorithmName, Proposer
from mazemesh.optimization.evaluating.evaluations import Evaluations
from mazemesh.optimization.evaluating.evaluator import LocalEvaluator
from mazemesh.optimization.search import Progress
from mazemesh.optimization.search import search as search_here
from tests.servers.running import eventually
from tests.unit.optimization.known_problems import dtlz2

MAZEMESH = Path(sys.executable).with_name("mazemesh")
ROOT = Path(__file__).parents[3]
SLOW = "tests.unit.optimization.known_problems:slow"


def command(data_dir: Path, problem: str, *flags: str) -> list[str]:
    options = ["--data-dir", str(data_dir), "--population", "20", "--jobs", "2", *flags]
    return [str(MAZEMESH), "optimize", problem, *options]


def result(*words: str) -> dict[str, Any]:
    done = subprocess.run(
        [*words, "--json"], cwd=ROOT, capture_output=True, text=True, timeout=100, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def refused(*words: str) -> str:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 1, done
    assert done.stdout == ""
    return done.stderr


def begin(words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)


class Silent:
    """A display that shows nothing."""

    def progress(self, progress: Progress) -> None:
        pass


def logged(data_dir: Path) -> int:
    return sum(log.stat().st_size for log in data_dir.glob("optimize/*/evaluations.log"))


@pytest.mark.slow
def test_stopped_and_killed_it_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    problem = dtlz2(6, batch=5)  # the same, but quick
    proposer = Proposer(problem, AlgorithmName.NSGA3, 20, 0)
    with Evaluations(tmp_path / "log") as log:
        search_here(problem, proposer, 25, log, LocalEvaluator(problem), Silent())
    expected = proposer.best().values.tolist()
    words = command(tmp_path / "two", SLOW, "--generations", "25", "--algorithm", "nsga3")

    with begin(words) as search:
        eventually(lambda: logged(tmp_path / "two") > 1_000, 60)
        family = psutil.Process(search.pid).children()
        search.send_signal(signal.SIGINT)
        assert search.stderr is not None
        said = search.stderr.read()
        assert search.wait(30) == 130
    assert "stopped; the same command goes on with study" in said
    assert psutil.wait_procs(family, timeout=10)[1] == []

    kept = logged(tmp_path / "two")
    with begin(words) as search:
        eventually(lambda: logged(tmp_path / "two") > kept + 1_000, 60)
        family = psutil.Process(search.pid).children()
        search.kill()
        assert search.wait(30) == -signal.SIGKILL
    assert psutil.wait_procs(family, timeout=10)[1] == [], "no worker stays"

    found = result(*words)
    assert found["evaluations"] == 500
    assert 0 < found["remembered"] < 500
    assert [list(one["values"].values()) for one in found["front"]] == expected


@pytest.mark.slow
def test_what_it_tells_and_leaves(tmp_path: Path) -> None:
    problem = "5g?cells=3&users=20"
    flags = ("--generations", "5", "--study", "mine")
    told = result(*command(tmp_path, problem, *flags, "--mode", "emergency"))
    assert told["weighting"] == {
        "name": "emergency",
        "weights": {"revenue": 1.0, "edge_rate": 8.0, "power": 1.0},
    }
    assert set(told["chosen"]["variables"]) == set(told["variables"])
    assert told["by_mode"].keys() == {"balanced", "emergency", "energy-saving", "revenue-focused"}
    names = ["front-trade-offs.png", "front-profiles.png", "front.html"]
    assert told["files"] == [str(tmp_path / "optimize" / "mine" / name) for name in names]
    assert all(Path(file).stat().st_size > 1_000 for file in told["files"])

    plain = subprocess.run(
        command(tmp_path, problem, *flags), cwd=ROOT, capture_output=True, text=True, timeout=100
    )
    header, *rows = plain.stdout.splitlines()
    assert header.split("\t") == ["point", "revenue", "edge_rate", "power", "closeness", "mode", ""]
    assert any(row.endswith("\tchosen") for row in rows)
    assert plain.stderr.startswith("generation 5 of 5: 100 evaluations, 100 of them from before")
    assert "\x1b" not in plain.stdout + plain.stderr

    said = refused(*command(tmp_path, problem, *flags, "--seed", "1"))
    assert "study 'mine' was begun with seed 0, not 1; choose another --study" in said


def test_what_is_refused_is_one_line(tmp_path: Path) -> None:
    for words, reason in (
        (["6g"], "problem: '6g' is unknown; there are 5g"),
        (["5g", "--mode", "panic"], "mode: 'panic' is unknown here; there are balanced, emergency"),
        (["5g", "--weights", "price=1"], "weights: 'price' is no objective"),
        (["5g", "--study", "../mine"], "study: '../mine' should be letters"),
    ):
        said = refused(*command(tmp_path, *words))
        assert said.startswith(f"mazemesh: {reason}"), said
        assert said.count("\n") == 1
    assert not (tmp_path / "optimize").exists()


def test_one_process_a_study(tmp_path: Path) -> None:
    words = command(tmp_path, SLOW, "--generations", "2000")
    with begin(words) as search:
        eventually(lambda: logged(tmp_path) > 500, 60)
        assert "is being searched by another process" in refused(*words)
        search.send_signal(signal.SIGINT)
        search.communicate(timeout=30)


def test_on_a_terminal_there_is_a_bar(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    words = command(tmp_path, "5g?cells=2&users=5", "--generations", "3")
    with subprocess.Popen(
        words, cwd=ROOT, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"}
    ) as search:
        os.close(theirs)
        said = b""
        try:
            while part := os.read(ours, 65_536):
                said += part
        except OSError:  # the other side is closed
            pass
        assert search.wait(60) == 0
    os.close(ours)
    assert "━" in said.decode()
    assert "3/3" in said.decode()
    assert "chosen" in said.decode()


def test_a_module_of_the_users_own_folder(tmp_path: Path) -> None:
    (tmp_path / "numbers_of_mine.py").write_text(
        "from mazemesh.optimization import Problem\n"
        "def cost(x, y):\n"
        "    return x**2 + y, (x - 1) ** 2\n"
        "def problem():\n"
        '    bounds = {"x": (0, 2), "y": (0, 1)}\n'
        '    return Problem.pointwise(cost, bounds, {"cost": "min", "distance": "min"})\n'
    )
    words = command(tmp_path / "data", "numbers_of_mine:problem", "--generations", "4")
    done = subprocess.run(
        [*words, "--json"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(done.stdout)["chosen"]["variables"].keys() == {"x", "y"}


def test_problems_are_listed() -> None:
    listed = result(str(MAZEMESH), "optimize")
    assert isinstance(listed, list)
    assert {"5g", "recommender"} <= {one["problem"] for one in listed}
