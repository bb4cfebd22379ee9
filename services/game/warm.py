"""Loads the compiled engine while the server listens, so that the first client need not wait."""

from __future__ import annotations

import asyncio

from mazemesh.games import Game, list_games


async def warm() -> None:
    """Loads all games in a thread, one after the other, so that a stop waits for one at most."""
    for game in list_games():
        await asyncio.to_thread(_load, game)


def _load(game: Game) -> None:
    from mazemesh.games.engine import compile_game

    compile_game(game)
