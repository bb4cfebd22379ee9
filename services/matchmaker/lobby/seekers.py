"""Ratings of those who ask for a match, of whom thousands may come in a second."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from mazemesh.errors import MazemeshError
from services.matchmaker.peers import EloPeer
from services.matchmaker.rating.players import START_RATING, Rating

_log = structlog.get_logger(__name__)

_MOST_LADDERS = 64
_SHARE = 10
"""A ladder that took a second to be read is read again after so many seconds at the soonest."""
_HOLDS = 10
"""After so many times the age at which it is read again it does not count any more."""
_PATIENCE = 1.0
"""Seconds that a ladder is waited for."""


@dataclass(slots=True)
class _Board:
    """A ladder's ratings, when they were read and how long that took, and when that failed."""

    ratings: Mapping[str, Rating] = field(default_factory=dict)
    read_at: float = float("-inf")
    failed_at: float = float("-inf")
    seconds: float = 0.0
    reading: asyncio.Task[None] | None = None


class Seekers:
    """Reads a ladder whole while many ask, and asks for a player alone until it has one.

    Belongs to one event loop.

    Args:
        elo: Where ratings come from.
        max_age: Seconds after which a ladder is read again.
        clock: Seconds.
    """

    def __init__(self, elo: EloPeer, max_age: float, clock: Callable[[], float]) -> None:
        self._elo = elo
        self._max_age = max_age
        self._clock = clock
        self._boards: OrderedDict[str, _Board] = OrderedDict()

    async def rating(self, ladder: str, player: str) -> float:
        """A player's rating; 1000 for one without a result, or while Elo is away."""
        board, now = self._board(ladder), self._clock()
        age = now - board.read_at
        due = max(self._max_age, _SHARE * board.seconds)
        is_away = now - board.failed_at < self._max_age
        if age >= due and board.reading is None and not is_away:
            board.reading = asyncio.create_task(self._read(ladder, board))
        if age >= _HOLDS * due and board.reading is not None:
            # Of those who come at once, nobody asks alone while the ladder may soon be there.
            await asyncio.wait({board.reading}, timeout=_PATIENCE)
            age = self._clock() - board.read_at
            is_away = self._clock() - board.failed_at < self._max_age
        if age < _HOLDS * due or is_away:
            found = board.ratings.get(player)
        else:
            found = await self._alone(ladder, board, player)
        return START_RATING if found is None else found.rating

    async def close(self) -> None:
        """Ends what is being read."""
        reading = [one.reading for one in self._boards.values() if one.reading is not None]
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)

    def _board(self, ladder: str) -> _Board:
        board = self._boards.setdefault(ladder, _Board())
        self._boards.move_to_end(ladder)
        while len(self._boards) > _MOST_LADDERS:
            self._boards.popitem(last=False)
        return board

    async def _read(self, ladder: str, board: _Board) -> None:
        began = self._clock()
        try:
            board.ratings = await self._elo.ratings(ladder)
            board.read_at = began
        except MazemeshError as error:
            self._note_failure(ladder, board, error)
        finally:
            board.seconds = self._clock() - began
            board.reading = None

    async def _alone(self, ladder: str, board: _Board, player: str) -> Rating | None:
        try:
            return await self._elo.rating(ladder, player)
        except MazemeshError as error:
            self._note_failure(ladder, board, error)
            return board.ratings.get(player)

    def _note_failure(self, ladder: str, board: _Board, error: MazemeshError) -> None:
        board.failed_at = self._clock()
        _log.warning(
            "no ratings from Elo, the last known ones count", ladder=ladder, reason=str(error)
        )
