"""A ticket as text. Equal tickets have equal texts, so a text can be compared in its place."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from mazemesh.games import GameSettings
from services.matchmaker.lobby.tickets import Seat, Ticket, TicketState, Wish

_FIELDS = (
    *("ticket_id", "request_id", "rating", "since", "gone_since"),
    *("listener", "hold", "held_until", "end_time"),
)


def to_text(ticket: Ticket) -> str:
    """JSON in one line."""
    fields = [getattr(ticket, name) for name in _FIELDS]
    seats = [asdict(seat) for seat in ticket.seats]
    rest = json.dumps([ticket.state.value, fields, seats], separators=(",", ":"))
    return f"[{_wish_text(ticket.wish)},{rest[1:]}"


def from_text(text: str | bytes) -> Ticket:
    """The ticket that `to_text` was given."""
    wish, state, fields, seats = json.loads(text)
    return Ticket(
        **dict(zip(_FIELDS, fields, strict=True)),
        wish=_wish(wish),
        state=TicketState(state),
        seats=tuple(
            Seat(**{**seat, "participants": tuple(seat["participants"])}) for seat in seats
        ),
    )


@lru_cache(maxsize=16_384)
def _wish_text(wish: Wish) -> str:
    """A ticket changes a few times, and what it wishes never does."""
    return json.dumps(asdict(wish), separators=(",", ":"), sort_keys=True)


def _wish(fields: dict[str, Any]) -> Wish:
    tuples = {name: tuple(fields[name]) for name in ("bots", "party", "teams")}
    return Wish(**{**fields, **tuples, "settings": GameSettings(**fields["settings"])})


def _seat(fields: dict[str, Any]) -> Seat:
    return Seat(**{**fields, "participants": tuple(fields["participants"])})
