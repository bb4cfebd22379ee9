"""Loads the compiled engine while the server listens, so that the first client need not wait."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mazemesh.games import Game, get_game
from mazemesh.games.foreign import ForeignGame
from mazemesh.starting import loading_kernels


async def warm(names: Sequence[str]) -> None:
    """Loads games in a thread, one after the other, so that a stop waits for one at most."""
    for name in names:
        await asyncio.to_thread(_load, get_game(name))


def _load(game: Game) -> None:
    if isinstance(game, ForeignGame):
        return
    with loading_kernels():
        from mazemesh.games.engine import compile_game

        compile_game(game)
