"""Reads the form in which matches stood in the log before: JSON, until revision 0002."""

from __future__ import annotations

import json
from typing import Any

from services.elo.log.match import LAST_NANOSECOND, Game, Match


def decode(payload: str) -> Match:
    """The match of a JSON text with the fields of `Match`."""
    content: dict[str, Any] = json.loads(payload)
    return Match(
        content["match_id"],
        content["ladder"],
        content["seed"],
        content["rules_hash"],
        tuple(content["participants"]),
        tuple(map(_game, content["games"])),
        min(content["finish_nanoseconds"], LAST_NANOSECOND),  # there was no bound
    )


def _game(content: dict[str, Any]) -> Game:
    return Game(
        content["game_id"],
        content["rotation"],
        tuple(content["scores"]),
        tuple(content["steps"]),
        content["termination"],
        tuple(content.get("teams", ())),
    )
