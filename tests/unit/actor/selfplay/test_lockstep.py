"""Turns between actor and learner, and pieces that a table has room for."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from actor.selfplay.lockstep import LockstepOpponents, Turns
from mazemesh.collecting.step import Experience
from mazemesh.v1.model_pb2 import PolicyVersion

BOTS = ("bot/random", "bot/wall-follower", "bot/shortest-path")


class FakeRegistry:
    def __init__(self) -> None:
        self.snapshots: list[int] = []

    def list(self, name: str = "", *, snapshots_only: bool = False) -> Iterable[PolicyVersion]:
        assert snapshots_only
        return [PolicyVersion(name=name, version=one) for one in reversed(self.snapshots)]


class FakeStudent:
    """Gets a version newer by one whenever it is waited for."""

    def __init__(self) -> None:
        self.version = 1
        self.waited: list[int] = []

    def wait_newer(self, version: int) -> None:
        self.waited.append(version)
        self.version = max(self.version, version + 1)


def experience(rows: int, *, prioritized: bool) -> Experience:
    return Experience(
        {"action": np.arange(rows, dtype=np.int8)},
        np.arange(rows) + 0.5 if prioritized else None,
        np.arange(rows, dtype=np.int64),
    )


def test_pieces_keep_order_and_leave_nothing_out() -> None:
    pieces = list(experience(10, prioritized=True).pieces(4))
    assert [piece.rows for piece in pieces] == [4, 4, 2]
    for name in ("action", "priorities", "policy_versions"):
        parts = [one.columns[name] if name == "action" else getattr(one, name) for one in pieces]
        assert np.concatenate(parts).astype(int).tolist() == list(range(10))


def test_what_is_small_enough_is_one_piece() -> None:
    whole = experience(4, prioritized=False)
    assert list(whole.pieces(4)) == [whole]
    assert list(whole.pieces(0)) == [whole]
    assert next(iter(experience(5, prioritized=False).pieces(3))).priorities is None


def test_the_actor_waits_once_a_batch() -> None:
    student = FakeStudent()
    turns = Turns(student, 8, None)
    for rows in (5, 5, 5, 1, 8):
        turns.written(rows, student.version)
    # After 10 and 16 rows, and after 24: each time for a version newer than the one before.
    assert student.waited == [1, 2, 3]


def test_a_version_that_came_before_the_wait_counts() -> None:
    student = FakeStudent()
    turns = Turns(student, 4, None)
    student.version = 2  # published between the write and the wait
    turns.written(4, 1)
    assert student.waited == [1]
    assert student.version == 2


def test_opponents_follow_from_the_seed_and_the_snapshots_alone() -> None:
    def drawn(seed: int) -> list[str]:
        registry = FakeRegistry()
        opponents = LockstepOpponents(registry, "race", BOTS, np.random.default_rng(seed))
        first = [opponents.take() for _ in range(100)]
        registry.snapshots = [1, 40]
        assert not any(name.startswith("race:4") for name in first)
        opponents.refresh()
        return first + [opponents.take() for _ in range(300)]

    names = drawn(1)
    assert names == drawn(1) != drawn(2)
    assert {"race:latest", "race:1", "race:40", "bot/random"} <= set(names[100:])
    assert 0.4 < names.count("race:latest") / len(names) < 0.6


def test_a_turn_looks_for_new_snapshots() -> None:
    registry = FakeRegistry()
    opponents = LockstepOpponents(registry, "race", BOTS, np.random.default_rng(0))
    registry.snapshots = [7]
    turns = Turns(FakeStudent(), 2, opponents)
    turns.written(1, 1)
    assert "race:7" not in {opponents.take() for _ in range(100)}
    turns.written(1, 1)
    assert "race:7" in {opponents.take() for _ in range(100)}


def test_rows_are_cut_where_the_learners_turns_are() -> None:
    """16 rows before the first batch, 6 between two: no row beyond them is written before."""
    student = FakeStudent()
    turns, written = Turns(student, 6, None, first_rows=16), []
    for _ in range(4):
        for part in turns.parts(experience(10, prioritized=False)):
            written.append((part.rows, student.version))
            turns.written(part.rows, student.version)
    assert sum(rows for rows, _ in written) == 40
    by_version = [sum(rows for rows, one in written if one == version) for version in range(1, 6)]
    assert by_version == [16, 6, 6, 6, 6]
