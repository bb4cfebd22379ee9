"""Experience on its way to Replay: in order, none waiting, and what a refusal does."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import pytest

from actor.sender import ExperienceSender
from actor.step import Batch, Experience
from mazemesh.errors import InvalidArgument, MazemeshError


class Gate:
    """A writer that holds every batch until it is told how the write ends."""

    def __init__(self) -> None:
        self.begun: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.ends: queue.SimpleQueue[MazemeshError | None] = queue.SimpleQueue()

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


def test_the_next_batch_is_taken_when_the_one_before_is_written() -> None:
    gate = Gate()
    with sending(gate) as sender:
        sender.put(batch(1))
        assert gate.begun.get(timeout=30) == 1
        second = threading.Thread(target=sender.put, args=(batch(2),))
        second.start()
        second.join(0.3)
        assert second.is_alive()
        gate.ends.put(None)
        second.join(30)
        assert gate.begun.get(timeout=30) == 2
        assert sender.rows == 2


def test_a_refusal_reaches_who_puts_next() -> None:
    gate = Gate()
    with sending(gate) as sender:
        sender.put(batch(1))
        gate.ends.put(InvalidArgument("a column is missing"))
        with pytest.raises(InvalidArgument, match="a column is missing"):
            sender.put(batch(2))
