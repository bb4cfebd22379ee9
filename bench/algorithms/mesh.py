"""A cell by the full mesh: `mazemesh up`, as anybody would start it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from bench.algorithms.cells import Cell
from bench.algorithms.judging import play_gymnasium, play_pettingzoo
from bench.algorithms.run import EPISODES, EVALUATION_SEED, Trained
from bench.children import ending_with_us
from bench.learner.systems import ROOT
from bench.pinned import pinned_server
from learner.record.checkpoint import find
from mazemesh.client.model import ModelClient
from mazemesh.games.foreign import policy_name
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.process.ports import free_block

PORTS = 5
STOP_SECONDS = 60.0
LOOK_SECONDS = 0.1
LONGEST = 4 * 3600.0


def run_mesh(cell: Cell, seed: int, steps: int) -> Trained:
    """Trains and judges.

    Raises:
        RuntimeError: the mesh ended before its learner had learned from as many steps.
    """
    with tempfile.TemporaryDirectory(prefix="bench-algorithms-") as folder:
        data, log = Path(folder) / "data", Path(folder) / "log"
        with log.open("wb") as output:
            started = time.time()
            command = mesh_command(cell, seed, steps, data)
            environment = {**ending_with_us(), "PYTHONPATH": _path()}
            process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
            try:
                seconds = _wait(process, data, cell, steps, log) - started
            finally:
                process.send_signal(signal.SIGINT)
                process.wait(STOP_SECONDS)
        with pinned_server(partial(_serve_model, data)) as server:
            policy = _last(server.address, policy_name(cell.game))
    game = (cell.judged or cell.game).partition(":")
    play = play_pettingzoo if game[0] == "pettingzoo" else play_gymnasium
    return Trained(seed, seconds, play(policy, game[2], EPISODES, EVALUATION_SEED))


def mesh_command(cell: Cell, seed: int, steps: int, data: Path) -> list[str]:
    """`mazemesh up` with the preset; its learner ends after so many steps."""
    return [
        *(sys.executable, "-P", "-m", "mazemesh.cli", "up", "--plain", "--game", cell.game),
        *("--algorithm", cell.algorithm, "--evaluators", "0", "--seed", str(seed)),
        *("--data-dir", str(data), "--port-base", str(free_block(PORTS)[0])),
        *(f"--learner=--steps={steps}", "--learner=--tracking=none"),
    ]


def _wait(process: subprocess.Popen[bytes], data: Path, cell: Cell, steps: int, log: Path) -> float:
    """When the learner had learned from as many steps; returns after its last version is out.

    Raises:
        RuntimeError: see `run_mesh`.
    """
    folder = data / "learner" / policy_name(cell.game)
    learned, deadline = 0.0, time.monotonic() + LONGEST
    while True:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{cell.name}: the mesh ended early: {log.read_text()[-1500:]}")
        if not learned and _agent_steps(folder / "metrics.jsonl") >= steps:
            learned = time.time()
        checkpoint = find(folder)
        # The last of all that a learner does is to write one.
        if learned and checkpoint and checkpoint[0].stat().st_mtime >= learned - LOOK_SECONDS:
            return learned
        time.sleep(LOOK_SECONDS)


def _agent_steps(journal: Path) -> int:
    """That were learned from, by the last whole line."""
    if not journal.exists():
        return 0
    lines = [line for line in journal.read_text().splitlines() if line.endswith("}")]
    return int(json.loads(lines[-1])["agent_steps"]) if lines else 0


@asynccontextmanager
async def _serve_model(data: Path) -> AsyncIterator[str]:
    from services._harness import serve
    from services.model.bind import bind
    from services.model.settings import ModelSettings

    async with serve(ModelSettings(port=0, data_dir=data), bind) as server:
        yield server.address


def _last(address: str, name: str) -> OnnxPolicy:
    client = ModelClient(address)
    try:
        newest = next(iter(client.list(name)))
        reference = f"{newest.name}:{newest.version}"
        _, content = client.get(reference)
    finally:
        client.close()
    assert content is not None
    return OnnxPolicy(reference, content, greedy=newest.q_values)


def _path() -> str:
    """Where the mesh's processes find this checkout's own games."""
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
