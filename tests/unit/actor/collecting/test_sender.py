"""Experience on its way to Replay: in order, none waiting, and what a refusal does."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import pytest

from actor.collecting.sender import ExperienceSender
from actor.collecting.step import Batch, Experience
from mazemesh.errors import InvalidArgument, Unavailable


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
    monkeypatch.setattr("actor.collecting.sender.LONG_SECONDS", 0.0)
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
    monkeypatch.setattr("actor.collecting.sender.LONG_SECONDS", 1000.0)
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


class Table:
    """A writer that remembers, and refuses as often as it is told to."""

    def __init__(self, refusals: int = 0) -> None:
        self.rows: list[int] = []
        self._refusals = refusals

    def append(
        self,
        columns: Batch,
        priorities: npt.NDArray[np.float64] | None = None,
        policy_versions: npt.NDArray[np.int64] | None = None,
    ) -> None:
        if self._refusals:
            self._refusals -= 1
            raise Unavailable("restarts")
        assert policy_versions is not None
        self.rows.append(int(policy_versions[0]))


def stopped_with(table: Table, drain_seconds: float) -> ExperienceSender:
    """A sender that is told to stop while two batches wait, and has ended."""
    stop = threading.Event()
    sender = ExperienceSender(table, stop, drain_seconds=drain_seconds)
    sender.put(batch(1))
    sender.put(batch(2))
    stop.set()
    sender.run()
    return sender


def test_what_waits_when_a_machine_is_taken_away_is_still_written() -> None:
    table = Table()
    sender = stopped_with(table, 30.0)
    assert table.rows == [1, 2]
    assert sender.rows == 4
    sender.check()


def test_a_service_that_restarts_meanwhile_is_waited_for() -> None:
    table = Table(refusals=1)
    stopped_with(table, 30.0)
    assert table.rows == [1, 2]


def test_the_wait_has_an_end() -> None:
    table = Table(refusals=1000)
    stopped_with(table, 0.05).check()
    assert table.rows == []


def test_without_a_drain_it_goes_at_once() -> None:
    table = Table()
    stopped_with(table, 0.0).check()
    assert table.rows == []
