import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence

import numpy as np
import pytest

from mazemesh.errors import Unavailable
from services.elo.log.match import Match
from services.elo.models.bradley_terry import Fit, fit
from services.elo.models.fitting.posterior import Problem
from services.elo.standings.board import Board
from services.elo.standings.ratings import SMALL, Ratings
from services.elo.store import Fenced, Status
from services.elo.wire.results.payloads import batch
from tests.unit.elo.memory_log import MemoryLease, MemoryLog, MemoryProjections, ToldNews
from tests.unit.elo.played import BOTS, TRUTH, folded, match, simulated, state

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


class Instances:
    """Instances of the service on one log."""

    def __init__(self, log: MemoryLog) -> None:
        self.log = log
        self.lease = MemoryLease()
        self.projections = MemoryProjections(self.lease)

    async def start(
        self,
        holder: str = "one",
        fitting: Callable[[Problem], Fit] = fit,
        news: ToldNews | None = None,
    ) -> Ratings:
        ratings = Ratings(
            self.log,
            self.projections,
            self.lease,
            news,
            fitting,
            refit_seconds=0.01,
            holder=holder,
        )
        await ratings.begin()
        return ratings


@pytest.fixture
def instances(log: MemoryLog) -> Instances:
    return Instances(log)


@pytest.fixture
async def ratings(instances: Instances, counted: CountedFit) -> Ratings:
    return await instances.start("one", counted)


async def record(ratings: Ratings, matches: Sequence[Match]) -> list[Status]:
    return list(await ratings.record(batch(matches)))


async def present(ratings: Ratings, ladder: str = "race") -> Board:
    board = await ratings.current(ladder)
    assert board is not None
    return board


async def test_what_is_recorded_is_listed_at_once(ratings: Ratings) -> None:
    assert await ratings.current("race") is None
    assert await record(ratings, MATCHES) == [Status.RECORDED] * 30
    board = await present(ratings)
    assert set(board.standings.names) == set(TRUTH)
    assert board.standings.matches == board.ladder.matches == 30


async def test_duplicates_and_conflicts_change_nothing(
    ratings: Ratings, counted: CountedFit
) -> None:
    await record(ratings, MATCHES)
    board = await present(ratings)
    before = state(board.ladder)
    changed = MATCHES[3]._replace(seed=5)
    assert await record(ratings, [MATCHES[0], changed]) == [Status.DUPLICATE, Status.CONFLICT]
    assert state((await present(ratings)).ladder) == before
    assert counted.fits == 1


@pytest.mark.parametrize("complete", [True, False])
async def test_a_restart_continues_where_it_was(instances: Instances, complete: bool) -> None:
    first = await instances.start()
    await record(first, MATCHES[:20])
    before = await present(first)
    if complete:
        await first.leave()
    else:
        instances.lease.run_out()
    again = await instances.start("two")
    after = await present(again)
    assert instances.projections.snapshot_mark == (20 if complete else 0)
    assert after.standings.ratings.tobytes() == before.standings.ratings.tobytes()
    await record(again, MATCHES[20:])
    assert state(after.ladder)[:-1] == state(folded(MATCHES))[:-1]  # points are in the store
    points = await again.history(after, 0, 0, 100)
    clean = folded(MATCHES).tail.of(0, 0, 100)
    assert [column.tobytes() for column in points] == [column.tobytes() for column in clean]


async def test_ladders_are_kept_apart(ratings: Ratings) -> None:
    other = match("other", ("race:1", "race:2"), 1.0, ladder="race-15x15")
    await record(ratings, [*MATCHES, other])
    assert len((await present(ratings, "race-15x15")).ladder.players) == 2
    assert (await present(ratings)).ladder.matches == 30
    assert sorted(board.ladder.name for board in ratings.boards) == ["race", "race-15x15"]


async def test_a_caller_that_hangs_up_leaves_nothing_half_done(
    ratings: Ratings, log: MemoryLog
) -> None:
    log.released.clear()
    call = asyncio.create_task(record(ratings, MATCHES))
    await log.committed.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    log.released.set()
    await ratings.close()
    board = ratings.board("race")
    assert board is not None
    assert board.ladder.matches == 30


async def test_concurrent_writers_are_folded_in_log_order(ratings: Ratings, log: MemoryLog) -> None:
    await asyncio.gather(*(record(ratings, [one]) for one in MATCHES))
    board = await present(ratings)
    assert state(board.ladder) == state(folded([entry.match for entry in log.entries]))
    assert board.ladder.matches == 30
    assert log.appends < 30  # those that came together went together


async def test_readers_at_the_same_time_share_one_fit(
    ratings: Ratings, counted: CountedFit
) -> None:
    await record(ratings, MATCHES)
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
    await record(ratings, MATCHES[:20])
    counted.released.clear()
    first = asyncio.create_task(present(ratings))
    await asyncio.to_thread(counted.begun.wait, 20)
    await record(ratings, MATCHES[20:])
    counted.released.set()
    board = await first
    assert (board.standings.matches, board.ladder.matches, board.dirty) == (20, 30, True)
    assert (await present(ratings)).standings.matches == 30


async def test_a_large_ladder_is_not_fitted_for_every_reader(
    ratings: Ratings, counted: CountedFit
) -> None:
    crowd = [match(f"c{n}", (BOTS[0], f"race:{n}"), 0.5) for n in range(1, SMALL + 1)]
    await record(ratings, crowd)
    assert (await present(ratings)).standings.names == ()
    assert counted.fits == 0
    await ratings.current("race", [SMALL])  # somebody asks for one whom no fit knows
    await ratings.current("race", [0])
    assert counted.fits == 1
    await record(ratings, [match("late", (BOTS[0], "race:1"), 1.0)])
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
    await record(refitting, MATCHES)
    board = await anext(changes)
    assert board is not None
    assert board.standings.matches == 30
    assert counted.fits == 1
    await record(refitting, [match("late", ("race:1", "race:2"), 1.0)])
    await anext(changes)
    assert board.standings.matches == 31


async def test_a_watcher_hears_a_heartbeat_without_any_change(ratings: Ratings) -> None:
    await record(ratings, MATCHES)
    changes = ratings.changes("race", least=0.0, most=0.02)
    first, second = await anext(changes), await anext(changes)
    assert first is second is ratings.board("race")


async def test_changes_to_another_ladder_do_not_wake_a_watcher(refitting: Ratings) -> None:
    await record(refitting, MATCHES)
    changes = refitting.changes("race", least=0.0, most=30.0)
    await anext(changes)
    waiting = asyncio.ensure_future(anext(changes))
    other = refitting.changes("other", least=0.0, most=30.0)
    await anext(other)
    await record(refitting, [match("o", ("race:1", "race:2"), 1.0, ladder="other")])
    await anext(other)
    assert not waiting.done()
    waiting.cancel()


async def test_closing_ends_watches(ratings: Ratings) -> None:
    await record(ratings, MATCHES)
    changes = ratings.changes("race", least=0.0, most=30.0)
    await anext(changes)
    waiting = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    await ratings.close()
    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_another_instance_reads_what_the_one_that_fits_wrote(
    instances: Instances, counted: CountedFit
) -> None:
    news = ToldNews()
    one = await instances.start("one", counted, news)
    other_fit = CountedFit()
    other = await instances.start("two", other_fit, ToldNews())
    assert (one.fits, other.fits) == (True, False)
    tasks = [asyncio.create_task(one.refit_forever())]
    await record(other, MATCHES)
    await record(one, [])  # takes in what the other recorded
    following = asyncio.create_task(other.follow_forever())
    changes = other.changes("race", least=0.0, most=30.0)
    board = await anext(changes)
    assert board is not None
    one_board = await present(one)
    while not instances.projections.shared:
        await news.wait()
    other._news.tell()  # type: ignore[union-attr]
    if not board.standings.names:
        await anext(changes)
    assert board.standings.ratings.tobytes() == one_board.standings.ratings.tobytes()
    assert board.standings.low.tobytes() == one_board.standings.low.tobytes()
    assert board.standings.ranks.tolist() == one_board.standings.ranks.tolist()
    assert board.standings.order == one_board.standings.order
    assert other_fit.fits == 0
    points = await other.history(board, 0, 0, 100)
    assert [c.tobytes() for c in points] == [
        c.tobytes() for c in await one.history(one_board, 0, 0, 100)
    ]
    for task in (*tasks, following):
        task.cancel()
    await asyncio.gather(*tasks, following, return_exceptions=True)


async def test_one_that_lost_the_lease_writes_nothing(instances: Instances) -> None:
    one = await instances.start("one")
    await record(one, MATCHES[:10])
    instances.lease.run_out()
    two = await instances.start("two", news=ToldNews())
    assert two.fits
    await present(one)
    with pytest.raises(Fenced):
        await one._sharing.save()
    assert not one.fits
    assert instances.projections.stored == 0
    assert instances.projections.shared == {}


async def test_a_player_that_no_shared_fit_knows_yet_is_waited_for(
    instances: Instances, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.elo.standings.ratings._PATIENCE_SECONDS", 0.05)
    await instances.start("one")
    other = await instances.start("two", news=ToldNews())
    await record(other, MATCHES)
    with pytest.raises(Unavailable, match="another instance"):
        await other.current("race", [0])


async def test_a_refused_append_is_told_to_all_who_shared_it(
    instances: Instances, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    ratings = await instances.start()

    async def refuse(batches: object) -> None:
        raise Unavailable("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(log, "append", refuse)
        calls = [asyncio.create_task(record(ratings, [one])) for one in MATCHES[:3]]
        found = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(each) for each in found] == [Unavailable] * 3
    assert await record(ratings, MATCHES[:3]) == [Status.RECORDED] * 3
