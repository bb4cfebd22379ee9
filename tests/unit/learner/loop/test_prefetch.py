"""Fetching ahead: priorities, restarts of Replay, refusals."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from learner.loop.prefetch import Prefetcher, make_table
from mazemesh.errors import AlreadyExists, InvalidArgument, Unavailable
from tests.unit.learner.fakes import FakeReplay, nothing_to_sample, tiny_run

RUN = tiny_run("dqn")


@pytest.fixture
def replay() -> FakeReplay:
    source = FakeReplay()
    source.create_table(RUN.table)
    return source


@pytest.fixture
def prefetcher(replay: FakeReplay, monkeypatch: pytest.MonkeyPatch) -> Iterator[Prefetcher]:
    monkeypatch.setattr("learner.loop.prefetch.RETRY_SECONDS", 0.001)
    stop = threading.Event()
    prefetcher = Prefetcher(replay, RUN.table, RUN.signature, 8, stop)
    yield prefetcher
    stop.set()
    prefetcher.close(5)


def test_brings_batches_of_the_size_asked_for(prefetcher: Prefetcher) -> None:
    prefetcher.start()
    for _ in range(3):
        batch = prefetcher.next(60)
        assert batch is not None
        assert len(batch.keys) == 8
        assert set(batch.columns) == set(RUN.signature.names)


def test_asks_no_earlier_than_the_trainer_is_likely_to_want_it(
    prefetcher: Prefetcher, replay: FakeReplay
) -> None:
    prefetcher.start()
    assert prefetcher.next(60) is not None
    drawn(replay, 2)  # how long learning takes is not known yet
    threading.Event().wait(1.0)  # this is how long it takes
    began = time.monotonic()
    assert prefetcher.next(60) is not None
    draws = replay.draws
    assert draws == 2 or time.monotonic() - began > 0.5
    # It may also be quicker: who waits is served at once.
    assert prefetcher.next(60) is not None
    drawn(replay, 4)


def drawn(replay: FakeReplay, draws: int) -> None:
    """Waits for so many draws, and no more than 30 s."""
    for _ in range(10_000):
        if replay.draws >= draws:
            break
        threading.Event().wait(0.01)
    assert replay.draws == draws


def test_priorities_ride_on_the_next_request_together(
    prefetcher: Prefetcher, replay: FakeReplay
) -> None:
    for key in (1, 2):
        prefetcher.update_priorities((np.array([key], np.uint64), np.array([key / 10])))
    prefetcher.start()
    assert prefetcher.next(60) is not None
    keys, priorities = replay.priorities[0]
    assert keys.tolist() == [1, 2]
    assert priorities.tolist() == [0.1, 0.2]


def test_makes_the_table_again_when_replay_lost_it(
    prefetcher: Prefetcher, replay: FakeReplay
) -> None:
    replay.tables.clear()
    prefetcher.start()
    assert prefetcher.next(60) is not None
    assert replay.tables[RUN.table.name] == RUN.table


def test_waits_for_a_replay_that_is_away_or_has_nothing(
    prefetcher: Prefetcher, replay: FakeReplay
) -> None:
    troubles = [Unavailable("restarting"), Unavailable("restarting"), None]

    def trouble() -> None:
        error = troubles.pop(0) if troubles else None
        if error is not None:
            raise error
        if troubles:
            nothing_to_sample()

    replay.trouble = trouble
    prefetcher.start()
    assert prefetcher.next(60) is not None
    assert troubles == []


def test_a_request_that_replay_refuses_reaches_the_trainer(
    prefetcher: Prefetcher, replay: FakeReplay
) -> None:
    def refuse() -> None:
        raise InvalidArgument("batch_size is 8")

    replay.trouble = refuse
    prefetcher.start()
    with pytest.raises(InvalidArgument, match="batch_size"):
        any(prefetcher.next(0.01) for _ in iter(int, 1))


def test_whatever_ends_the_thread_reaches_the_trainer(
    prefetcher: Prefetcher, replay: FakeReplay
) -> None:
    def fail() -> None:
        raise KeyError("nobody thought of this")

    replay.trouble = fail
    prefetcher.start()
    with pytest.raises(KeyError, match="nobody thought"):
        any(prefetcher.next(0.01) for _ in range(100_000))


def test_next_returns_without_a_batch_after_the_timeout(
    prefetcher: Prefetcher, replay: FakeReplay
) -> None:
    replay.trouble = nothing_to_sample
    prefetcher.start()
    assert prefetcher.next(0.01) is None


def test_another_table_under_the_name_is_an_error(replay: FakeReplay) -> None:
    with pytest.raises(AlreadyExists):
        make_table(replay, tiny_run("ppo").table, threading.Event())


def test_stops_waiting_for_replay() -> None:
    class Away(FakeReplay):
        def create_table(self, table: object) -> bool:
            raise Unavailable("not there yet")

    stop = threading.Event()
    stop.set()
    assert not make_table(Away(), RUN.table, stop)
