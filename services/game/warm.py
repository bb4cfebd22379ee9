"""Loads the compiled engine while the server listens, so that the first client need not wait."""

from __future__ import annotations

import asyncio

from mazemesh.games import list_games


async def warm() -> None:
    """Loads all games in a thread."""
    await asyncio.to_thread(_load)


def _load() -> None:
    from mazemesh.games.engine import compile_game

    for game in list_games():
        compile_game(game)
