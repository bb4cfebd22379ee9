"""Results that come twice, out of order and changed, while Elo is killed again and again.

Whatever was acknowledged stands in the log, once; what stands there is what was said of it; and the
ratings are those of a service that took the same log in peace.
"""

import asyncio
import signal
import threading
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg import sql

from mazemesh.client.elo import EloClient
from mazemesh.v1 import elo_pb2
from services._harness import serve
from services.elo.bind import bind
from tests.contract.conftest import postgresql_process as postgresql_process
from tests.contract.conftest import postgresql_server as postgresql_server
from tests.servers.elo_results import on_the_wire, settings_in
from tests.servers.processes import ServiceProcess, service_process
from tests.unit.elo.played import TRUTH, match, simulated

RECORDED, DUPLICATE, CONFLICT = 1, 2, 3
SECONDS = 90.0
WRITERS, KILLS, AT_ONCE = 4, 2, 5

RESULTS = [
    on_the_wire(one)
    for one in (
        *simulated(np.random.default_rng(7), TRUTH, 380, correlation=0.5),
        *(match(f"t{n}", ("race:1", "race:2", "race:3"), (1.0, 0.5, 0.0)) for n in range(20)),
    )
]
LADDER = "race"


def other(result: elo_pb2.MatchResult) -> elo_pb2.MatchResult:
    """Another result under the same id, as a forger or a fault would send it."""
    changed = elo_pb2.MatchResult.FromString(result.SerializeToString())
    scores = changed.games[0].scores
    scores[:] = list(reversed(scores)) if len(set(scores)) > 1 else [1.0, 0.0]
    return changed


class Storm:
    """Writers, and whom they write to; that changes whenever it was killed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._client: EloClient | None = None
        self._number = 0
        self.told: list[tuple[elo_pb2.MatchResult, int]] = []
        self.failures = 0

    def reach(self, client: EloClient) -> None:
        """From now on results go there."""
        with self._changed:
            self._client, self._number = client, self._number + 1
            self._changed.notify_all()

    def pour(self, seed: int) -> None:
        """Sends everything in an order of its own, some changed, some twice, until it is taken."""
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(RESULTS)).tolist()
        number = 0
        for start in range(0, len(order), AT_ONCE):
            batch = [RESULTS[index] for index in order[start : start + AT_ONCE]]
            batch += [other(one) if rng.random() < 0.3 else one for one in batch[:2]]
            rng.shuffle(batch)  # type: ignore[arg-type]
            while (statuses := self._try(batch, number)) is None:
                number = self._next(number)
            with self._changed:
                self.told += zip(batch, statuses, strict=True)
                self._changed.notify_all()

    def wait(self, told: int) -> None:
        """Until so many statuses were told."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.told) >= told, SECONDS)

    def _try(self, batch: Sequence[elo_pb2.MatchResult], number: int) -> list[int] | None:
        with self._changed:
            client = self._client
        assert client is not None
        request = elo_pb2.RecordResultsRequest(results=batch)
        try:  # straight through the stub: the client would try again by itself
            return list(client._stub.RecordResults(request, timeout=30).statuses)
        except Exception:  # lost on the way, perhaps recorded
            with self._changed:
                self.failures += 1
            return None

    def _next(self, number: int) -> int:
        with self._changed:
            assert self._changed.wait_for(lambda: self._number > number, SECONDS)
            return self._number


@pytest.fixture(params=["sqlite", "postgresql"])
async def environment(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    """Arguments and environment of an Elo process on a database of the test's own."""
    arguments = ("--port", "0", "--metrics-port", "0", "--data-dir", str(tmp_path / "elo"))
    arguments = (*arguments, "--refit-seconds", "0.05")
    if request.param == "sqlite":
        yield arguments, {}
        return
    server: str = request.getfixturevalue("postgresql_server")
    schema = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    yield arguments, {"MAZEMESH_DATABASE_URL": f"{server}&options=-csearch_path%3D{schema}"}


async def test_a_storm_counts_every_match_once_and_rates_as_in_peace(
    environment: Any, tmp_path: Path
) -> None:
    arguments, variables = environment

    def process() -> Any:
        return service_process("services.elo", *arguments, environment=variables)

    storm, call = Storm(), asyncio.to_thread
    writers: list[asyncio.Task[None]] = []
    each = WRITERS * len(RESULTS) // (KILLS + 1)
    for killed in range(KILLS):
        async with process() as service:
            client = EloClient(service.address)
            storm.reach(client)
            if not writers:
                writers = [asyncio.create_task(call(storm.pour, n)) for n in range(WRITERS)]
            await call(storm.wait, each * (killed + 1))
            await kill(service)
            client.close()
    async with process() as service:
        client = EloClient(service.address)
        storm.reach(client)
        await asyncio.wait_for(asyncio.gather(*writers), SECONDS)
        await fitted(client)
        board = await call(client.leaderboard, LADDER, page_size=100)
        log = await call(lambda: list(client.result_log()))
        history = await call(lambda: list(client.history(LADDER, "race:2")))
        matrix = await call(client.head_to_head_matrix, LADDER)
        client.close()
    check_told(storm, log)
    # In peace: the same log into a service that nobody kills, and that fits but once.
    async with serve(settings_in(tmp_path / "peace"), bind) as server:
        client = EloClient(server.address)
        assert await call(client.record, log) == [RECORDED] * len(log)
        await fitted(client)
        assert await call(client.leaderboard, LADDER, page_size=100) == board
        assert await call(lambda: list(client.history(LADDER, "race:2"))) == history
        again = await call(client.head_to_head_matrix, LADDER)
        np.testing.assert_array_equal(again.games, matrix.games)
        np.testing.assert_array_equal(again.superiorities, matrix.superiorities)
        client.close()


async def kill(service: ServiceProcess) -> None:
    service.send(signal.SIGKILL)
    assert await service.ended() == -signal.SIGKILL


async def fitted(client: EloClient) -> None:
    """Waits until the fit has seen every match."""

    def watch() -> None:
        for board in client.watch_leaderboard(LADDER, 1):
            if board.matches == board.fitted_matches == len(RESULTS):
                return

    await asyncio.wait_for(asyncio.to_thread(watch), SECONDS)


def check_told(storm: Storm, log: list[elo_pb2.MatchResult]) -> None:
    """The log has each id once, and what was told of every result is so."""
    assert storm.failures
    assert Counter(one.match_id for one in log) == Counter(one.match_id for one in RESULTS)
    stands = {one.match_id: one for one in log}
    recorded: Counter[str] = Counter()
    statuses: Counter[int] = Counter()
    for result, status in storm.told:
        statuses[status] += 1
        same = stands[result.match_id] == result
        assert same == (status != CONFLICT), (result.match_id, status)
        recorded[result.match_id] += status == RECORDED
    # Not told of some that a killed one had recorded: they were duplicates the next time.
    assert max(recorded.values()) == 1
    assert set(statuses) == {RECORDED, DUPLICATE, CONFLICT}
