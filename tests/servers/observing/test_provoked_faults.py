"""The rest of what alerts are for: processes that die, calls that fail, disks that fill, who waits.

Real processes and services show it on their pages; where an alert waits for longer than a test, the
page is one on which time has passed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import grpc
import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from actor.metrics import EvaluatorMetrics
from actor.rating.evaluator import Evaluator
from mazemesh.client.game.game import GameClient
from mazemesh.process.metrics import create_registry
from mazemesh.process.ports import free_block
from mazemesh.v1 import matchmaker_pb2
from mazemesh.v1.matchmaker_pb2 import LeasedMatch, LeaseMatchesResponse
from mazemesh.v1.matchmaker_pb2_grpc import MatchmakerServiceStub
from services._harness.access.audit.log import AuditLog
from services._harness.sql.database import Database
from services._harness.state_metrics import ServerState
from services.elo.bind import bind as bind_elo
from services.elo.settings import EloSettings
from services.matchmaker.bind import bind as bind_matchmaker
from services.matchmaker.settings import MatchmakerSettings
from services.replay.bind import bind as bind_replay
from services.replay.settings import ReplaySettings
from tests.full_disk import no_file_longer_than
from tests.s3_server import s3_server
from tests.servers.game_server import race
from tests.servers.matchmaker_world import world_with_one_snapshot
from tests.servers.model_server import running_model
from tests.servers.observing.promtool import Series, alerts, changed, fires, fires_through, page
from tests.servers.running import RunningService, eventually

NOBODY = "127.0.0.1:1"
UP = 'up{instance="here",job="mazemesh-test"}'


def scraped(port: int) -> Series:
    """What Prometheus adds when it asks for a page."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            return {UP: float(answer.status == 200)}
    except URLError:
        return {UP: 0.0}


def test_an_instance_that_does_not_answer(tmp_path: Path) -> None:
    port = free_block(1).start
    elo = RunningService(EloSettings(data_dir=tmp_path, port=0, metrics_port=port), bind_elo)
    there = scraped(port)
    elo.close()
    gone = scraped(port)
    assert not fires(tmp_path, "MazemeshInstanceDown", 20, there, there)
    assert fires(tmp_path, "MazemeshInstanceDown", 20, there, gone)


STARTED = """
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
registry = CollectorRegistry()
ProcessCollector(registry=registry)
print(generate_latest(registry).decode(), end="")
"""


def started_anew() -> Series:
    """The page of a process that has just been started."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", STARTED],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    (start,) = [
        sample.value
        for family in text_string_to_metric_families(done.stdout)
        for sample in family.samples
        if sample.name == "process_start_time_seconds"
    ]
    return {f"process_start_time_seconds{UP.removeprefix('up')}": start}


def test_a_process_that_dies_again_and_again(tmp_path: Path) -> None:
    lives = [started_anew() for _ in range(5)]
    name = "MazemeshRestarts"
    assert not fires_through(tmp_path, name, [(3, lives[0]), (3, lives[1])])
    assert fires_through(tmp_path, name, [(2, life) for life in lives])


def test_calls_that_fail_since_another_service_is_away(tmp_path: Path) -> None:
    settings = MatchmakerSettings(
        data_dir=tmp_path,
        port=0,
        game_address=NOBODY,
        model_address=NOBODY,
        elo_address=NOBODY,
    )
    matchmaker = RunningService(settings, bind_matchmaker)
    before = page(matchmaker.registry)
    with grpc.insecure_channel(matchmaker.address) as channel:
        request = matchmaker_pb2.LeaseMatchesRequest(worker_id="w", max_matches=1)
        with pytest.raises(grpc.RpcError) as refused:
            MatchmakerServiceStub(channel).LeaseMatches(request, timeout=60)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE

    def counted(values: Series) -> list[str]:
        name = "grpc_server_handled_total"
        return [one for one in values if one.startswith(name) and "UNAVAILABLE" in one]

    eventually(lambda: bool(counted(page(matchmaker.registry))))  # after the caller was told
    after = page(matchmaker.registry)
    failed = counted(after)
    matchmaker.close()
    # Nobody else calls it meanwhile: one of one call fails, minute by minute.
    each_minute = [
        (1, {**after, **{one: after[one] + minute for one in failed}}) for minute in range(20)
    ]
    assert not fires(tmp_path, "MazemeshCallsFail", 20, before, before)
    assert fires_through(tmp_path, "MazemeshCallsFail", each_minute)


async def test_a_database_whose_connections_are_all_in_use(tmp_path: Path) -> None:
    import asyncio

    registry = CollectorRegistry()
    state = ServerState(registry)
    database = Database(f"sqlite:///{tmp_path / 'full.sqlite'}")
    state.database = database.usage
    idle = page(registry)
    begun, go_on = threading.Event(), threading.Event()

    def hold(session: object) -> None:
        begun.set()
        assert go_on.wait(20)

    first = asyncio.create_task(database.run(hold))
    await asyncio.to_thread(begun.wait, 20)
    others = [asyncio.create_task(database.run(lambda session: None)) for _ in range(2)]
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(first, *others)
    await database.close()
    full = page(registry)
    busy, wait = "mazemesh_database_busy_seconds_total", "mazemesh_database_wait_seconds_total"
    assert one_of(full, busy) > one_of(idle, busy)
    assert one_of(full, wait) > one_of(idle, wait)
    # As long as two wait for the one that holds the connection, so much is added each minute.
    held = [
        (1, changed(changed(full, busy, 60.0 * minute), wait, 120.0 * minute))
        for minute in range(1, 25)
    ]
    assert not fires(tmp_path, "MazemeshDatabaseFull", 20, idle, idle)
    assert fires_through(tmp_path, "MazemeshDatabaseFull", held)


def one_of(values: Series, name: str) -> float:
    (value,) = [value for series, value in values.items() if series.startswith(f"{name}{{")]
    return value


def test_a_disk_that_fills(tmp_path: Path) -> None:
    shown = page(create_registry(EloSettings(data_dir=tmp_path, port=0)))
    size, free = "mazemesh_data_disk_bytes", "mazemesh_data_disk_free_bytes"
    assert 0 < one_of(shown, free) <= one_of(shown, size)
    whole = changed(shown, size, 100.0)
    # Two percent in half an hour, from 50 on: full in a few hours.
    filling = [(30, changed(whole, free, 50.0 - 2 * step)) for step in range(15)]
    resting = [(30, changed(whole, free, 22.0)) for _ in range(15)]
    assert not fires_through(tmp_path, "MazemeshDiskFills", resting)
    assert fires_through(tmp_path, "MazemeshDiskFills", filling)


def test_an_audit_log_that_cannot_be_written(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    audit = AuditLog(tmp_path / "audit", "elo", lambda: 0.0)
    ServerState(registry).audit_lost = lambda: audit.lost
    audit.note(method="SetAlias", key="abc")
    before = page(registry)
    with no_file_longer_than(100):
        audit.note(method="SetAlias", key="abc")
    after = page(registry)
    audit.close()
    assert not fires(tmp_path, "MazemeshAuditLost", 10, before, before)
    assert fires(tmp_path, "MazemeshAuditLost", 10, before, after)


def test_experience_that_is_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server() as s3:
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
        settings = ReplaySettings(
            data_dir=tmp_path, port=0, blobs_url=f"s3://{s3.bucket()}", copy_seconds=0.05
        )
        replay = RunningService(settings, bind_replay)
        eventually(lambda: "mazemesh_replay_copy_age_seconds" in "".join(page(replay.registry)))
        copied = page(replay.registry)
        s3.refusals = 1_000_000
        refused = len(s3.calls)
        eventually(lambda: len(s3.calls) > refused)
        name = "mazemesh_replay_copy_age_seconds"
        eventually(lambda: one_of(page(replay.registry), name) > one_of(copied, name))
        late = changed(page(replay.registry), name, 301.0)
        s3.refusals = 0
        replay.close()
    assert not fires(tmp_path, "MazemeshExperienceNotCopied", 15, copied, copied)
    assert fires(tmp_path, "MazemeshExperienceNotCopied", 15, copied, late)


class Leases:
    """A Matchmaker that has one match, over and over, for so many leases."""

    def __init__(self, times: int, stop: threading.Event) -> None:
        self._times, self._stop = times, stop

    def lease(self, worker_id: str, max_matches: int, game: str = "") -> LeaseMatchesResponse:
        self._times -= 1
        if self._times <= 0:
            self._stop.set()
        setup = race(f"m{self._times}")
        match = LeasedMatch(match_id=setup.match_id, setup=setup, temperature=1.0)
        for rotation in range(2):
            match.created.games.add(
                game_id=f"{setup.match_id}/{rotation}",
                rotation=rotation,
                seat_tokens=["a", "b"],
                seat_participants=[rotation, 1 - rotation],
            )
        return LeaseMatchesResponse(matches=[match])

    def complete(self, match_id: str, fence: int, worker_id: str, failure: str = "") -> None:
        pass


def test_matches_that_are_not_played_to_their_end(tmp_path: Path) -> None:
    registry, stop = CollectorRegistry(), threading.Event()
    metrics = EvaluatorMetrics(registry)
    before = page(registry)
    game = GameClient(NOBODY, reconnect_seconds=0.1)
    with running_model(tmp_path) as model:
        Evaluator(
            "w",
            Leases(3, stop),
            model.client,
            game,
            metrics,
            stop,
            max_matches=1,
            probe_games=0,
            policy="",
            rng=np.random.default_rng(0),
        ).run()
    game.close()
    failed = page(registry)
    name = "mazemesh_evaluator_matches_total"
    (series,) = [one for one in failed if one.startswith(name) and '"failed"' in one]
    assert failed[series] > before[series]
    each_minute = [(1, {**failed, series: failed[series] + minute}) for minute in range(40)]
    assert not fires(tmp_path, "MazemeshMatchesFail", 40, before, before)
    assert fires_through(tmp_path, "MazemeshMatchesFail", each_minute)


async def test_a_player_who_waits(tmp_path: Path) -> None:
    import asyncio

    name = "mazemesh_matchmaker_longest_wait_seconds"
    async with world_with_one_snapshot(tmp_path).serve() as (server, client):
        nobody = page(server.registry)
        news = client.find("player/alone", "race", max_wait=60.0)
        first = await asyncio.to_thread(next, news)
        assert first.HasField("queued")
        await asyncio.to_thread(eventually, lambda: one_of(page(server.registry), name) > 0)
        waits = page(server.registry)
        news.close()
    assert not fires(tmp_path, "MazemeshPlayersWait", 15, nobody, waits)
    assert fires(tmp_path, "MazemeshPlayersWait", 15, nobody, changed(waits, name, 121.0))


def test_no_alert_is_left_out() -> None:
    """Each is provoked here or beside."""
    here = Path(__file__)
    text = here.read_text() + here.with_name("test_provoked_alerts.py").read_text()
    provoked = set(re.findall(r'"(Mazemesh\w+)"', text))
    assert provoked == alerts().keys()
