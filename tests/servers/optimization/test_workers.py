"""Evaluation by processes: as many as there are, and what becomes of those that die or hang."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from mazemesh.errors import DeadlineExceeded, FailedPrecondition, InvalidArgument
from mazemesh.optimization.evaluating.evaluator import Stopped
from mazemesh.optimization.evaluating.workers import Workers
from mazemesh.optimization.opening import open_problem
from mazemesh.optimization.problem import Evaluation, Floats

KNOWN = "tests.unit.optimization.known_problems"


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers look for the user's modules in the current folder."""
    monkeypatch.chdir(Path(__file__).parents[3])


def evaluate(
    name: str, batches: list[Floats], count: int = 1, seconds: float = 30.0
) -> list[Floats]:
    told: dict[int, Evaluation] = {}
    workers = Workers(name, open_problem(name), count, batch_seconds=seconds)
    try:
        workers.evaluate(list(enumerate(batches)), told.__setitem__)
    finally:
        workers.close()
    return [told[number].values for number in range(len(batches))]


def test_their_number_does_not_show() -> None:
    name = f"{KNOWN}:dtlz2?variables=6"
    rng = np.random.default_rng(0)
    batches = [rng.random((size, 6)) for size in (25, 25, 7)]
    expected = [open_problem(name).evaluated(points).values for points in batches]
    for count in (1, 3):
        for found, values in zip(evaluate(name, batches, count), expected, strict=True):
            np.testing.assert_array_equal(found, values)


def test_a_process_that_dies_is_replaced_and_its_batch_done_again(tmp_path: Path) -> None:
    (tmp_path / "deaths").mkdir()
    name = f"{KNOWN}:dying?folder={tmp_path / 'deaths'}&times=2"
    points = np.array([[0.25, 0.5]])
    np.testing.assert_array_equal(evaluate(name, [points])[0], points)


def test_a_batch_that_always_kills_is_given_up(tmp_path: Path) -> None:
    name = f"{KNOWN}:dying?folder={tmp_path}&times=9"
    with pytest.raises(FailedPrecondition, match=r"died 3 times .* begins with \[0.25, 0.5\]"):
        evaluate(name, [np.array([[0.25, 0.5]])])
    assert len(list(tmp_path.iterdir())) == 3


def test_a_batch_has_its_time() -> None:
    with pytest.raises(DeadlineExceeded, match=r"longer than 0\.2 s; allow more"):
        evaluate(f"{KNOWN}:hanging", [np.array([[0.25, 0.5]])], seconds=0.2)
    assert not workers_of_this_process()


def test_what_a_problem_raises_is_told() -> None:
    with pytest.raises(FailedPrecondition, match="ValueError: the simulator has no licence"):
        evaluate(f"{KNOWN}:raising", [np.array([[0.25, 0.5]])])


def test_a_search_that_is_told_to_stop_waits_for_no_evaluation() -> None:
    name = f"{KNOWN}:hanging"
    asked = 0

    def stopped() -> bool:
        nonlocal asked
        asked += 1
        return asked > 2

    workers = Workers(name, open_problem(name), 1, batch_seconds=60, stopped=stopped)
    with pytest.raises(Stopped):
        workers.evaluate([(0, np.array([[0.25, 0.5]]))], lambda number, found: None)
    assert not workers_of_this_process()


def test_a_problem_that_a_worker_cannot_open(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    problem = open_problem(f"{KNOWN}:BEAM")
    monkeypatch.chdir(tmp_path)  # where the module is not found
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with pytest.raises(InvalidArgument, match="'no_such:thing' cannot be loaded"):
        Workers("no_such:thing", problem, 2, batch_seconds=1)
    assert not workers_of_this_process()
    with pytest.raises(InvalidArgument, match="jobs: 0 should be"):
        Workers("5g", problem, 0, batch_seconds=1)


def workers_of_this_process() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # it has ended; others' children may be zombies, too
            if any("mazemesh.optimization.evaluating.worker" in word for word in child.cmdline()):
                found.append(child)
    return found
