"""Running games of all instances: each tells the others of its own every second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Final
from zlib import crc32

import structlog
from google.protobuf.message import DecodeError

from mazemesh.errors import ResourceExhausted, Unavailable
from mazemesh.v1 import game_pb2 as pb
from services.game.store import LiveGameStore

MOST: Final = 1000
"""Games of an instance that others list, the newest."""

_SECONDS: Final = 1.0

_log = structlog.get_logger("services.game.live")


class LiveGames:
    """The lists of all instances as one; of others it is a second or two old.

    While the store is away, or has lost the lists, only what this instance plays is listed.

    Args:
        store: Which all instances share.
        own: The newest rows of this instance, as many as are asked for.
    """

    def __init__(self, store: LiveGameStore, own: Callable[[int], Sequence[pb.ActiveGame]]) -> None:
        self._store = store
        self._own = own
        self._others: list[pb.ActiveGame] = []
        self._read_at = -_SECONDS

    async def run(self) -> None:
        """Tells of this instance's games until it is cancelled."""
        away = False
        while True:
            try:
                message = pb.ListActiveGamesResponse(games=self._own(MOST))
                await self._store.put(message.SerializeToString())
                away = False
            except (ResourceExhausted, Unavailable) as error:
                if not away:
                    _log.warning("other instances are not told of games", reason=str(error))
                away = True
            await asyncio.sleep(_SECONDS)

    async def end(self) -> None:
        """Tells that this instance plays nothing any more."""
        with suppress(ResourceExhausted, Unavailable):
            await self._store.put(b"")

    async def page(
        self, size: int, before: tuple[int, ...] | None, kind: pb.ActiveGameKind
    ) -> list[pb.ActiveGame]:
        """At most `size` rows, newest first, of those that come after a place in the list."""
        everything = [*self._own(MOST), *await self._of_others()]
        rows = {
            (place(game), game.game_id): game
            for game in everything
            if kind in (pb.ACTIVE_GAME_KIND_UNSPECIFIED, game.kind)
            and (before is None or place(game) < before)
        }
        return [rows[key] for key in sorted(rows, reverse=True)[:size]]

    async def _of_others(self) -> list[pb.ActiveGame]:
        if monotonic() - self._read_at >= _SECONDS:
            # Set before asking: while the store is slow others go on with what is known.
            self._read_at = monotonic()
            try:
                lists = await self._store.others()
                self._others = [
                    game
                    for data in lists
                    for game in pb.ListActiveGamesResponse.FromString(data).games
                ]
            except (DecodeError, ResourceExhausted, Unavailable):
                self._others = []
        return self._others


def place(game: pb.ActiveGame) -> tuple[int, ...]:
    """Where a game stands in the list of all: microseconds, and something of its id."""
    return game.create_time.ToMicroseconds(), crc32(game.game_id.encode())
