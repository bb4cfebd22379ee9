"""Policies that learn in the same games, of which one takes no experience any more."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from actor.selfplay import learning as module
from actor.selfplay.experience.sender import ExperienceSender
from actor.selfplay.learning import Learning, Role, adversaries, roles_of
from mazemesh.collecting.step import Experience
from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings, get_game
from mazemesh.v1.model_pb2 import Collection, PolicyVersion

SPEC = get_game("pursuit").spec(GameSettings(seats=3))


class Known:
    """A student whose newest version says this of its run."""

    def __init__(self, **collection: Any) -> None:
        self.description = PolicyVersion(collection=Collection(game="pursuit", **collection))


class Full:
    """A writer whose table has room when the test says so."""

    def __init__(self) -> None:
        self.room = threading.Semaphore(0)
        self.wrote = threading.Semaphore(0)

    def append(self, *columns: object, episodes: object = None) -> None:
        assert self.room.acquire(timeout=20)
        self.wrote.release()


ROLES = [{"policy": "e", "seats": [0]}, {"policy": "h", "seats": [1, 2]}]


def test_the_roles_of_a_run_are_those_that_its_versions_tell() -> None:
    student, other = Known(roles=ROLES), Known(roles=ROLES)
    found = roles_of("h", student, lambda name: {"e": other}[name])  # type: ignore[arg-type, return-value]
    assert [(role.name, role.seats, role.student) for role in found] == [
        ("e", (0,), other),
        ("h", (1, 2), student),
    ]
    assert [adversaries(role, found, SPEC) for role in found] == [("h",), ("e",)]
    (alone,) = roles_of("race", Known(), pytest.fail)  # type: ignore[arg-type]
    assert (alone.name, alone.seats, adversaries(alone, (alone,), SPEC)) == ("race", (), ())


def test_policies_of_a_run_are_trained_on_one_game() -> None:
    other = Known(roles=ROLES, packed=True)
    with pytest.raises(InvalidArgument, match="h is trained on pursuit and e on pursuit"):
        roles_of("e", Known(roles=ROLES), lambda name: other)  # type: ignore[arg-type, return-value]


def test_team_mates_of_another_policy_are_no_adversaries() -> None:
    roles = [Role(name, (seat,), None) for seat, name in enumerate(("e", "a", "b"))]  # type: ignore[arg-type]
    assert [adversaries(role, roles, SPEC) for role in roles] == [("a", "b"), ("e",), ("e",)]


def test_a_learner_that_takes_nothing_holds_up_nobody_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    writer, stop = Full(), threading.Event()
    sender = ExperienceSender(writer, stop)  # type: ignore[arg-type]
    thread = threading.Thread(target=sender.run)
    thread.start()
    role = Role("h", (1,), Known())  # type: ignore[arg-type]
    one = Learning(role, None, None, sender, None, 8, alone=False)  # type: ignore[arg-type]
    rows = Experience({}, None, np.zeros(4, np.int64))
    try:
        assert one.give(rows)
        assert one.give(rows)  # one is being written, one waits
        assert not one.give(rows)
        assert not one.give(rows)
        assert one.left_out == 8
        one.keep_pace()
        for _ in range(2):
            writer.room.release()
            assert writer.wrote.acquire(timeout=20)
        while not one.give(rows):  # when the thread has said that there is room
            pass
        assert one.left_out == 0
    finally:
        stop.set()
        writer.room.release(8)
        thread.join(20)
