"""Loads the compiled engine while the server listens, so that the first client need not wait."""

from __future__ import annotations

import asyncio

import numpy as np

from mazemesh.games import GameSettings, list_games


async def warm() -> None:
    """Plays one step of every game in a thread."""
    await asyncio.to_thread(_play_once)


def _play_once() -> None:
    from mazemesh.games.engine import BatchEngine

    for game in list_games():
        engine = BatchEngine(game, GameSettings(), 1)
        engine.reset(seed=0)
        engine.step(np.zeros((1, engine.spec.seats), np.int8))
