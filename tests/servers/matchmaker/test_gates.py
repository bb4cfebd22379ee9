"""Gates over a real socket, with peers written by hand."""

import asyncio
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from mazemesh.client.matchmaker import MatchmakerClient
from mazemesh.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from mazemesh.v1 import matchmaker_pb2 as pb
from mazemesh.v1.elo_pb2 import GATE_VERDICT_PASSED, GATE_VERDICT_RUNNING, GateHypotheses
from tests.servers.matchmaker_world import World
from tests.unit.matchmaker.fakes import snapshot
from tests.unit.matchmaker.gates_world import rating


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.settings = {"anchor_matches": 0, "gate_seconds": 0.05, "gate_outstanding": 4}
    for version in (1, 2, 3, 4):
        world.model.keep(snapshot(version))
    world.model.put("race", "champion", 3)
    return world


def question(request_id: str = "r", **given: Any) -> pb.StartGateRequest:
    asked = {"candidate": "race:4", "baseline": "race:champion", **given}
    return pb.StartGateRequest(request_id=request_id, **asked)


async def call(work: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(work)


async def play(world: World, client: MatchmakerClient, score: float) -> list[str]:
    """Plays the gates' matches that a worker is given; their ids."""
    issue = await call(lambda: client.lease("w", 8))
    played = [one for one in issue.matches if one.match_id.startswith("gate-")]
    for match in played:
        world.elo.scores[match.match_id] = score
        await call(lambda match=match: client.complete(match.match_id, match.fence, "w"))  # type: ignore[misc]
    return [match.match_id for match in played]


async def end(client: MatchmakerClient, gate_id: str) -> list[pb.GateRun]:
    return await asyncio.wait_for(call(lambda: list(client.watch_gate_run(gate_id))), 30)


async def test_a_gate_from_the_question_to_the_champion(world: World) -> None:
    async with world.serve() as (server, client):
        asked = question(promote="champion", ancestors=["race:1"], reason="why", starter="ann")
        run = await call(lambda: client.start_gate(asked))
        assert (run.state, run.gate.baseline) == (pb.GATE_RUN_STATE_RUNNING, "race:3")
        assert (run.memory_matches, run.promoted_from) == (4, 3)
        assert (run.reason, run.starter, run.automatic) == ("why", "ann", False)
        watched = asyncio.create_task(end(client, run.gate.gate_id))
        memories = await play(world, client, 1.0)
        assert memories == [f"{run.gate.gate_id}/memory/{n}" for n in range(4)]
        matches = await play(world, client, 1.0)
        assert matches == [f"{run.gate.gate_id}/{n}" for n in range(4)]
        *before, last = await watched
        assert before[0].gate.verdict == GATE_VERDICT_RUNNING
        assert last.state == pb.GATE_RUN_STATE_PROMOTED
        assert last.gate.verdict == GATE_VERDICT_PASSED
        assert (last.gate.matches, last.issued, last.memory_issued) == (4, 4, 4)
        assert "race:champion moved from race:3" in last.explanation
        assert last.HasField("end_time")
        assert world.model.aliases["race", "champion"].version == 4
        assert world.model.aliases["race", "previous"].version == 3
        assert await call(lambda: client.start_gate(asked)) == last
        page = await call(
            lambda: (
                urllib.request.urlopen(f"http://127.0.0.1:{server.metrics_port}/metrics")
                .read()
                .decode()
            )
        )
    assert 'mazemesh_matchmaker_gates_total{state="promoted"} 1.0' in page
    assert "mazemesh_matchmaker_gates_running 0.0" in page


async def test_a_restart_goes_on_where_it_was(world: World) -> None:
    async with world.serve() as (_, client):
        run = await call(lambda: client.start_gate(question()))
        first = await play(world, client, 0.5)
    async with world.serve() as (_, client):
        watched = asyncio.create_task(end(client, run.gate.gate_id))
        second: list[str] = []
        while not second and not watched.done():
            second = await play(world, client, 1.0)
        (last,) = (await watched)[-1:]
    assert len(first) == 4
    # Elo by hand decides after four, by the last of them: a draw.
    assert last.state == pb.GATE_RUN_STATE_FAILED
    assert not set(first) & set(second)


async def test_gates_are_listed_and_cancelled(world: World) -> None:
    async with world.serve() as (_, client):
        runs = [
            await call(lambda n=n: client.start_gate(question(f"r{n}")))  # type: ignore[misc]
            for n in range(3)
        ]
        ids = [run.gate.gate_id for run in runs]
        listed = await call(lambda: [one.gate.gate_id for one in client.gate_runs(name="race")])
        assert listed == ids[::-1]
        assert await call(lambda: list(client.gate_runs(name="solo"))) == []
        watched = asyncio.create_task(end(client, ids[0]))
        over = await call(lambda: client.cancel_gate(ids[0], "no need"))
        assert (over.state, over.explanation) == (
            pb.GATE_RUN_STATE_CANCELLED,
            "cancelled: no need",
        )
        assert (await watched)[-1] == over
        assert await call(lambda: list(client.gate_runs(gate_id=ids[0]))) == [over]
        with pytest.raises(NotFound, match="'gate-x'"):
            await call(lambda: client.cancel_gate("gate-x"))
        with pytest.raises(NotFound, match="'gate-x'"):
            await end(client, "gate-x")


async def test_what_is_wrong_is_named(world: World) -> None:
    async with world.serve() as (_, client):
        for given, field in (
            ({"candidate": "race:"}, "candidate"),
            ({"candidate": "bot/random"}, "candidate"),
            ({"baseline": "player/ann"}, "baseline"),
            ({"ancestors": ["race:1"] * 17}, "ancestors"),
            ({"ancestors": ["UPPER:1"]}, r"ancestors\[0\]"),
            ({"promote": "latest"}, "promote"),
            ({"promote": "7"}, "promote"),
            ({"reason": "x" * 1025}, "reason"),
            ({"starter": "x" * 129}, "starter"),
            ({"reason": "\0"}, "reason"),
        ):
            with pytest.raises(InvalidArgument, match=field):
                await call(lambda given=given: client.start_gate(question(**given)))  # type: ignore[misc]
        with pytest.raises(FailedPrecondition, match="race:champion is race:3"):
            await call(lambda: client.start_gate(question(baseline="race:2", promote="champion")))
        await call(lambda: client.start_gate(question()))
        other = question(hypotheses=GateHypotheses(elo1=30.0))
        with pytest.raises(AlreadyExists, match="another question"):
            await call(lambda: client.start_gate(other))
        async with grpc.aio.insecure_channel(client.address) as channel:
            from mazemesh.v1.matchmaker_pb2_grpc import MatchmakerServiceStub

            stub = MatchmakerServiceStub(channel)
            with pytest.raises(grpc.aio.AioRpcError, match="page_token"):
                await stub.ListGateRuns(pb.ListGateRunsRequest(page_token="x"))


async def test_a_gate_opens_by_itself(world: World) -> None:
    world.settings |= {"gate_look_seconds": 0.05, "automatic_gate_matches": 30}
    world.elo.known["race"] = {"race:3": rating(1000), "race:4": rating(1100)}
    async with world.serve() as (_, client):
        run = None
        async with asyncio.timeout(20):
            while run is None:
                found = await call(lambda: list(client.gate_runs()))
                run = found[0] if found else None
        assert (run.gate.candidate, run.gate.baseline, run.promote) == (
            "race:4",
            "race:3",
            "champion",
        )
        assert run.automatic
        assert run.gate.hypotheses.max_matches == 30
        await play(world, client, 1.0)
        assert (await end(client, run.gate.gate_id))[-1].state == pb.GATE_RUN_STATE_PROMOTED
    assert len(world.model.moves) == 1
