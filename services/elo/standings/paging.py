"""Pages of a leaderboard that hold together while ratings move."""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

import numpy as np

from mazemesh.errors import InvalidArgument, NotFound
from services._harness.pages.paging import wrong_token
from services.elo.models.arrays import Indices
from services.elo.standings.board import Board
from services.elo.standings.filters import ALL, Filter, listed
from services.elo.standings.standings import Standings


@dataclass(frozen=True)
class Page:
    """Some players of a leaderboard.

    Attributes:
        standings: What the page was cut from.
        players: Indices, best first.
        above: Index of the player above the first of them; -1 on the first page.
        next_token: Leads to what follows; empty on the last page.
        total: Players on all pages.
    """

    standings: Standings
    players: tuple[int, ...]
    above: int
    next_token: str
    total: int

    def superiorities(self) -> list[float | None]:
        """How likely each one's predecessor is the better one; see `Standings.superiority`."""
        below = np.array(self.players, np.intp)
        above = np.array([self.above, *self.players[:-1]], np.intp)[: len(below)]
        found = self.standings.superiority(above, below)
        if found is None:
            return [None] * len(below)
        found[above < 0] = np.nan
        return [None if one != one else one for one in found.tolist()]  # NaN


def first_page(board: Board, size: int, chosen: Filter = ALL) -> Page:
    """The best players among the chosen."""
    return _cut(board, board.standings, _listed(board, board.standings, chosen), 0, size, chosen)


def page_around(board: Board, size: int, player: str, chosen: Filter = ALL) -> Page:
    """The page with a player in its middle, or as near to that as the ends of the list allow.

    Raises:
        NotFound: The player is not listed.
    """
    standings, index = board.standings, board.ladder.index(player)
    among = _listed(board, standings, chosen)
    place = np.flatnonzero(among == (-1 if index is None else index))
    if not len(place):
        raise NotFound(f"around: {player!r} has no result on ladder {board.ladder.name!r}")
    start = max(0, min(int(place[0]) - size // 2, len(among) - size))
    return _cut(board, standings, among, start, size, chosen)


def page_after(board: Board, size: int, token: str, chosen: Filter = ALL) -> Page:
    """The page that `next_token` of an earlier one leads to.

    It is cut from the same standings while those are kept, so that nobody is listed twice or left
    out; later, from the newest, after the last player's place by rating.

    Raises:
        InvalidArgument: No such token was given out, or one of a list of others.
    """
    high_water, rating, name, digest = _read_token(token)
    if digest != chosen.digest:
        raise InvalidArgument(
            "page_token: it is of a list with another filter; ask as for the page before, or "
            "without a token"
        )
    standings = board.standings_of(high_water) or board.standings
    among = _listed(board, standings, chosen)
    start = bisect_right(
        among,
        (-rating, name),
        key=lambda index: (-standings.ratings[index], standings.names[index]),
    )
    return _cut(board, standings, among, start, size, chosen)


def _listed(board: Board, standings: Standings, chosen: Filter) -> Indices:
    return listed(standings, board.ladder.players, chosen)


def _cut(
    board: Board, standings: Standings, among: Indices, start: int, size: int, chosen: Filter
) -> Page:
    players = tuple(among[start : start + size].tolist())
    above = int(among[start - 1]) if 0 < start <= len(among) else -1
    token = ""
    if players and start + size < len(among):
        token = _token(standings, players[-1], chosen)
        board.keep(standings)
    return Page(standings, players, above, token, len(among))


def _token(standings: Standings, last: int, chosen: Filter) -> str:
    place = [standings.high_water, float(standings.ratings[last]), standings.names[last]]
    return base64.urlsafe_b64encode(json.dumps([*place, chosen.digest]).encode()).decode()


def _read_token(token: str) -> tuple[int, float, str, str]:
    try:
        place: Any = json.loads(base64.urlsafe_b64decode(token.encode()))
        high_water, rating, name, digest = place
        return int(high_water), float(rating), str(name), str(digest)
    except (ValueError, TypeError, binascii.Error) as error:
        raise wrong_token(token) from error
