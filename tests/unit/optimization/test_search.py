"""Searches: known fronts are found, and one that was stopped ends as if it had not been."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mazemesh.errors import FailedPrecondition, InvalidArgument
from mazemesh.optimization import Problem
from mazemesh.optimization.algorithms import AlgorithmName, Front, Proposer, partitions
from mazemesh.optimization.evaluating.evaluations import Evaluations
from mazemesh.optimization.evaluating.evaluator import Done, LocalEvaluator, Stopped
from mazemesh.optimization.problem import Floats
from mazemesh.optimization.search import Progress, search
from tests.unit.optimization.known_problems import BEAM, IMPOSSIBLE, PARABOLA, WHOLE, dtlz2

pytest.importorskip("pymoo")


class Watching:
    """A display that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[Progress] = []

    def progress(self, progress: Progress) -> None:
        self.told.append(progress)


class Counting(LocalEvaluator):
    """Counts batches, and stops after some."""

    def __init__(self, problem: Problem, most: int = 1 << 30) -> None:
        super().__init__(problem)
        self.left, self.batches = most, 0

    def evaluate(self, batches: Sequence[tuple[int, Floats]], done: Done) -> None:
        for batch in batches:
            if self.left == 0:
                raise Stopped
            super().evaluate([batch], done)
            self.left -= 1
            self.batches += 1


def run(
    problem: Problem,
    algorithm: str,
    folder: Path,
    generations: int = 12,
    *,
    evaluator: Counting | None = None,
    population: int = 40,
    seed: int = 1,
) -> Front:
    proposer = Proposer(problem, AlgorithmName(algorithm), population, seed)
    with Evaluations(folder / "log") as log:
        search(problem, proposer, generations, log, evaluator or Counting(problem), Watching())
    return proposer.best()


@pytest.mark.parametrize("algorithm", list(AlgorithmName))
def test_the_front_of_a_sphere(algorithm: str, tmp_path: Path) -> None:
    front = run(dtlz2(7), algorithm, tmp_path, 40)
    assert len(front.values) >= 15
    radius = np.linalg.norm(front.values, axis=1)
    assert np.median(radius) < 1.06, "on the sphere, nearly"
    assert np.ptp(front.values, axis=0).min() > 0.6, "in its whole width"


def test_whole_numbers_that_are_the_same_stand_in_the_front_once(tmp_path: Path) -> None:
    front = run(WHOLE, "nsga2", tmp_path, 5)
    assert front.points.tolist() == [[0.0, 3.0]]


@pytest.mark.parametrize("algorithm", ["nsga2", "spea2", "nsga3"])
def test_constraints_hold_on_the_front(algorithm: str, tmp_path: Path) -> None:
    front = run(BEAM, algorithm, tmp_path, 30)
    assert front.missed == 0
    assert (front.values.sum(axis=1) >= 1).all()
    assert front.values.sum(axis=1).max() < 1.05


def test_what_is_more_is_made_more(tmp_path: Path) -> None:
    front = run(PARABOLA, "nsga2", tmp_path, 20)
    assert front.points.min() > -0.1
    assert front.points.max() < 2.1


def test_where_constraints_hold_nowhere_the_closest_is_told(tmp_path: Path) -> None:
    front = run(IMPOSSIBLE, "nsga2", tmp_path, 20)
    assert len(front.values) == 1
    assert 2.0 <= front.missed < 2.1


@pytest.mark.parametrize("algorithm", list(AlgorithmName))
def test_a_stopped_search_ends_as_if_it_had_not_been(algorithm: str, tmp_path: Path) -> None:
    problem = dtlz2(7, batch=16)  # three batches a generation, or more
    whole = Counting(problem)
    expected = run(problem, algorithm, tmp_path / "whole", evaluator=whole)
    batches = 0
    for most in (1, 7, 20):
        evaluator = Counting(problem, most)
        with pytest.raises(Stopped):
            run(problem, algorithm, tmp_path / "stopped", evaluator=evaluator)
        batches += evaluator.batches
    rest = Counting(problem)
    front = run(problem, algorithm, tmp_path / "stopped", evaluator=rest)
    np.testing.assert_array_equal(front.points, expected.points)
    np.testing.assert_array_equal(front.values, expected.values)
    assert batches + rest.batches == whole.batches, "nothing was evaluated twice"


def test_two_searches_of_one_process_do_not_know_of_each_other(tmp_path: Path) -> None:
    """pymoo's SPEA2 has a default that remembers."""
    first = run(dtlz2(7), "spea2", tmp_path / "1", 5)
    run(PARABOLA, "spea2", tmp_path / "2", 5)
    np.testing.assert_array_equal(run(dtlz2(7), "spea2", tmp_path / "3", 5).values, first.values)


def test_more_generations_go_on(tmp_path: Path) -> None:
    problem = dtlz2(7)
    run(problem, "nsga2", tmp_path, 5)
    rest = Counting(problem)
    longer = run(problem, "nsga2", tmp_path, 8, evaluator=rest)
    assert rest.batches == 3 * 2
    np.testing.assert_array_equal(longer.values, run(problem, "nsga2", tmp_path / "new", 8).values)


def test_another_seed_is_another_search(tmp_path: Path) -> None:
    run(dtlz2(7), "nsga2", tmp_path, 2)
    with pytest.raises(FailedPrecondition, match="searches another way"):
        run(dtlz2(7), "nsga2", tmp_path, 2, seed=2)


@pytest.mark.parametrize("damage", ["cut", "flipped", "rubbish"])
def test_a_damaged_end_of_the_log_is_done_again(damage: str, tmp_path: Path) -> None:
    problem = dtlz2(7)
    expected = run(problem, "nsga2", tmp_path, 5)
    log = tmp_path / "log"
    whole = log.read_bytes()
    flipped = bytearray(whole)
    flipped[-3] ^= 1
    log.write_bytes(
        {"cut": whole[:-7], "flipped": bytes(flipped), "rubbish": whole + b"xyz"}[damage]
    )
    rest = Counting(problem)
    front = run(problem, "nsga2", tmp_path, 5, evaluator=rest)
    assert rest.batches == (0 if damage == "rubbish" else 1)
    np.testing.assert_array_equal(front.values, expected.values)
    assert log.read_bytes() == whole


def test_a_log_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("notes of somebody who named them so\n")
    with pytest.raises(FailedPrecondition, match="is no log of evaluations"):
        Evaluations(tmp_path / "log")
    assert (tmp_path / "log").read_text().startswith("notes")


def test_a_space_that_is_used_up_ends_the_search(tmp_path: Path) -> None:
    from mazemesh.optimization import Objective, Variable

    def two(points: Any) -> Any:
        return np.column_stack([points[:, 0], -points[:, 0]])

    coins = Problem(
        "coin", (Variable("n", 0, 1, whole=True),), (Objective("f"), Objective("g")), two
    )
    front = run(coins, "nsga2", tmp_path, 3, population=8)
    assert sorted(np.unique(coins.rounded(front.points)).tolist()) == [0, 1]


def test_a_thousand_variables(tmp_path: Path) -> None:
    front = run(dtlz2(1000), "nsga2", tmp_path, 5, population=100)
    assert front.points.shape[1] == 1000


@pytest.mark.parametrize(
    ("problem", "algorithm", "population", "message"),
    [
        (PARABOLA, "nsga2", 3, "population: 3 should be 4..5000"),
        (PARABOLA, "nsga2", 5001, "population: 5001"),
        (PARABOLA, "spea2", 501, "population: 501 should be 4..500 for spea2"),
        (BEAM, "moead", 40, "moead takes no constraints, beam has strong enough"),
        (
            Problem.pointwise(lambda x: [x], {"x": (0, 1)}, {"f": "min"}),
            "nsga3",
            40,
            "nsga3 needs two objectives",
        ),
    ],
)
def test_what_an_algorithm_does_not_take(
    problem: Problem, algorithm: str, population: int, message: str
) -> None:
    with pytest.raises(InvalidArgument, match=message):
        Proposer(problem, AlgorithmName(algorithm), population, 0)


def test_directions_are_at_most_the_population() -> None:
    assert [partitions(3, most) for most in (91, 100, 104, 105)] == [12, 12, 12, 13]
    assert partitions(2, 100) == 99
    assert partitions(15, 4) == 1
