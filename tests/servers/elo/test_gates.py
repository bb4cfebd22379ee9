"""Gates over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from mazemesh.client.elo import EloClient
from mazemesh.errors import AlreadyExists, InvalidArgument, NotFound
from mazemesh.v1 import elo_pb2
from services._harness import Server, serve
from services.elo.bind import bind
from tests.servers.elo_results import on_the_wire, settings_in
from tests.unit.elo.played import match

ASKED = elo_pb2.EvaluateGateRequest(
    gate_id="g1", ladder="race", candidate="race:2", baseline="race:1", ancestors=["race:4"]
)
RUNNING, PASSED, FORGOTTEN = 1, 2, 5


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    settings = settings_in(tmp_path, watch_seconds=0.01, heartbeat_seconds=0.2)
    async with serve(settings, bind) as server:
        yield server


@pytest.fixture
async def client(server: Server) -> AsyncIterator[EloClient]:
    client = EloClient(server.address)
    yield client
    client.close()


async def call(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """A call of the blocking client beside the server's loop."""
    return await asyncio.to_thread(function, *arguments, **named)


def won(gate_id: str, numbers: range, opponent: str = "race:1") -> list[elo_pb2.MatchResult]:
    return [
        on_the_wire(match(f"{gate_id}/{number}", ("race:2", opponent), 1.0, 1.0))
        for number in numbers
    ]


def decided(server: Server, verdict: str) -> float | None:
    name = "mazemesh_elo_gate_decisions_total"
    return server.registry.get_sample_value(name, {"verdict": verdict})


async def test_a_gate_is_asked_for_watched_and_listed(server: Server, client: EloClient) -> None:
    gate = await call(client.evaluate_gate, ASKED)
    assert (gate.verdict, gate.matches, gate.ratio) == (RUNNING, 0, 0.0)
    assert (gate.hypotheses.elo0, gate.hypotheses.elo1) == (0.0, 20.0)
    assert gate.lower == pytest.approx(-gate.upper)
    assert not gate.HasField("end_time")

    seen: list[elo_pb2.Gate] = []

    def watch() -> None:
        seen.extend(client.watch_gate("g1"))

    watching = asyncio.create_task(call(watch))
    for start in range(0, 400, 50):
        await call(client.record, won("g1", range(start, start + 50)))
    async with asyncio.timeout(20):
        await watching
    assert seen[-1].verdict == PASSED
    assert seen[-1].ratio >= seen[-1].upper
    assert seen[-1].matches == seen[-1].counts[-1] < 400
    assert seen[-1].HasField("end_time")
    assert [one.matches for one in seen] == sorted(one.matches for one in seen)
    assert await call(client.evaluate_gate, ASKED) == seen[-1]
    assert await call(list, client.gates("race")) == [seen[-1]]
    path = await call(client.gate_path, "g1")
    assert [one.matches for one in path] == list(range(1, seen[-1].matches + 1))
    assert path[-1].ratio == seen[-1].ratio
    with pytest.raises(NotFound, match="g2"):
        await call(client.gate_path, "g2")
    assert await call(list, client.gates("solo")) == []
    # Once, however often it was looked at since.
    assert [decided(server, one) for one in ("passed", "failed", "running")] == [1, 0, None]
    matches = server.registry.get_sample_value("mazemesh_elo_gate_matches_sum")
    assert matches == seen[-1].matches


async def test_who_loses_to_an_ancestor_does_not_pass(client: EloClient) -> None:
    lost = [on_the_wire(match(f"x{number}", ("race:4", "race:2"), 1.0, 1.0)) for number in range(8)]
    await call(client.record, lost + won("g1", range(400)))
    gate = await call(client.evaluate_gate, ASKED)
    assert gate.verdict == FORGOTTEN
    assert (gate.memories[0].ancestor, gate.memories[0].games) == ("race:4", 16)
    assert gate.memories[0].chance_worse > 0.99


async def test_gates_are_as_they_were_after_a_start(tmp_path: Path) -> None:
    gates = []
    for _ in range(2):
        async with serve(settings_in(tmp_path), bind) as server:
            client = EloClient(server.address)
            await call(client.record, won("g1", range(20)))
            gates.append(await call(client.evaluate_gate, ASKED))
            client.close()
    assert gates[0] == gates[1]
    assert (gates[0].verdict, gates[0].matches) == (RUNNING, 20)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("gate_id", "two words", "gate_id"),
        ("gate_id", "g" * 97, "gate_id"),
        ("baseline", "race:2", "it is the candidate"),
        ("candidate", "", "candidate"),
        ("ladder", "", "ladder"),
        ("ancestors", ["race:1"], r"ancestors\[0\]"),
        ("ancestors", ["race:7", "race:7"], r"ancestors\[1\]"),
        ("ancestors", [f"race:{number}" for number in range(3, 68)], "at most 64"),
        ("hypotheses", {"elo0": 200.0}, "elo0"),
        ("hypotheses", {"elo0": 10.0, "elo1": 10.0}, "above elo0"),
        ("hypotheses", {"elo1": float("nan")}, "elo1"),
        ("hypotheses", {"alpha": 0.0}, "alpha"),
        ("hypotheses", {"beta": 0.5}, "beta"),
        ("hypotheses", {"max_matches": 0}, "max_matches"),
    ],
)
async def test_bad_questions_are_refused(
    client: EloClient, field: str, value: Any, message: str
) -> None:
    request = elo_pb2.EvaluateGateRequest.FromString(ASKED.SerializeToString())
    request.ClearField(field)  # type: ignore[arg-type]
    request.MergeFrom(elo_pb2.EvaluateGateRequest(**{field: value}))
    with pytest.raises(InvalidArgument, match=message):
        await call(client.evaluate_gate, request)
    assert await call(list, client.gates()) == []


async def test_what_is_not_there_is_said_so(client: EloClient) -> None:
    with pytest.raises(NotFound, match="no gate 'g9'"):
        await call(list, client.watch_gate("g9"))
    await call(client.evaluate_gate, ASKED)
    other = elo_pb2.EvaluateGateRequest.FromString(ASKED.SerializeToString())
    other.candidate = "race:3"
    with pytest.raises(AlreadyExists, match="another question needs another id"):
        await call(client.evaluate_gate, other)
