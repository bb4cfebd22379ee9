"""Connections that end by their age: whoever calls, streams or writes notices nothing."""

import threading
from pathlib import Path

import grpc
import numpy as np

from mazemesh.client.replay import tables
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.games import GameSettings
from mazemesh.wire.tensors import Signature
from services.replay.bind import bind as bind_replay
from services.replay.settings import ReplaySettings
from tests.servers.game_server import running_game
from tests.servers.model_policies import publish
from tests.servers.model_server import running_model
from tests.servers.running import RunningService, eventually

AGE = 0.2
SIGNATURE = Signature.of(value=("int64", ()))


class Reconnections:
    """How often a channel has had to connect."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.count = 0
        self._ready = True
        channel.subscribe(self._changed)

    def _changed(self, state: grpc.ChannelConnectivity) -> None:
        ready = state is grpc.ChannelConnectivity.READY
        self.count += ready and not self._ready
        self._ready = ready


def test_a_session_of_games_goes_on_with_its_stream(tmp_path: Path) -> None:
    with running_game(tmp_path, max_connection_age_seconds=AGE, local_streams=False) as game:
        anew = Reconnections(game.client.channel)
        with game.client.open_session("race", GameSettings(width=4, height=4), 2, 3) as session:
            stream, steps = session._stream, 0
            while anew.count < 3:
                session.send(np.zeros((2, 2), np.int8))
                steps += 1
                assert session.receive().sequence == steps
                game.client.list_games()  # goes over a new connection once the old one is old
            assert session._stream is stream


def test_a_watch_stands_and_hears_of_what_comes_later(tmp_path: Path) -> None:
    with running_model(tmp_path, max_connection_age_seconds=AGE) as model:
        anew, heard, stands = Reconnections(model.client.channel), [], threading.Event()

        def watch() -> None:
            for event in model.client.watch():
                stands.set()
                if event.HasField("policy"):
                    heard.append(event.policy.version)
                    return

        watching = threading.Thread(target=watch)
        watching.start()
        assert stands.wait(20)
        eventually(lambda: bool(list(model.client.list())) or anew.count >= 2)
        publish(model.client)
        watching.join(20)
        assert heard == [1]


def test_what_a_writer_writes_comes_once(tmp_path: Path) -> None:
    settings = ReplaySettings(port=0, data_dir=tmp_path, max_connection_age_seconds=AGE)
    replay = RunningService(settings, bind_replay)
    client = ReplayClient(replay.address)
    try:
        client.create_table(tables.queue("q", SIGNATURE, 1_000_000))
        anew, appended = Reconnections(client.channel), 0
        with client.writer("q", SIGNATURE) as writer:
            while anew.count < 3:
                writer.append({"value": np.full(1, appended)})
                appended += 1
        (table,) = client.list_tables()
        assert table.inserts == appended
        batch = client.sample("q", min(appended, 1000), signature=SIGNATURE, timeout=10)
        assert batch.columns["value"].tolist() == list(range(min(appended, 1000)))
    finally:
        client.close()
        replay.close()
