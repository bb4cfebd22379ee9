"""Pages of a leaderboard that hold together while ratings move."""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from mazemesh.errors import NotFound
from services._harness.pages.paging import wrong_token
from services.elo.standings.board import Board
from services.elo.standings.standings import Standings


@dataclass(frozen=True)
class Page:
    """Some players of a leaderboard.

    Attributes:
        standings: What the page was cut from.
        players: Indices, best first.
        next_token: Leads to what follows; empty on the last page.
        total: Players on all pages.
    """

    standings: Standings
    players: tuple[int, ...]
    next_token: str
    total: int


def first_page(board: Board, size: int, prefix: str = "") -> Page:
    """The best players whose name begins with `prefix`."""
    return _cut(board.standings, _listed(board.standings, prefix), 0, size)


def page_around(board: Board, size: int, player: str, prefix: str = "") -> Page:
    """The page with a player in its middle, or as near to that as the ends of the list allow.

    Raises:
        NotFound: The player is not listed.
    """
    standings = board.standings
    listed = _listed(standings, prefix)
    for place, index in enumerate(listed):
        if standings.names[index] == player:
            start = max(0, min(place - size // 2, len(listed) - size))
            return _cut(standings, listed, start, size)
    raise NotFound(f"around: {player!r} has no result on ladder {board.ladder.name!r}")


def page_after(board: Board, size: int, token: str, prefix: str = "") -> Page:
    """The page that `next_token` of an earlier one leads to.

    It is cut from the same standings while those are kept, so that nobody is listed twice or left
    out; later, from the newest, after the last player's place by rating.

    Raises:
        InvalidArgument: No such token was given out.
    """
    high_water, rating, name = _read_token(token)
    standings = board.standings_of(high_water) or board.standings
    listed = _listed(standings, prefix)
    start = bisect_right(
        listed,
        (-rating, name),
        key=lambda index: (-standings.ratings[index], standings.names[index]),
    )
    return _cut(standings, listed, start, size)


def _listed(standings: Standings, prefix: str) -> list[int]:
    names = standings.names
    return [index for index in standings.order if names[index].startswith(prefix)]


def _cut(standings: Standings, listed: list[int], start: int, size: int) -> Page:
    players = tuple(listed[start : start + size])
    more = start + size < len(listed)
    token = _token(standings, players[-1]) if players and more else ""
    return Page(standings, players, token, len(listed))


def _token(standings: Standings, last: int) -> str:
    place = [standings.high_water, float(standings.ratings[last]), standings.names[last]]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _read_token(token: str) -> tuple[int, float, str]:
    try:
        place: Any = json.loads(base64.urlsafe_b64decode(token.encode()))
        high_water, rating, name = place
        return int(high_water), float(rating), str(name)
    except (ValueError, TypeError, binascii.Error) as error:
        raise wrong_token(token) from error
