"""A ticket as text. Equal tickets have equal texts, so a text can be compared in its place."""

from __future__ import annotations

import json
from dataclasses import asdict

from mazemesh.games import GameSettings
from services.matchmaker.lobby.tickets import Seat, Ticket, TicketState, Wish


def to_text(ticket: Ticket) -> str:
    """JSON in one line."""
    fields = {**asdict(ticket), "state": ticket.state.value}
    return json.dumps(fields, separators=(",", ":"), sort_keys=True)


def from_text(text: str | bytes) -> Ticket:
    """The ticket that `to_text` was given."""
    fields = json.loads(text)
    wish, seat = fields.pop("wish"), fields.pop("seat")
    wish["settings"] = GameSettings(**wish["settings"])
    wish["bots"] = tuple(wish["bots"])
    if seat is not None:
        seat["participants"] = tuple(seat["participants"])
    fields["state"] = TicketState(fields["state"])
    return Ticket(**fields, wish=Wish(**wish), seat=None if seat is None else Seat(**seat))
