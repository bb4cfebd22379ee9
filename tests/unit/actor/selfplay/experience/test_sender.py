"""Experience on its way to Replay: in order, none waiting, and what a refusal does."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import pytest

from actor.selfplay.experience.sender import ExperienceSender
from mazemesh.collecting.step import Batch, Experience
from mazemesh.episode_totals import EpisodeTotals
from mazemesh.errors import InvalidArgument


class Gate:
    """A writer that holds every batch until it is told how the write ends."""

    def __init__(self) -> None:
        self.begun: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.ends: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()

    def append(
        self,
        columns: Batch,
        priorities: npt.NDArray[np.float64] | None = None,
        policy_versions: npt.NDArray[np.int64] | None = None,
        *,
        episodes: EpisodeTotals | None = None,
    ) -> None:
        assert policy_versions is not None
        self.begun.put(int(policy_versions[0]))
        end = self.ends.get(timeout=30)
        if end is not None:
            raise end


def batch(number: int) -> Experience:
    return Experience({}, None, np.full(2, number, np.int64))


@contextmanager
def sending(gate: Gate) -> Iterator[ExperienceSender]:
    stop = threading.Event()
    sender = ExperienceSender(gate, stop)
    thread = threading.Thread(target=sender.run)
    thread.start()
    try:
        yield sender
    finally:
        stop.set()
        gate.ends.put(None)
        thread.join()


def blocked(call: Callable[[], None]) -> threading.Thread:
    """A thread in a call that does not return yet."""
    thread = threading.Thread(target=call)
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    return thread


def test_two_wait_and_a_third_finds_no_room() -> None:
    gate = Gate()
    with sending(gate) as sender:
        sender.put(batch(1))
        sender.put(batch(2))
        assert gate.begun.get(timeout=30) == 1
        third = blocked(lambda: sender.put(batch(3)))
        gate.ends.put(None)
        third.join(30)
        gate.ends.put(None)
        assert [gate.begun.get(timeout=30) for _ in range(2)] == [2, 3]
        assert sender.rows == 4


def test_play_pauses_while_what_was_put_waits_for_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actor.selfplay.experience.sender.LONG_SECONDS", 0.0)
    gate = Gate()
    with sending(gate) as sender:
        sender.keep_pace()  # nothing waits
        sender.put(batch(1))
        sender.put(batch(2))
        pause = blocked(sender.keep_pace)
        gate.ends.put(None)
        pause.join(0.3)
        assert pause.is_alive()  # the second one still waits
        gate.ends.put(None)
        pause.join(30)
        assert not pause.is_alive()


def test_a_write_that_is_quick_pauses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actor.selfplay.experience.sender.LONG_SECONDS", 1000.0)
    gate = Gate()
    with sending(gate) as sender:
        sender.put(batch(1))
        sender.keep_pace()
        assert sender.rows == 0


def test_a_refusal_reaches_who_puts_next() -> None:
    gate = Gate()
    with sending(gate) as sender:
        sender.put(batch(1))
        gate.ends.put(InvalidArgument("a column is missing"))

        def go_on() -> None:
            for number in range(2, 5):  # a put that was under way still goes through
                sender.put(batch(number))

        with pytest.raises(InvalidArgument, match="a column is missing"):
            go_on()
        sender.keep_pace()  # and nothing waits for what will never be written


def test_whatever_ends_the_thread_stops_the_actor() -> None:
    """It may wait for a version that the learner never makes, for want of these rows."""
    gate, stop = Gate(), threading.Event()
    sender = ExperienceSender(gate, stop)
    thread = threading.Thread(target=sender.run)
    thread.start()
    sender.put(batch(1))
    gate.ends.put(ValueError("no float of this size"))
    assert stop.wait(20)
    thread.join(20)
    with pytest.raises(ValueError, match="no float"):
        sender.put(batch(2))


def test_a_far_replay_is_not_taken_for_a_full_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actor.selfplay.experience.sender.LONG_SECONDS", 0.0)
    gate = Gate()
    with sending(gate) as sender:
        sender.put(batch(1))
        assert gate.begun.get(timeout=30) == 1
        sender._fastest = 1000.0  # so long is the way there, as far as is known
        sender.keep_pace()
        assert sender.rows == 0
        gate.ends.put(None)


@contextmanager
def draining(gate: Gate, seconds: float) -> Iterator[tuple[ExperienceSender, threading.Event]]:
    stop = threading.Event()
    sender = ExperienceSender(gate, stop, drain_seconds=seconds)
    thread = threading.Thread(target=sender.run)
    thread.start()
    yield sender, stop
    thread.join(30)
    assert not thread.is_alive()


def test_what_waits_when_all_stops_is_written() -> None:
    gate = Gate()
    with draining(gate, 30.0) as (sender, stop):
        sender.put(batch(1))
        stop.set()
        sender.put(batch(2))
        for _ in range(2):
            gate.ends.put(None)
        assert sender.finish()
    assert sender.rows == 4


def test_what_finds_no_room_in_time_is_not() -> None:
    gate = Gate()
    with draining(gate, 0.1) as (sender, stop):
        sender.put(batch(1))
        sender.put(batch(2))
        assert gate.begun.get(timeout=30) == 1
        stop.set()
        sender.put(batch(3))  # there is no room for it any more
        assert not sender.finish()
        gate.ends.put(None)  # the writer is closed
    assert sender.rows == 2
