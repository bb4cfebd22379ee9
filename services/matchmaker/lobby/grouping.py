"""Who of those that wait in one queue should play together now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from services.matchmaker.lobby import choosing
from services.matchmaker.lobby.tickets import Ticket, Window, can_play

FEW = 1000
"""Tickets of a queue that are put together in a moment without compiled code, which takes seconds
to be loaded, and memory."""

_MOST_SEATS = 64


Kernel = Callable[..., int]
"""`choosing.choose` as machine code."""


def groups(
    waiting: Sequence[Ticket], window: Window, now: float, kernel: Kernel | None = None
) -> list[list[Ticket]]:
    """Tickets that should play together now, of one queue, in groups that fill a match.

    The oldest ticket chooses first: the nearest in rating among those that everybody in the group
    accepts, the older of two equally near. A ticket is in one group at most; one whose stream is
    broken is passed over. Parties stay whole, within one team; a person never meets itself.
    `kernel`, of `compiled`, is used where many wait.
    """
    ready = sorted(filter(can_play, waiting), key=attrgetter("since", "ticket_id"))
    if len(ready) < 2 and not (ready and len(ready[0].wish.players) == ready[0].wish.size):
        return []
    return put_together(ready, window, now, kernel if len(ready) > FEW else None)


def put_together(
    ready: Sequence[Ticket], window: Window, now: float, kernel: Kernel | None
) -> list[list[Ticket]]:
    """As `groups`, for tickets that can play, oldest first; by machine code where there is some."""
    count = len(ready)
    ratings = np.fromiter((one.rating for one in ready), np.float64, count)
    since = np.fromiter((one.since for one in ready), np.float64, count)
    seats = np.fromiter((1 + len(one.wish.party) for one in ready), np.int64, count)
    room = np.array(_room(ready[0]), np.int64)
    columns: tuple[Any, ...] = (
        ratings,
        window.after_all(now - since),
        seats,
        _numbered([one.wish.person for one in ready]),
        np.argsort(ratings, kind="stable"),
        room,
        np.full(count, -1, np.int64),
        np.zeros((3, count + 2), np.int64),
        np.zeros((2, count), np.int64),
        np.zeros((2, _MOST_SEATS + 1), np.int64),
    )
    if kernel is not None:
        found, numbers = kernel(*columns), columns[6].tolist()
    else:
        plain = [column.tolist() for column in columns]
        found, numbers = choosing.choose(*plain), plain[6]
    together: list[list[Ticket]] = [[] for _ in range(found)]
    for ticket, number in zip(ready, numbers, strict=True):
        if number >= 0:
            together[number].append(ticket)
    return together


def _room(ticket: Ticket) -> list[int]:
    """Seats of each team; all in one where nobody has to be kept apart."""
    teams = Counter(ticket.wish.teams)
    return [teams[team] for team in sorted(teams)] or [ticket.wish.size]


def _numbered(persons: Sequence[str]) -> Any:
    """Equal names as equal numbers, nobody as -1."""
    if not any(persons):
        return np.full(len(persons), -1, np.int64)
    known: dict[str, int] = {"": -1}
    return np.fromiter(
        (known.setdefault(person, len(known)) for person in persons), np.int64, len(persons)
    )


def compiled() -> Kernel:
    """`choose` as machine code; takes seconds at first."""
    from services.matchmaker.lobby.choosing_kernels import choose

    return choose
