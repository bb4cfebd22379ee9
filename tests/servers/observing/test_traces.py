"""One trace goes through all services, over real sockets, and to a collector."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import grpc
import numpy as np
import pytest

from mazemesh import tracing
from mazemesh.client.channel import open_aio_channel
from mazemesh.client.game.game import GameClient
from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.errors import NotFound
from mazemesh.evaluation.matches import play_matches
from mazemesh.games.spaces import Discrete
from mazemesh.policy.deciding import Deciding
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.policy.sampling import sample
from mazemesh.process.errors import StartError
from mazemesh.process.logging import _add_call
from mazemesh.process.traces import start_tracing
from mazemesh.v1 import elo_pb2
from mazemesh.v1.elo_pb2_grpc import EloServiceStub
from services.elo.bind import bind as bind_elo
from services.elo.settings import EloSettings
from services.game.bind import bind as bind_game
from services.game.settings import GameServiceSettings
from services.matchmaker.bind import bind as bind_matchmaker
from services.matchmaker.settings import MatchmakerSettings
from services.replay.bind import bind as bind_replay
from services.replay.settings import ReplaySettings
from tests.servers.game_server import race
from tests.servers.model_server import running_model
from tests.servers.observing.otlp import CLIENT, SERVER, Collector, Span, collector
from tests.servers.processes import service_process
from tests.servers.running import RunningService

RECORD = "mazemesh.v1.EloService/RecordResults"
RUN = "mazemesh.v1.GameService/RunGames"


class AtRandom:
    """A policy that moves at random."""

    greedy = False
    state_size = 0

    deciding = Deciding(Discrete(5))

    def seen(self, columns: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        return columns["observation"], columns["action_mask"]

    def act(
        self,
        observation: np.ndarray,
        mask: np.ndarray,
        state: object,
        *,
        rng: np.random.Generator,
        temperature: float,
    ) -> tuple[object, object]:
        logits = np.where(mask, 0.0, -1e9).astype(np.float32)
        return sample(logits, temperature, rng), state


@pytest.fixture
def collected() -> Iterator[Collector]:
    """A collector that this process sends its spans to."""
    with collector() as collected:
        start_tracing(EloSettings(traces_url=collected.url))
        yield collected
        tracing.close()


def named(spans: Sequence[Span], name: str, kind: int = SERVER) -> list[Span]:
    return [one for one in spans if one.name == name and one.kind == kind]


def ancestors(spans: Sequence[Span], span: Span) -> list[str]:
    """Names from a span up to the first of its trace."""
    by_id = {one.id: one for one in spans}
    names = [span.name]
    while span.parent:
        span = by_id[span.parent]
        names.append(span.name)
    return names


def test_from_a_step_batch_to_the_result_in_elo(tmp_path: Path, collected: Collector) -> None:
    elo = RunningService(EloSettings(data_dir=tmp_path / "elo", port=0), bind_elo)
    settings = GameServiceSettings(data_dir=tmp_path / "game", port=0, elo_address=elo.address)
    game = RunningService(settings, bind_game)
    client = GameClient(game.address)
    with tracing.span("evaluate", parent=""):
        trace = tracing.identity()["trace_id"]
        setup = race("m1")
        [created] = client.create([setup])
        play_matches(
            client,
            lambda name: cast("OnnxPolicy", AtRandom()),
            [(setup, created)],
            temperature=1.0,
            rng=np.random.default_rng(0),
        )
    spans = collected.wait_for(
        lambda spans: bool(named(spans, RECORD)) and any(one.name == "evaluate" for one in spans)
    )
    client.close()
    game.close()
    elo.close()
    [recorded] = named(spans, RECORD)
    assert recorded.trace == trace
    assert ancestors(spans, recorded) == [RECORD, RECORD, "deliver results", RUN, "evaluate"]
    assert recorded.attributes["rpc.grpc.status_code"] == "OK"
    steps = [one for one in spans if one.name == "step batch"]
    assert steps
    assert {one.trace for one in steps} == {trace}
    assert {one.trace for one in named(spans, "mazemesh.v1.GameService/CreateGames")} == {trace}


def test_all_five_are_in_the_trace_of_who_calls(tmp_path: Path, collected: Collector) -> None:
    elo = RunningService(EloSettings(data_dir=tmp_path / "elo", port=0), bind_elo)
    game = RunningService(
        GameServiceSettings(data_dir=tmp_path / "game", port=0, elo_address=elo.address), bind_game
    )
    replay = RunningService(ReplaySettings(data_dir=tmp_path / "replay", port=0), bind_replay)
    with running_model(tmp_path / "model") as model:
        matchmaker = RunningService(
            MatchmakerSettings(
                data_dir=tmp_path / "matchmaker",
                port=0,
                game_address=game.address,
                model_address=model.address,
                elo_address=elo.address,
            ),
            bind_matchmaker,
        )
        tables, matches = ReplayClient(replay.address), MatchmakerClient(matchmaker.address)
        with tracing.span("work", parent=""):
            trace = tracing.identity()["trace_id"]
            line = _add_call(None, "info", {"event": "a line of the log"})
            assert line["trace_id"] == trace
            assert len(line["span_id"]) == 16
            assert list(model.client.list()) == []
            assert tables.list_tables() == []
            assert not matches.lease("worker", 1).matches
        assert "trace_id" not in _add_call(None, "info", {"event": "outside"})
        tables.list_tables()  # of no trace: begins one at the server
        listed = "mazemesh.v1.ReplayService/ListTables"
        spans = collected.wait_for(lambda spans: len(named(spans, listed)) == 2)
        tables.close()
        matches.close()
        matchmaker.close()
    for service in (replay, game, elo):
        service.close()
    of_model = "mazemesh.v1.ModelService/ListPolicies"
    leased = "mazemesh.v1.MatchmakerService/LeaseMatches"
    for name in (of_model, leased):
        assert trace in {one.trace for one in named(spans, name)}, name
    assert [one.trace == trace for one in named(spans, listed)] == [True, False]
    assert len(named(spans, listed, CLIENT)) == 1, "calls outside of spans have none"


async def test_calls_of_asyncio_end_with_their_status(collected: Collector) -> None:
    channel = open_aio_channel("127.0.0.1:1")
    stub = EloServiceStub(channel)
    with tracing.span("work", parent=""), pytest.raises(grpc.aio.AioRpcError):
        await stub.GetRating(elo_pb2.GetRatingRequest(), timeout=5)
    await channel.close()
    tracing.close()
    name = "mazemesh.v1.EloService/GetRating"
    [failed] = named(collected.wait_for(lambda spans: bool(named(spans, name, CLIENT))), name, 3)
    assert failed.is_error
    assert failed.attributes["rpc.grpc.status_code"] == "UNAVAILABLE"


async def test_a_process_sends_what_it_has_when_it_stops(tmp_path: Path) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with collector() as collected:
        flags = ("--port", "0", "--data-dir", str(tmp_path), "--traces-url", collected.url)
        async with service_process("services.elo", *flags) as service:
            async with grpc.aio.insecure_channel(service.address) as channel:
                stub = EloServiceStub(channel)
                with pytest.raises(grpc.aio.AioRpcError):
                    await stub.GetRating(
                        elo_pb2.GetRatingRequest(player="bot/random", ladder="race"),
                        metadata=(("traceparent", parent), ("x-request-id", "mine")),
                        timeout=10,
                    )
            service.process.terminate()
            assert await service.ended() == 0
        [span] = collected.wait_for(bool)
    assert span.service == "mazemesh-elo"
    assert (span.trace, span.parent) == (parent.split("-")[1], parent.split("-")[2])
    assert span.attributes["request_id"] == "mine"
    assert span.attributes["rpc.grpc.status_code"] == "NOT_FOUND"


def test_a_collector_that_is_away_costs_no_call(tmp_path: Path) -> None:
    start_tracing(EloSettings(traces_url="http://127.0.0.1:1/v1/traces"))
    replay = RunningService(ReplaySettings(data_dir=tmp_path, port=0), bind_replay)
    client = ReplayClient(replay.address)
    with tracing.span("work", parent=""):
        assert client.list_tables() == []
        with pytest.raises(NotFound):
            client.delete_table("none")
    client.close()
    replay.close()
    tracing.install(None)


def test_without_it_nothing_is_imported() -> None:
    program = (
        "import sys, services.elo.bind, services.game.bind, mazemesh.client.mesh, actor.commands\n"
        "from mazemesh import tracing\n"
        "with tracing.span('work'): assert tracing.current() == ''\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]\n"
    )
    subprocess.run([sys.executable, "-P", "-c", program], check=True, timeout=60)


def test_without_the_extra_the_process_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(StartError, match=r"pip install 'mazemesh\[tracing\]'"):
        start_tracing(EloSettings(traces_url="http://127.0.0.1:4318/v1/traces"))
