import asyncio
import threading
from collections.abc import AsyncIterator

import numpy as np
import pytest

from services.elo.models.bradley_terry import Fit, fit
from services.elo.models.posterior import Problem
from services.elo.standings.board import Board
from services.elo.standings.ratings import SMALL, Ratings
from services.elo.store import Status
from tests.unit.elo.memory_log import MemoryLog
from tests.unit.elo.played import BOTS, TRUTH, match, simulated, state

MATCHES = simulated(np.random.default_rng(1), TRUTH, 30)


class CountedFit:
    """The real fit, counted; it can be held up in its thread."""

    def __init__(self) -> None:
        self.fits = 0
        self.begun = threading.Event()
        self.released = threading.Event()
        self.released.set()

    def __call__(self, problem: Problem) -> Fit:
        self.fits += 1
        self.begun.set()
        assert self.released.wait(20)
        return fit(problem)


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def counted() -> CountedFit:
    return CountedFit()


@pytest.fixture
def ratings(log: MemoryLog, counted: CountedFit) -> Ratings:
    return Ratings(log, counted, refit_seconds=0.01)


async def present(ratings: Ratings, ladder: str = "race") -> Board:
    board = await ratings.current(ladder)
    assert board is not None
    return board


async def test_what_is_recorded_is_listed_at_once(ratings: Ratings) -> None:
    assert await ratings.current("race") is None
    assert await ratings.record(MATCHES) == [Status.RECORDED] * 30
    board = await present(ratings)
    assert set(board.standings.names) == set(TRUTH)
    assert board.standings.matches == len(board.ladder.matches) == 30


async def test_duplicates_and_conflicts_change_nothing(
    ratings: Ratings, counted: CountedFit
) -> None:
    await ratings.record(MATCHES)
    board = await present(ratings)
    before = state(board.ladder)
    changed = MATCHES[3]._replace(seed=5)
    assert await ratings.record([MATCHES[0], changed]) == [Status.DUPLICATE, Status.CONFLICT]
    assert state((await present(ratings)).ladder) == before
    assert counted.fits == 1


async def test_a_restart_continues_where_it_was(ratings: Ratings, log: MemoryLog) -> None:
    await ratings.record(MATCHES[:20])
    before = await present(ratings)
    again = Ratings(log, fit, refit_seconds=1.0)
    await again.catch_up()
    after = await present(again)
    assert state(after.ladder) == state(before.ladder)
    assert after.standings.ratings.tobytes() == before.standings.ratings.tobytes()
    for each in (ratings, again):
        log.entries[20:] = []
        await each.record(MATCHES[20:])
    assert state(after.ladder) == state(before.ladder)


async def test_ladders_are_kept_apart(ratings: Ratings) -> None:
    other = match("other", ("race:1", "race:2"), 1.0, ladder="race-15x15")
    await ratings.record([*MATCHES, other])
    assert len((await present(ratings, "race-15x15")).ladder.players) == 2
    assert len((await present(ratings)).ladder.matches) == 30
    assert sorted(board.ladder.name for board in ratings.boards) == ["race", "race-15x15"]


async def test_a_caller_that_hangs_up_leaves_nothing_half_done(
    ratings: Ratings, log: MemoryLog
) -> None:
    log.released.clear()
    call = asyncio.create_task(ratings.record(MATCHES))
    await log.committed.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    log.released.set()
    await ratings.close()
    board = ratings.board("race")
    assert board is not None
    assert len(board.ladder.matches) == 30


async def test_concurrent_writers_are_folded_in_log_order(ratings: Ratings, log: MemoryLog) -> None:
    await asyncio.gather(*(ratings.record([one]) for one in MATCHES))
    board = await present(ratings)
    assert [one.match_id for one in board.ladder.matches] == [e.match.match_id for e in log.entries]
    assert len(board.ladder.matches) == 30


async def test_readers_at_the_same_time_share_one_fit(
    ratings: Ratings, counted: CountedFit
) -> None:
    await ratings.record(MATCHES)
    counted.released.clear()
    readers = [asyncio.create_task(present(ratings)) for _ in range(5)]
    await asyncio.to_thread(counted.begun.wait, 20)
    counted.released.set()
    boards = await asyncio.gather(*readers)
    assert counted.fits == 1
    assert {board.standings.matches for board in boards} == {30}


async def test_results_that_arrive_during_a_fit_are_left_for_the_next(
    ratings: Ratings, counted: CountedFit
) -> None:
    await ratings.record(MATCHES[:20])
    counted.released.clear()
    first = asyncio.create_task(present(ratings))
    await asyncio.to_thread(counted.begun.wait, 20)
    await ratings.record(MATCHES[20:])
    counted.released.set()
    board = await first
    assert (board.standings.matches, len(board.ladder.matches), board.dirty) == (20, 30, True)
    assert (await present(ratings)).standings.matches == 30


async def test_a_large_ladder_is_not_fitted_for_every_reader(
    ratings: Ratings, counted: CountedFit
) -> None:
    crowd = [match(f"c{n}", (BOTS[0], f"race:{n}"), 0.5) for n in range(1, SMALL + 1)]
    await ratings.record(crowd)
    assert (await present(ratings)).standings.names == ()
    assert counted.fits == 0
    await ratings.current("race", [SMALL])  # somebody asks for one whom no fit knows
    await ratings.current("race", [0])
    assert counted.fits == 1
    await ratings.record([match("late", (BOTS[0], "race:1"), 1.0)])
    assert (await present(ratings)).standings.matches == SMALL


@pytest.fixture
async def refitting(ratings: Ratings) -> AsyncIterator[Ratings]:
    task = asyncio.create_task(ratings.refit_forever())
    yield ratings
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_background_fits_what_changed_and_tells_watchers(
    refitting: Ratings, counted: CountedFit
) -> None:
    changes = refitting.changes("race", least=0.0, most=30.0)
    assert await anext(changes) is None
    await refitting.record(MATCHES)
    board = await anext(changes)
    assert board is not None
    assert board.standings.matches == 30
    assert counted.fits == 1
    await refitting.record([match("late", ("race:1", "race:2"), 1.0)])
    await anext(changes)
    assert board.standings.matches == 31


async def test_a_watcher_hears_a_heartbeat_without_any_change(ratings: Ratings) -> None:
    await ratings.record(MATCHES)
    changes = ratings.changes("race", least=0.0, most=0.02)
    first, second = await anext(changes), await anext(changes)
    assert first is second is ratings.board("race")


async def test_changes_to_another_ladder_do_not_wake_a_watcher(refitting: Ratings) -> None:
    await refitting.record(MATCHES)
    changes = refitting.changes("race", least=0.0, most=30.0)
    await anext(changes)
    waiting = asyncio.ensure_future(anext(changes))
    other = refitting.changes("other", least=0.0, most=30.0)
    await anext(other)
    await refitting.record([match("o", ("race:1", "race:2"), 1.0, ladder="other")])
    await anext(other)
    assert not waiting.done()
    waiting.cancel()


async def test_closing_ends_watches(ratings: Ratings) -> None:
    await ratings.record(MATCHES)
    changes = ratings.changes("race", least=0.0, most=30.0)
    await anext(changes)
    waiting = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    await ratings.close()
    with pytest.raises(StopAsyncIteration):
        await waiting
