"""A worker on another machine: an actor's process, reached by nobody, over a way that is cut."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest

from actor.rating.evaluator import Evaluator
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.experience import unroll_signature
from mazemesh.games import GameSettings, get_game
from mazemesh.v1 import replay_pb2
from mazemesh.v1.matchmaker_pb2 import LeasedMatch, LeaseMatchesResponse
from mazemesh.v1.model_pb2 import Collection, UnrollCollection
from mazemesh.wire.specs import settings_to_proto
from services.replay.bind import bind as bind_replay
from services.replay.settings import ReplaySettings
from tests.onnx_policies import Network
from tests.servers.cutting_proxy import CuttingProxy
from tests.servers.game_server import RunningGame, race, running_game
from tests.servers.model_server import RunningModel, running_model
from tests.servers.running import RunningService, eventually

SMALL = GameSettings(width=4, height=4, step_limit=8)
SPEC = get_game("solo").spec(SMALL)
LENGTH = 4
SIGNATURE = unroll_signature(LENGTH, SPEC.observation_size, SPEC.num_actions)
NOWHERE = "127.0.0.1:1"


@dataclass
class FarMesh:
    """Game, Model and Replay, each behind a way that can be cut."""

    game: RunningGame
    model: RunningModel
    replay: ReplayClient
    ways: dict[str, CuttingProxy]

    @property
    def rows(self) -> int:
        """Rows that Replay has taken."""
        (table,) = self.replay.list_tables()
        return table.inserts

    def more_rows(self) -> None:
        """Waits until some came."""
        before = self.rows
        eventually(lambda: self.rows > before, 20)


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[FarMesh]:
    with ExitStack() as stack:
        # A client that reaches the server by its machine's own socket would go round the proxy.
        game = stack.enter_context(running_game(tmp_path / "game", local_streams=False))
        model = stack.enter_context(running_model(tmp_path / "model"))
        replay = RunningService(ReplaySettings(port=0, data_dir=tmp_path / "replay"), bind_replay)
        stack.callback(replay.close)
        client = ReplayClient(replay.address)
        stack.callback(client.close)
        client.create_table(_table())
        network = Network(SPEC.observation_size, SPEC.num_actions)
        collection = Collection(
            game="solo",
            settings=settings_to_proto(SMALL),
            table="far",
            unroll=UnrollCollection(length=LENGTH),
        )
        model.client.publish(network.header("far", collection=collection), network.file())
        ways = {
            name: stack.enter_context(CuttingProxy(address))
            for name, address in (
                ("game", game.address),
                ("model", model.address),
                ("replay", replay.address),
            )
        }
        yield FarMesh(game, model, client, ways)


def _table() -> replay_pb2.Table:
    """One that takes whatever comes."""
    return replay_pb2.Table(
        name="far",
        signature=SIGNATURE.to_proto(),
        capacity=1000,
        sampler=replay_pb2.Selector(kind=replay_pb2.SELECTOR_KIND_UNIFORM),
        remover=replay_pb2.Selector(kind=replay_pb2.SELECTOR_KIND_FIFO),
        rate_limiter=replay_pb2.RateLimiter(
            min_size_to_sample=1, samples_per_insert=1.0, min_diff=-1e15, max_diff=1e15
        ),
    )


@contextmanager
def playing(mesh: FarMesh, folder: Path, *flags: str) -> Iterator[subprocess.Popen[bytes]]:
    """An actor's process; killed if it is still there."""
    addresses = {f"MAZEMESH_{name.upper()}_ADDRESS": way.address for name, way in mesh.ways.items()}
    nowhere = {f"MAZEMESH_{name}_ADDRESS": NOWHERE for name in ("MATCHMAKER", "ELO")}
    command = [sys.executable, "-m", "actor", "play", "--policy", "far", "--games", "4", *flags]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--log-format", "json", "--data-dir", str(folder)],
            stderr=log,
            env={**os.environ, **addresses, **nowhere},
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def told(folder: Path, event: str) -> list[dict[str, Any]]:
    """Lines of the actor's log with this event."""
    lines = map(json.loads, (folder / "log").read_bytes().splitlines())
    return [line for line in lines if line["event"] == event]


def test_nothing_listens_and_a_cut_is_survived_on_the_same_sessions(
    mesh: FarMesh, tmp_path: Path
) -> None:
    with playing(mesh, tmp_path) as process:
        mesh.more_rows()
        kinds = psutil.Process(process.pid).net_connections("inet")
        assert [one for one in kinds if one.status == psutil.CONN_LISTEN] == []
        (before,) = mesh.game.client.list_active()
        for way in mesh.ways.values():
            way.cut()
        # It was asked for again and again. Without games there are no rows, so nobody asks Replay.
        eventually(lambda: mesh.ways["game"].refused >= 2, 60)
        for way in mesh.ways.values():
            way.mend()
        mesh.more_rows()
        # The board that is listed begins its next episode at step 0.
        eventually(lambda: next(iter(mesh.game.client.list_active())).step != before.step, 30)
        (after,) = mesh.game.client.list_active()
        assert after.create_time == before.create_time
        assert told(tmp_path, "games lost; opening new ones") == []
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_cut_beyond_the_limit_begins_new_games(mesh: FarMesh, tmp_path: Path) -> None:
    with playing(mesh, tmp_path, "--reconnect-seconds", "0.1"):
        mesh.more_rows()
        mesh.ways["game"].cut()
        eventually(lambda: bool(told(tmp_path, "games lost; opening new ones")), 30)
        mesh.ways["game"].mend()
        mesh.more_rows()


def test_who_is_told_to_stop_writes_its_rows_and_leaves_no_session(
    mesh: FarMesh, tmp_path: Path
) -> None:
    with playing(mesh, tmp_path, "--drain-seconds", "20") as process:
        mesh.more_rows()
        mesh.ways["replay"].cut()
        eventually(lambda: mesh.ways["replay"].refused >= 2, 30)
        process.send_signal(signal.SIGTERM)
        mesh.ways["replay"].mend()
        assert process.wait(20) == 0
        (last,) = told(tmp_path, "rows written when stopping")
        assert mesh.rows == last["all_rows"]
        assert told(tmp_path, "rows were not written, as the time to stop is over") == []
        assert list(mesh.game.client.list_active()) == []


def test_rows_that_find_no_way_in_time_are_given_up_aloud(mesh: FarMesh, tmp_path: Path) -> None:
    with playing(mesh, tmp_path, "--drain-seconds", "0.2") as process:
        mesh.more_rows()
        mesh.ways["replay"].cut()
        eventually(lambda: mesh.ways["replay"].refused >= 2, 30)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert told(tmp_path, "rows were not written, as the time to stop is over")


class Leases:
    """A Matchmaker that hears what becomes of its matches."""

    def __init__(self, matches: Sequence[LeasedMatch]) -> None:
        self._matches = list(matches)
        self.ended: dict[str, str] = {}

    def lease(self, worker_id: str, max_matches: int, game: str = "") -> LeaseMatchesResponse:
        return LeaseMatchesResponse(matches=self._matches)

    def complete(self, match_id: str, fence: int, worker_id: str, failure: str = "") -> None:
        self.ended[match_id] = failure


def test_an_evaluator_that_stops_gives_its_leases_back(tmp_path: Path) -> None:
    race_spec = get_game("race").spec(SMALL)
    network = Network(race_spec.observation_size, race_spec.num_actions)
    stop = threading.Event()
    with running_game(tmp_path / "game") as game, running_model(tmp_path / "model") as model:
        for _ in range(2):
            model.client.publish(network.header("race"), network.file())
        setups = [
            race(f"m{limit}", settings=settings_to_proto(GameSettings(4, 4, step_limit=limit)))
            for limit in (7, 8)
        ]
        created = game.client.create(setups)
        matches = [
            LeasedMatch(match_id=setup.match_id, setup=setup, created=one, temperature=1.0)
            for setup, one in zip(setups, created, strict=True)
        ]
        leases = Leases(matches)
        metrics: Any = SimpleNamespace(
            agent_steps=SimpleNamespace(inc=lambda moves: stop.set()),
            matches=SimpleNamespace(labels=lambda result: SimpleNamespace(inc=lambda count: None)),
        )
        Evaluator(
            "w",
            leases,
            model.client,
            game.client,
            metrics,
            stop,
            max_matches=2,
            probe_games=0,
            policy="",
            rng=np.random.default_rng(0),
        ).run()
        assert leases.ended == {"m7": "the evaluator stops", "m8": "the evaluator stops"}
        eventually(lambda: game.metric("sessions") == 0)
