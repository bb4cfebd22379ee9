"""How far an actor plays ahead of its learner."""

from __future__ import annotations

import threading

from actor.selfplay.experience.ahead import PATIENCE, Ahead
from actor.selfplay.student.student import Student

ROWS = 10


class FakeStudent:
    """Notes what it was asked to wait for."""

    def __init__(self) -> None:
        self.waited: list[tuple[int, float]] = []

    def wait_newer(self, version: int, patience: float = 0.0) -> None:
        self.waited.append((version, patience))


def test_one_batch_ahead_waits_after_each() -> None:
    student = FakeStudent()
    ahead = Ahead(student, ROWS, 1)
    for rows in (5, 4):
        ahead.written(rows, 3)
    assert not student.waited
    ahead.written(1, 3)
    ahead.written(10, 4)
    assert student.waited == [(3, PATIENCE), (4, PATIENCE)]


def test_of_two_batches_one_is_played_while_the_other_is_learned_from() -> None:
    student = FakeStudent()
    ahead = Ahead(student, ROWS, 2)
    acted = [1, 1, 2, 3]
    for version in acted:
        ahead.written(ROWS, version)
    assert [version for version, _ in student.waited] == [1, 1, 2]


def test_a_write_of_several_batches_waits_for_each() -> None:
    student = FakeStudent()
    Ahead(student, ROWS, 1).written(3 * ROWS + 5, 7)
    assert [version for version, _ in student.waited] == [7, 7, 7]


def test_patience_ends_where_no_version_comes() -> None:
    student = Student.__new__(Student)
    Student.__init__(student, None, "p", threading.Event())  # type: ignore[arg-type]
    student.current = type("Policy", (), {"version": 5})()  # type: ignore[assignment]
    student.wait_newer(5, 0.01)
    student.wait_newer(4, 60.0)
