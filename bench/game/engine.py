"""How fast games go in process: the batch engine, its resets, its compiler, the plain reference."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

import numpy as np

from mazemesh.games import Game, GameSettings, bot_code, get_game
from mazemesh.games.mazes.engine import BatchEngine
from mazemesh.games.mazes.reference import reference_game

_DRAWN = 64
"""Steps whose actions are drawn before the clock starts; then they come again."""


def engine_rate(
    game: Game, num_games: int, seconds: float, bot: str = "", *, draw_ahead: bool = False
) -> tuple[float, float]:
    """Agent-steps of one batch: a second, and a CPU second of all threads.

    Args:
        game: What is played.
        num_games: Games of the batch.
        seconds: How long.
        bot: Who holds all seats; none: random actions.
        draw_ahead: Whether a thread draws mazes ahead.
    """
    engine = BatchEngine(game, None, num_games, draw_ahead=draw_ahead)
    if bot:
        engine.next_controller[...] = bot_code(bot)
    engine.reset(seed=1, game_id=np.arange(num_games))
    rng = np.random.default_rng(1)
    actions = rng.integers(0, 5, (_DRAWN, *engine.taken.shape), dtype=np.int8)
    for drawn in actions:  # warm, and spread over episodes
        engine.step(drawn)
    steps, start, cpu = 0, time.perf_counter(), time.process_time()
    while (elapsed := time.perf_counter() - start) < seconds:
        for drawn in actions:
            engine.step(drawn)
        steps += _DRAWN
    engine.close()
    agent_steps = steps * engine.taken.size
    return agent_steps / elapsed, agent_steps / (time.process_time() - cpu)


def reset_seconds(game: Game, num_games: int) -> float:
    """CPU seconds a game that a reset of a batch takes."""
    engine = BatchEngine(game, None, num_games)
    engine.reset(seed=1, game_id=np.arange(num_games))
    repeats, start = 20, time.process_time()
    for episode in range(repeats):
        engine.reset(seed=1, game_id=np.arange(num_games), episode=episode)
    return (time.process_time() - start) / repeats / num_games


def compile_seconds(name: str) -> float:
    """CPU seconds of a new process that compiles one game without a cache."""
    program = (
        "import time\n"
        "from mazemesh.games import get_game\n"
        "from mazemesh.games.mazes.engine import compile_game\n"
        f"game = get_game({name!r})\n"
        "start = time.process_time()\n"
        "compile_game(game)\n"
        "print(time.process_time() - start)\n"
    )
    with tempfile.TemporaryDirectory() as cache:
        done = subprocess.run(
            [sys.executable, "-P", "-c", program],
            env={**os.environ, "NUMBA_CACHE_DIR": cache},
            capture_output=True,
            text=True,
            check=True,
        )
    return float(done.stdout)


def reference_rate(seconds: float) -> float:
    """Agent-steps a second of race in plain Python, observations and resets included."""
    race, settings = get_game("race"), GameSettings()
    rng = np.random.default_rng(1)
    seats = race.spec(settings).seats
    steps, episode, start = 0, 0, time.perf_counter()
    game = reference_game(race, settings, seed=1)
    while (elapsed := time.perf_counter() - start) < seconds:
        game.step(rng.integers(0, 5, seats).tolist())
        if not game.active:
            episode += 1
            game = reference_game(race, settings, seed=1, episode=episode)
        for seat in range(seats):
            game.observation(seat)
            game.action_mask(seat)
        steps += 1
    return steps * seats / elapsed
