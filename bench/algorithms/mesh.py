"""A cell by the full mesh: `mazemesh up`, as anybody would start it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from bench.algorithms.cells import Cell
from bench.algorithms.judging import play_gymnasium, play_pettingzoo
from bench.algorithms.run import EPISODES, EVALUATION_SEED, Trained
from bench.children import ending_with_us, up_command
from bench.learner.systems import ROOT
from bench.pinned import pinned_server
from learner.algorithms.registry import find
from mazemesh.client.model import ModelClient
from mazemesh.games.foreign import policy_name
from mazemesh.policy.onnx_policy import OnnxPolicy

STOP_SECONDS = 60.0
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
                status = process.wait(LONGEST)
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
                    process.wait(STOP_SECONDS)
        steps = to_learn(cell, steps)
        learned, ended = _learned(data / "learner" / policy_name(cell.game) / "metrics.jsonl")
        if status != 0 or learned < steps:
            raise RuntimeError(f"{cell.name}: the mesh ended early: {log.read_text()[-1500:]}")
        with pinned_server(partial(_serve_model, data)) as server:
            policy = _last(server.address, policy_name(cell.game))
    game = (cell.judged or cell.game).partition(":")
    play = play_pettingzoo if game[0] == "pettingzoo" else play_gymnasium
    returns = play(policy, game[2], EPISODES, EVALUATION_SEED, drawn=cell.drawn)
    return Trained(seed, ended - started, returns)


def mesh_command(cell: Cell, seed: int, steps: int, data: Path) -> list[str]:
    """`mazemesh up` with the preset; it ends when its learner has learned from so many steps."""
    return up_command(
        cell.game,
        data,
        *("--algorithm", cell.algorithm),
        *("--evaluators", "0", "--seed", str(seed)),
        *(f"--learner=--steps={to_learn(cell, steps)}", "--learner=--tracking=none"),
    )


def to_learn(cell: Cell, steps: int) -> int:
    """Agent steps that a learner counts where `steps` are played: not those before it begins."""
    config = find(cell.algorithm).preset(cell.game).config
    return max(1, steps - getattr(config, "min_size", 0))


def _learned(journal: Path) -> tuple[int, float]:
    """Agent steps that were learned from, and when the last of them were."""
    if not journal.exists():
        return 0, 0.0
    last = json.loads(journal.read_text().splitlines()[-1])
    return int(last["agent_steps"]), float(last["time"])


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
