"""Two Elo processes on one PostgreSQL: one fits, both answer, and either may be lost."""

import asyncio
import signal
import threading
import urllib.request
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg import sql

from mazemesh.client.elo import EloClient
from mazemesh.v1 import elo_pb2
from services._harness.sql.database import Database
from services.elo.models.bradley_terry import fit
from services.elo.standings.boards import Boards
from services.elo.standings.folding.ladder import Ladder
from services.elo.standings.standings import Standings, standings
from services.elo.stores.sql_log import SqlResultLog
from tests.contract.conftest import postgresql_process as postgresql_process
from tests.contract.conftest import postgresql_server as postgresql_server
from tests.servers.elo_results import on_the_wire
from tests.servers.processes import ServiceProcess, service_process
from tests.unit.elo.played import TRUTH, match, simulated

RECORDED, DUPLICATE = elo_pb2.RECORD_STATUS_RECORDED, elo_pb2.RECORD_STATUS_DUPLICATE
CONVERGED_SECONDS = 30.0
"""On a machine that others use too; by itself it takes two."""

MATCHES = [
    *simulated(np.random.default_rng(1), TRUTH, 400, correlation=0.5),
    *(match(f"t{n}", ("race:1", "race:2", "race:3"), (1.0, 0.5, 0.0)) for n in range(20)),
]
RESULTS = [on_the_wire(one) for one in MATCHES]


class Instance:
    """An Elo process and a client of it."""

    def __init__(self, service: ServiceProcess) -> None:
        self.service = service
        self.client = EloClient(service.address)

    def fits(self) -> bool:
        port = self.service.lines[-1]["metrics_port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            return "mazemesh_elo_fits 1.0" in answer.read().decode()

    def board(self) -> elo_pb2.GetLeaderboardResponse:
        return self.client.leaderboard("race", page_size=100)


class Mesh:
    """Instances on one database."""

    def __init__(self, database_url: str, stack: AsyncExitStack, folder: str) -> None:
        self.database_url = database_url
        self._stack, self._folder = stack, folder

    async def start(self) -> Instance:
        arguments = ("--port", "0", "--metrics-port", "0", "--data-dir", self._folder)
        environment = {"MAZEMESH_DATABASE_URL": self.database_url}
        process = service_process("services.elo", *arguments, environment=environment)
        instance = Instance(await self._stack.enter_async_context(process))
        self._stack.callback(instance.client.close)
        return instance

    async def refolded(self) -> tuple[Ladder, Standings]:
        """The ladder and its standings, from the log alone."""
        database = Database(self.database_url)
        boards = Boards(SqlResultLog(database))
        await boards.catch_up()
        await database.close()
        board = boards.get("race")
        assert board is not None
        ladder, problem = board.ladder, board.ladder.problem()
        told = standings(
            fit(problem), problem, ladder.players.names, ladder.high_water, ladder.matches
        )
        return ladder, told


@pytest.fixture
async def mesh(postgresql_server: str, tmp_path_factory: Any) -> AsyncIterator[Mesh]:
    schema = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    url = f"{postgresql_server}&options=-csearch_path%3D{schema}"
    async with AsyncExitStack() as stack:
        yield Mesh(url, stack, str(tmp_path_factory.mktemp("elo")))


async def eventually(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(CONVERGED_SECONDS):
        while not await asyncio.to_thread(true):  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # other processes tell nothing of themselves


def fitted(instance: Instance, matches: int) -> bool:
    board = instance.board()
    return board.matches == board.fitted_matches == matches


async def check_refolded(mesh: Mesh, *boards: elo_pb2.GetLeaderboardResponse) -> None:
    """The same bits everywhere, and in a ladder folded from the log alone."""
    ladder, told = await mesh.refolded()
    for board in boards:
        assert [player.player for player in board.players] == [
            told.names[index] for index in told.order
        ]
        for player in board.players:
            index = ladder.index(player.player)
            assert index is not None
            record = ladder.players[index]
            assert player.rating == told.ratings[index]
            assert (player.low, player.high) == (told.low[index], told.high[index])
            assert player.rank == told.ranks[index]
            assert player.online_rating == record.online_rating
            assert (player.matches, player.wins) == (record.matches, record.wins)


def histories(instance: Instance) -> list[tuple[str, float]]:
    return [
        (point.match_id, point.online_rating) for point in instance.client.history("race", "race:2")
    ]


async def test_what_either_records_both_tell(mesh: Mesh) -> None:
    one, other = await mesh.start(), await mesh.start()
    assert [one.fits(), other.fits()] == [True, False]
    call = asyncio.to_thread
    assert await call(one.client.record, RESULTS[:200]) == [RECORDED] * 200
    assert await call(other.client.record, RESULTS[150:]) == [DUPLICATE] * 50 + [RECORDED] * 220
    await eventually(lambda: fitted(one, 420) and fitted(other, 420))
    await check_refolded(mesh, one.board(), other.board())
    assert one.board() == other.board()  # with how likely each is better than the next
    assert one.board().players[1].HasField("superiority_of_above")
    mine = [one.match_id for one in MATCHES if "race:2" in one.participants]
    for instance in (one, other):
        await eventually(lambda instance=instance: len(histories(instance)) == len(mine))  # type: ignore[misc]
    assert await call(histories, one) == await call(histories, other)
    assert [match_id for match_id, _ in await call(histories, one)] == mine
    head = await call(one.client.head_to_head, "race", sorted(TRUTH))
    assert head == await call(other.client.head_to_head, "race", sorted(TRUTH))


async def test_the_one_that_fits_is_killed_under_load(mesh: Mesh) -> None:
    one, other = await mesh.start(), await mesh.start()
    statuses: list[int] = []
    lock, flowing = threading.Lock(), threading.Event()

    def pour(order: Sequence[int], instance: Instance) -> None:
        for start in range(0, len(order), 7):
            batch = [RESULTS[index] for index in order[start : start + 7]]
            try:
                found = instance.client.record(batch)
            except Exception:  # lost on the way: whoever is left is told again, as Game does
                instance = other
                found = instance.client.record(batch)
            with lock:
                statuses.extend(found)
                if len(statuses) > 300:
                    flowing.set()

    orders = [np.random.default_rng(seed).permutation(len(RESULTS)).tolist() for seed in range(4)]
    writers = [
        asyncio.create_task(asyncio.to_thread(pour, order, (one, other)[number % 2]))
        for number, order in enumerate(orders)
    ]
    await asyncio.to_thread(flowing.wait, 60)
    one.service.send(signal.SIGKILL)
    await asyncio.gather(*writers)
    assert set(statuses) <= {RECORDED, DUPLICATE}
    assert len(statuses) == 4 * len(RESULTS)
    # What the killed one committed and did not answer was a duplicate when told again.
    assert statuses.count(RECORDED) <= len(RESULTS)
    await eventually(other.fits)
    await eventually(lambda: fitted(other, len(RESULTS)))
    third = await mesh.start()  # from the snapshot, points and standings that are there
    assert not third.fits()
    await eventually(lambda: fitted(third, len(RESULTS)))
    await check_refolded(mesh, other.board(), third.board())
    points = await asyncio.to_thread(histories, other)
    assert points == await asyncio.to_thread(histories, third)
    assert len(points) == sum("race:2" in one.participants for one in MATCHES)
    assert len({match_id for match_id, _ in points}) == len(points)


async def test_one_that_stops_hands_over_at_once(mesh: Mesh) -> None:
    one, other = await mesh.start(), await mesh.start()
    await asyncio.to_thread(one.client.record, RESULTS[:100])
    one.service.send(signal.SIGTERM)
    assert await one.service.ended() == 0
    await eventually(other.fits)
    await asyncio.to_thread(other.client.record, RESULTS[100:200])
    await eventually(lambda: fitted(other, 200))
    await check_refolded(mesh, other.board())


async def test_either_rebuilds_and_both_tell_the_same(mesh: Mesh) -> None:
    one, other = await mesh.start(), await mesh.start()
    await asyncio.to_thread(one.client.record, RESULTS)
    await eventually(lambda: fitted(one, 420) and fitted(other, 420))
    points = await asyncio.to_thread(histories, one)

    def rebuilt(instance: Instance, *, verify: bool) -> elo_pb2.RebuildRatingsResponse:
        return list(instance.client.rebuild_ratings(verify_only=verify))[-1]

    for instance in (one, other):
        found = await asyncio.to_thread(rebuilt, instance, verify=True)
        assert (found.folded_matches, list(found.differences)) == (420, [])
    assert (await asyncio.to_thread(rebuilt, other, verify=False)).replaced
    await eventually(other.fits)  # who rebuilds is who writes, and the other one gives way
    await eventually(lambda: not one.fits())
    assert await asyncio.to_thread(one.client.record, RESULTS[:9]) == [DUPLICATE] * 9
    more = on_the_wire(match("after", ("race:1", "race:2"), 1.0))
    assert await asyncio.to_thread(one.client.record, [more]) == [RECORDED]
    await eventually(lambda: fitted(one, 421) and fitted(other, 421))
    await check_refolded(mesh, one.board(), other.board())
    for instance in (one, other):
        await eventually(lambda instance=instance: len(histories(instance)) == len(points) + 1)  # type: ignore[misc]
        found = await asyncio.to_thread(rebuilt, instance, verify=True)
        assert list(found.differences) == []
