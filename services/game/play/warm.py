"""Loads the compiled engine while the server listens, so that the first client need not wait."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from mazemesh.errors import MazemeshError
from mazemesh.games import Catalogue
from mazemesh.games.registry import get_game, is_own
from mazemesh.starting import loading_kernels

_log = structlog.get_logger(__name__)


async def warm(names: Sequence[str], games: Catalogue) -> None:
    """Loads games in a thread, one after the other, so that a stop waits for one at most.

    Of a foreign game its worker is asked what it is; one that does not start is told in the log.
    """
    for name in names:
        try:
            await asyncio.to_thread(_load, name, games)
        except MazemeshError as error:
            _log.warning("game does not start", game=name, reason=str(error))


def _load(name: str, games: Catalogue) -> None:
    if not is_own(name):
        games.get(name)
        return
    with loading_kernels():
        from mazemesh.games.mazes.engine import compile_game

        compile_game(get_game(name))
