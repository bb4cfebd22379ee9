"""Whatever is killed, stopped or emptied under a running cluster: nothing is lost."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from bench.cluster.standins import stand_ins
from mazemesh.client.elo import EloClient
from mazemesh.errors import NotFound
from mazemesh.sqlite_url import sqlite_url
from services._harness import serve
from services.elo.bind import bind
from services.elo.settings import EloSettings
from tests.cluster.running_cluster import INSTANCES, ORDER, Cluster, Leasing, cluster

pytestmark = [pytest.mark.timeout(600), pytest.mark.e2e]

STOPPED_SECONDS = 20.0
SLOW_DOWN_SECONDS = 8.0


def test_what_is_killed_stopped_or_emptied_loses_nothing(tmp_path: Path) -> None:
    with stand_ins() as servers:
        with cluster(tmp_path / "mesh", servers) as one:
            one.until(lambda: all(len(boards(one)[i]) > 100 for i in range(INSTANCES)))
            leasing = [
                Leasing(one.reached_by("evaluator", i), f"tester-{i}") for i in range(INSTANCES)
            ]
            for thread in leasing:
                thread.start()
            one.goes_on()
            for service in ORDER:
                one.kill(service, 0)
            one.goes_on()
            stop_a_while(one)
            servers.redis.flush()
            one.goes_on(1)
            servers.postgres.stop()
            servers.postgres.start()
            servers.redis.flush()
            one.goes_on()
            servers.s3.answer_503(SLOW_DOWN_SECONDS)
            one.goes_on()
            one.kill("replay", 1)
            one.kill("matchmaker", 1)
            one.goes_on(1)
            for thread in leasing:
                thread.end()
            leases_are_unique(leasing)
            ready_policies_have_their_files(one)
            one.until(lambda: boards(one)[0] == boards(one)[1])
            results_are_told(one)
        url = servers.postgres.url
        assert leaderboard(EloSettings(port=0, data_dir=tmp_path / "a", database_url=url)) == (
            leaderboard(
                EloSettings(port=0, data_dir=tmp_path / "b", database_url=copied(tmp_path, url))
            )
        )


def boards(one: Cluster) -> list[bytes]:
    """The leaderboard as each instance of Elo tells it."""
    return [
        client.elo.leaderboard("race").SerializeToString(deterministic=True)
        for client in one.clients
    ]


def stop_a_while(one: Cluster) -> None:
    """Some neither answer nor hang up for a while; the others take their work over."""
    with ExitStack() as stopped:
        for service, instance in (("game", 1), ("matchmaker", 1), ("elo", 0), ("model", 1)):
            stopped.enter_context(one.stopped(service, instance))
        until = time.monotonic() + STOPPED_SECONDS
        one.until(lambda: one.clients[0].model.describe("race").version > 0)
        one.until(lambda: len(one.clients[1].elo.leaderboard("race").players) > 1)
        time.sleep(max(0.0, until - time.monotonic()))
    one.goes_on()


def leases_are_unique(leasing: list[Leasing]) -> None:
    leased = [lease for thread in leasing for lease in thread.leased]
    assert leased
    assert len(set(leased)) == len(leased)


def ready_policies_have_their_files(one: Cluster) -> None:
    for client in one.clients:
        for version in client.model.list("race"):
            try:
                _, data = client.model.get(f"race:{version.version}")
            except NotFound:  # it was retired since it was listed
                left = {one.version for one in client.model.list("race")}
                assert version.version not in left
            else:
                assert data  # the client has compared its hash


def results_are_told(one: Cluster) -> None:
    """Every rated match that was finished is in the log of Elo, once."""
    rated = "SELECT match_id FROM game_finished_matches WHERE match_id NOT LIKE 'unrated/%'"
    finished = set(one.query(rated))
    assert finished
    one.until(lambda: finished <= set(one.query("SELECT match_id FROM elo_results")))
    told = one.query("SELECT match_id FROM elo_results")
    assert len(told) == len(set(told))


def copied(folder: Path, url: str) -> str:
    """A database that has the log of results, and nothing that was made of it."""
    import sqlite3

    file = folder / "refolded.sqlite"
    leaderboard(EloSettings(port=0, data_dir=folder / "c", database_url=sqlite_url(file)))
    with psycopg.connect(url) as source:
        rows = source.execute("SELECT sequence, match_id, payload FROM elo_results").fetchall()
    with sqlite3.connect(file) as target:
        target.executemany("INSERT INTO elo_results VALUES (?, ?, ?)", rows)
    target.close()
    return sqlite_url(file)


def leaderboard(settings: EloSettings) -> list[bytes]:
    """What an Elo service on a database tells of everybody."""

    async def ask() -> list[bytes]:
        async with serve(settings, bind) as server:
            return await asyncio.to_thread(rows, server.address)

    def rows(address: str) -> list[bytes]:
        client = EloClient(address)
        try:
            players = client.leaderboard("race", page_size=1000).players
            return [player.SerializeToString(deterministic=True) for player in players]
        finally:
            client.close()

    return asyncio.run(ask())
