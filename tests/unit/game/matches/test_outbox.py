"""The outbox of results: what Elo refuses for ever keeps nothing else out, and is not lost."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from mazemesh.errors import FailedPrecondition, InvalidArgument, MazemeshError, Unavailable
from mazemesh.v1 import elo_pb2
from services.game.matches.outbox import Outbox
from services.game.store import OutboxSize, PendingResult
from services.game.wire.delivery import Delivery


class MemoryStore:
    """An `OutboxStore` in memory, which gives nobody what somebody has taken."""

    def __init__(self, results: dict[str, bytes]) -> None:
        self.waiting = dict(results)
        self.taken: dict[str, float] = {}
        self.aside: dict[str, str] = {}
        self.empty = asyncio.Event()

    async def take(self, limit: int, now: float, until: float) -> list[PendingResult]:
        if not self.waiting:
            self.empty.set()
        due = [item for item in self.waiting.items() if self.taken.get(item[0], 0.0) <= now]
        self.taken.update((match_id, until) for match_id, _ in due[:limit])
        return [PendingResult(*item) for item in due[:limit]]

    async def put_back(self, match_ids: Collection[str]) -> None:
        for match_id in match_ids:
            self.taken.pop(match_id, None)

    async def put_all_back(self) -> None:
        self.taken.clear()

    async def delivered(self, match_ids: Collection[str]) -> None:
        for match_id in match_ids:
            del self.waiting[match_id]

    async def bury(self, match_id: str, reason: str) -> None:
        del self.waiting[match_id]
        self.aside[match_id] = reason

    async def size(self) -> OutboxSize:
        return OutboxSize(len(self.waiting), len(self.aside))


class Elo:
    """Refuses whole batches in which a result is wrong, each for a reason of its own."""

    def __init__(self, wrong: dict[str, MazemeshError], away: int = 0) -> None:
        self.wrong = wrong
        self.away = away
        self.recorded: list[str] = []
        self.calls = 0

    async def record(self, results: Sequence[elo_pb2.MatchResult]) -> list[int]:
        self.calls += 1
        if self.away:
            self.away -= 1
            raise Unavailable("away")
        for result in results:
            if result.match_id in self.wrong:
                raise self.wrong[result.match_id]
        self.recorded += [result.match_id for result in results]
        return [elo_pb2.RECORD_STATUS_RECORDED] * len(results)


def encoded(*match_ids: str) -> dict[str, bytes]:
    return {name: elo_pb2.MatchResult(match_id=name).SerializeToString() for name in match_ids}


async def delivered(results: dict[str, bytes], elo: Elo) -> tuple[MemoryStore, list[str]]:
    store = MemoryStore(results)
    outbox = Outbox(store, Delivery(elo), batch=100, max_backoff=0.001, clock=lambda: 1.0)
    with capture_logs() as logs:
        running = asyncio.create_task(outbox.run())
        await asyncio.wait_for(store.empty.wait(), 30)
        running.cancel()
        await asyncio.wait({running})
    return store, [line["match_id"] for line in logs if line["log_level"] == "error"]


@pytest.mark.parametrize(
    "reason",
    [
        InvalidArgument("match_id: has a space"),
        FailedPrecondition("the ladder is closed"),
        MazemeshError("internal error 17"),
    ],
)
async def test_what_is_refused_for_ever_is_set_aside(reason: MazemeshError) -> None:
    names = [f"match {number}" for number in range(40)]
    elo = Elo({"match 3": reason, "match 30": reason}, away=2)
    store, told = await delivered(encoded(*names), elo)
    assert set(store.aside) == {"match 3", "match 30"}
    assert all(str(reason) in why for why in store.aside.values())
    assert sorted(told) == ["match 3", "match 30"]
    assert set(elo.recorded) == set(names) - set(store.aside)


async def test_what_cannot_be_read_is_set_aside_too() -> None:
    elo = Elo({})
    store, told = await delivered({"bad": b"\xff", **encoded("good")}, elo)
    assert list(store.aside) == told == ["bad"]
    assert elo.recorded == ["good"]


async def test_those_of_one_trace_are_told_as_part_of_it() -> None:
    within: list[str] = []
    told: list[tuple[str, list[str]]] = []

    @contextmanager
    def as_part_of(trace: str) -> Iterator[None]:
        within.append(trace)
        yield
        within.pop()

    class Sink:
        async def record(self, results: Sequence[bytes]) -> list[str]:
            told.append((within[-1] if within else "", [one.decode() for one in results]))
            return [""] * len(results)

    class Traced(MemoryStore):
        async def take(self, limit: int, now: float, until: float) -> list[PendingResult]:
            taken = await super().take(limit, now, until)
            return [replace(one, trace=traces[one.match_id]) for one in taken]

    traces = {"a": "one", "b": "", "c": "two", "d": "one"}
    store = Traced({name: name.encode() for name in traces})
    outbox = Outbox(store, Sink(), 100, max_backoff=0.001, clock=lambda: 1.0, as_part_of=as_part_of)
    running = asyncio.create_task(outbox.run())
    await asyncio.wait_for(store.empty.wait(), 30)
    running.cancel()
    await asyncio.wait({running})
    assert told == [("one", ["a", "d"]), ("", ["b"]), ("two", ["c"])]


def test_the_age_is_that_of_the_oldest_result() -> None:
    outbox = Outbox(MemoryStore({}), Delivery(Elo({})), 100, 0.001, clock=lambda: 70.0)
    assert outbox.age == 0.0
    outbox.size = OutboxSize(2, 0, since=30.0)
    assert outbox.age == 40.0
