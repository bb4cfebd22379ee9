"""The Game service under one client that keeps two half-batches in flight."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

from bench.pinned import PinnedServer
from mazemesh.client.game.game import GameClient, GamesSession
from mazemesh.games import Purpose, seeds

_SEED = seeds.seed(Purpose.TRAINING, 1)
_DRAWN = 16
_WARM_STEPS = 20


@asynccontextmanager
async def serve_game() -> AsyncIterator[str]:
    """A Game service with a data folder of its own; its results would go nowhere."""
    from services._harness import serve
    from services.game.bind import bind
    from services.game.settings import GameServiceSettings

    with tempfile.TemporaryDirectory() as folder:
        settings = GameServiceSettings(port=0, data_dir=Path(folder))
        async with serve(settings, bind) as server:
            yield server.address


def wire_rate(server: PinnedServer, num_games: int, seconds: float) -> dict[str, float]:
    """Agent-steps a second of race over RunGames, and the CPU both sides spend on a million."""
    client = GameClient(server.address)
    half = num_games // 2
    sessions = [
        client.open_session("race", None, half, _SEED, first_game_id=index * half)
        for index in range(2)
    ]
    rng = np.random.default_rng(1)
    actions = rng.integers(0, 5, (_DRAWN, half, sessions[0].seats), dtype=np.int8)
    try:
        _play(sessions, actions, _WARM_STEPS)
        server_cpu, own_cpu = server.cpu_seconds(), time.process_time()
        steps, start = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds:
            _play(sessions, actions, _DRAWN)
            steps += _DRAWN
        millions = steps * num_games * sessions[0].seats / 1e6
        return {
            "agent_steps_per_second": 1e6 * millions / elapsed,
            "games": num_games,
            "server_cpu_seconds_per_million": (server.cpu_seconds() - server_cpu) / millions,
            "client_cpu_seconds_per_million": (time.process_time() - own_cpu) / millions,
            "megabytes_per_second": steps * num_games * _row_bytes(sessions[0]) / elapsed / 1e6,
        }
    finally:
        for session in sessions:
            session.close()
        client.close()


def _play(sessions: list[GamesSession], actions: np.ndarray, steps: int) -> None:
    """Plays so many steps in all sessions; one is stepped while the other's answer is read."""
    for session in sessions:
        session.send(actions[0])
    for step in range(1, steps + 1):
        for session in sessions:
            session.receive()
            if step < steps:
                session.send(actions[step % len(actions)])


def _row_bytes(session: GamesSession) -> int:
    """Bytes of a game in a step: observations, masks, rewards, status."""
    return session.seats * (session.spec.observation_size + session.spec.num_actions + 4) + 1
