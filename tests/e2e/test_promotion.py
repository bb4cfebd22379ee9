"""A better version becomes champion: real services, a real evaluator, and a SIGKILL in between."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mazemesh.cli.app import app
from mazemesh.client.mesh import Mesh
from mazemesh.process.ports import free_block
from mazemesh.v1 import matchmaker_pb2 as pb
from mazemesh.v1.elo_pb2 import GateHypotheses
from supervisor.running.layout import SERVICES
from tests.e2e.running_services import evaluating, matchmaker, publish, services

pytestmark = pytest.mark.timeout(300)

WIDE = {"elo1": 200.0, "alpha": 0.25, "beta": 0.25}
QUICK = ("--gate-seconds", "0.2", "--gate-memory-matches", "2", "--anchor-seconds", "0.2")


def told(base: int, *command: str, status: int = 0) -> Any:
    result = CliRunner().invoke(app, [*command, "--json", "--port-base", str(base)])
    assert result.exit_code == status, result.stderr
    return json.loads(result.stdout)


def lines(base: int, *command: str, status: int = 0) -> list[str]:
    result = CliRunner().invoke(app, [*command, "--port-base", str(base)])
    assert result.exit_code == status, result.stderr
    return result.stdout.splitlines()


def last(mesh: Mesh, gate_id: str) -> pb.GateRun:
    *_, run = mesh.matchmaker.watch_gate_run(gate_id)
    return run


async def test_a_gate_survives_a_kill_and_promotes_what_is_better(tmp_path: Path) -> None:
    base = free_block(len(SERVICES)).start
    async with AsyncExitStack() as life:
        mesh = life.enter_context(services(tmp_path, base))
        for moves in (False, False, True):
            await asyncio.to_thread(publish, mesh, moves=moves)
        quick = (*QUICK, "--no-automatic-gates", "--gate-outstanding", "2")
        first = await matchmaker(life, tmp_path, base, *quick)
        promoted = await asyncio.to_thread(
            lines, base, "promote", "race:2", "--reason", "somebody has to be"
        )
        assert promoted == ["race:champion is race:2; it was nowhere"]
        question = pb.StartGateRequest(
            request_id="r",
            candidate="race:3",
            baseline="race:champion",
            hypotheses=GateHypotheses(**WIDE),  # type: ignore[arg-type]
            ancestors=["race:1"],
            promote="champion",
        )
        run = await asyncio.to_thread(mesh.matchmaker.start_gate, question)
        # Half a gate: the memories are leased, nobody plays them, and the Matchmaker is killed.
        issue = await asyncio.to_thread(mesh.matchmaker.lease, "gone", 1)
        assert [one.match_id for one in issue.matches] == [f"{run.gate.gate_id}/memory/0"]
        first.send(signal.SIGKILL)
        assert await first.ended() == -signal.SIGKILL
        await matchmaker(life, tmp_path, base, *quick)
        again = await asyncio.to_thread(mesh.matchmaker.start_gate, question)
        assert (again.gate, again.memory_issued) == (run.gate, 1)
        with evaluating(mesh):
            over = await asyncio.wait_for(asyncio.to_thread(last, mesh, run.gate.gate_id), 120)
        assert over.state == pb.GATE_RUN_STATE_PROMOTED, over.explanation
        assert over.gate.ratio >= over.gate.upper
        assert [one.ancestor for one in over.gate.memories] == ["race:1"]
        assert over.gate.memories[0].games >= 4

        why = await asyncio.to_thread(told, base, "champion", "race", "--why")
        assert (why["policy"], why["gate"]["gate_id"]) == ("race:3", run.gate.gate_id)
        assert why["move"]["mover"] == "matchmaker"
        assert why["gate"]["verdict"] == "passed"
        shown = "\n".join(await asyncio.to_thread(lines, base, "champion", "race", "--why"))
        assert "moved from race:2 at" in shown
        assert "found: passed after" in shown
        assert "ancestor: race:1" in shown
        history = await asyncio.to_thread(told, base, "history", "race")
        assert [(one["alias"], one["from_version"], one["version"]) for one in history] == [
            ("champion", 2, 3),
            ("previous", 0, 2),
            ("champion", 0, 2),
        ]
        back = await asyncio.to_thread(lines, base, "rollback", "race")
        assert back == ["race:champion is race:2; it was race:3"]

        # By hand, against who is better: told line by line, and a status of 1.
        with evaluating(mesh):
            flags = ("--elo1", "200", "--alpha", "0.25", "--beta", "0.25")
            by_hand = await asyncio.to_thread(
                lines, base, "gate", "race:1", "race:3", *flags, status=1
            )
        assert by_hand[0].startswith("race:1 against race:3: running; 0 matches; ratio 0.00 in")
        assert "failed after" in by_hand[-1]
        listed = await asyncio.to_thread(told, base, "gates")
        assert [one["state"] for one in listed] == ["failed", "promoted"]


async def test_a_champion_is_found_without_being_asked_for(tmp_path: Path) -> None:
    base = free_block(len(SERVICES)).start
    async with AsyncExitStack() as life:
        mesh = life.enter_context(services(tmp_path, base))
        for moves in (False, True):
            await asyncio.to_thread(publish, mesh, moves=moves)
        await asyncio.to_thread(mesh.model.set_alias, "race", "champion", 1, 0)
        await matchmaker(
            *(life, tmp_path, base, *QUICK),
            *("--gate-look-seconds", "0.5", "--anchor-matches", "2"),
            *("--automatic-gate-elo1", "200"),
        )
        with evaluating(mesh):
            run = await asyncio.wait_for(asyncio.to_thread(first_gate, mesh), 120)
            over = await asyncio.wait_for(asyncio.to_thread(last, mesh, run.gate.gate_id), 120)
    assert (over.gate.candidate, over.gate.baseline, over.automatic) == ("race:2", "race:1", True)
    assert over.state == pb.GATE_RUN_STATE_PROMOTED, over.explanation


def first_gate(mesh: Mesh) -> pb.GateRun:
    """The first gate that is opened."""
    pause = threading.Event()
    while True:
        for run in mesh.matchmaker.gate_runs():
            return run
        pause.wait(0.1)
