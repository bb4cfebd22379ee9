"""Ratings are refolded from the log, compared with what is served and stored, and put in place."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update

from mazemesh.client.elo import EloClient
from mazemesh.errors import ResourceExhausted, Unavailable
from mazemesh.v1 import elo_pb2
from services._harness import serve
from services._harness.sql.database import Database
from services.elo.bind import bind
from services.elo.stores import columns, tables
from services.elo.stores.sql_projections import SqlProjections
from tests.contract.conftest import database_url as database_url
from tests.contract.conftest import postgresql_process as postgresql_process
from tests.servers.elo_results import RESULTS, on_the_wire, settings_in
from tests.unit.elo.played import match

OTHER = [
    on_the_wire(match(f"o{n}", ("race:1", "bot/random"), 1.0, 0.5, ladder="maze"))
    for n in range(30)
]
BRAWL = [
    on_the_wire(match(f"b{n}", ("race:1", "race:2", "race:3"), (0.0, 0.5, 1.0), ladder="brawl"))
    for n in range(10)
]
ALL = [*RESULTS, *OTHER, *BRAWL]


async def call(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    return await asyncio.to_thread(function, *arguments, **named)


@asynccontextmanager
async def service(url: str, folder: Path) -> AsyncIterator[EloClient]:
    async with serve(settings_in(folder, database_url=url), bind) as server:
        client = EloClient(server.address)
        yield client
        await call(client.close)


async def rebuilt(client: EloClient, *, verify: bool) -> elo_pb2.RebuildRatingsResponse:
    reports = await call(lambda: list(client.rebuild_ratings(verify_only=verify)))
    assert [report.done for report in reports] == [False] * (len(reports) - 1) + [True]
    assert reports[-1].replaced is not verify
    return reports[-1]  # type: ignore[no-any-return]


async def verified_at_last(client: EloClient) -> elo_pb2.RebuildRatingsResponse:
    """Once nobody else makes them any more, which nobody tells."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await rebuilt(client, verify=True)
            except ResourceExhausted:
                await asyncio.sleep(0.05)


async def boards(client: EloClient) -> list[elo_pb2.GetLeaderboardResponse]:
    return [
        await call(client.leaderboard, ladder, model=model)
        for ladder in ("race", "maze", "brawl")
        for model in ("bradley-terry", "elo", "glicko2", "plackett-luce")
    ]


async def boards_or_none(
    client: EloClient, told: list[Unavailable]
) -> list[elo_pb2.GetLeaderboardResponse] | None:
    try:
        return await boards(client)
    except Unavailable as error:
        told.append(error)
        return None


async def history(client: EloClient) -> list[elo_pb2.RatingPoint]:
    return await call(lambda: list(client.history("race", "race:2")))  # type: ignore[no-any-return]


async def in_database(url: str, change: Callable[[Any], Any]) -> Any:
    database = Database(url)
    try:
        return await database.run(change)
    finally:
        await database.close()


async def test_what_is_right_is_said_to_be(database_url: str, tmp_path: Path) -> None:
    async with service(database_url, tmp_path) as client:
        empty = await rebuilt(client, verify=True)
        assert (empty.matches, empty.total_differences) == (0, 0)
        await call(client.record, ALL)
        await boards(client)
        found = await rebuilt(client, verify=True)
        assert (found.folded_matches, found.ladders, found.players) == (160, 3, 5 + 2 + 3)
        assert list(found.differences) == []
    async with service(database_url, tmp_path) as client:  # from the snapshot
        assert list((await rebuilt(client, verify=True)).differences) == []
        before, points = await boards(client), await history(client)
        assert list((await rebuilt(client, verify=False)).differences) == []
        assert await boards(client) == before
        assert await history(client) == points
        assert list((await rebuilt(client, verify=True)).differences) == []
        await call(client.record, [on_the_wire(match("new", ("race:2", "race:3"), 1.0))])
        assert len(await history(client)) == len(points) + 1
    async with service(database_url, tmp_path) as client:
        assert len(await history(client)) == len(points) + 1
        assert list((await rebuilt(client, verify=True)).differences) == []


async def test_what_was_spoiled_is_found_and_put_right(database_url: str, tmp_path: Path) -> None:
    async with service(database_url, tmp_path) as client:
        await call(client.record, ALL)
        right, points = await boards(client), await history(client)

    def spoil(session: Any) -> None:
        ladder = tables.ladders.c.ladder
        session.execute(update(tables.ladders).where(ladder == "maze").values(matches=31))
        session.execute(delete(tables.ladders).where(ladder == "brawl"))
        session.execute(delete(tables.pairs).where(tables.pairs.c.ladder == "brawl"))
        one = tables.histories.c
        of_two = (one.ladder == "race") & (one.player == 1)
        body = session.scalar(select(one.body).where(of_two).limit(1))
        session.execute(
            update(tables.histories).where(of_two).values(body=body[:9] + b"?" + body[10:])
        )

    await in_database(database_url, spoil)
    async with service(database_url, tmp_path) as client:
        found = await rebuilt(client, verify=True)
        told = {(one.ladder, one.field, one.stored): one for one in found.differences}
        spoiled = told["maze", "matches", True]
        assert (spoiled.found, spoiled.refolded) == (31, 30)
        assert told["maze", "matches", False].found == 31
        assert told["brawl", "matches", True].refolded == 10
        assert ("race", "history", True) in told
        assert found.total_differences == len(found.differences)
        assert await boards(client) != right
        again = await rebuilt(client, verify=False)
        assert again.total_differences == found.total_differences
        assert await boards(client) == right
        assert await history(client) == points
        assert list((await rebuilt(client, verify=True)).differences) == []
    async with service(database_url, tmp_path) as client:
        assert await boards(client) == right
        assert list((await rebuilt(client, verify=True)).differences) == []


async def test_results_that_come_meanwhile_count_once(database_url: str, tmp_path: Path) -> None:
    more = [
        on_the_wire(match(f"m{n}/x", ("race:1", f"race:{2 + n % 3}"), 1.0, 0.0)) for n in range(400)
    ]
    async with service(database_url, tmp_path) as client:
        await call(client.record, ALL)

        def pour() -> None:
            for start in range(0, len(more), 20):
                client.record(more[start : start + 20])

        pouring = asyncio.create_task(asyncio.to_thread(pour))
        while not pouring.done():
            assert list((await rebuilt(client, verify=False)).differences) == []
        await pouring
        board = await call(client.leaderboard, "race")
        assert board.matches == board.fitted_matches == 120 + 400
        assert list((await rebuilt(client, verify=True)).differences) == []
    async with service(database_url, tmp_path) as client:
        assert (await call(client.leaderboard, "race")).matches == 520
        assert list((await rebuilt(client, verify=True)).differences) == []


async def test_one_at_a_time_and_whoever_hangs_up_ends_it(tmp_path: Path) -> None:
    async with service(f"sqlite:///{tmp_path / 'elo.sqlite'}", tmp_path) as client:
        await call(client.record, ALL)
        await boards(client)
        # Each has the loop while it reads; of several at once one is taken and the others refused.
        ends = await asyncio.gather(
            *(rebuilt(client, verify=True) for _ in range(4)), return_exceptions=True
        )
        refused = [one for one in ends if isinstance(one, ResourceExhausted)]
        assert len(refused) < 4
        assert all("being rebuilt by another call" in str(one) for one in refused)
        reports = client.rebuild_ratings()
        await call(reports.close)
        assert list((await verified_at_last(client)).differences) == []


async def test_what_an_earlier_version_stored_is_completed(
    database_url: str, tmp_path: Path
) -> None:
    async with service(database_url, tmp_path) as client:
        await call(client.record, ALL)
        right = await boards(client)

    database = Database(database_url)
    snapshot = await SqlProjections(database).load()
    await database.close()

    def as_before(session: Any) -> None:
        for state in snapshot.ladders:
            body = columns.records(state._replace(skills=None))
            mine = tables.ladders.c.ladder == state.name
            session.execute(update(tables.ladders).where(mine).values(body=body))

    await in_database(database_url, as_before)
    async with service(database_url, tmp_path) as client:
        told: list[Unavailable] = []
        async with asyncio.timeout(60):
            while (found := await boards_or_none(client, told)) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # nobody tells when it is made
        assert found == right
        assert all("is being made from the log" in str(one) for one in told)
        assert list((await verified_at_last(client)).differences) == []
