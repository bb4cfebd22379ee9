"""Games become known outside the event loop: a foreign one is asked in a process of its own."""

from __future__ import annotations

import asyncio

from mazemesh.errors import InvalidArgument
from mazemesh.games import get_game
from mazemesh.games.foreign import is_foreign


async def know(game: str) -> None:
    """Returns once `get_game` answers at once, for good.

    Raises:
        InvalidArgument: no such game.
    """
    if is_foreign(game):
        await asyncio.to_thread(get_game, game)
    else:
        get_game(game)


async def is_known(game: str) -> bool:
    """As `know`; False where there is no such game."""
    try:
        await know(game)
    except InvalidArgument:
        return False
    return True
