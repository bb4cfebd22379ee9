"""The form in which a match stands in the log: canonical JSON, and its hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from services.elo.log.match import Game, Match


def encode(match: Match) -> str:
    """The one JSON text of a match: keys sorted, no spaces, numbers that read back exactly."""
    content = match._asdict()
    content["games"] = [_content(game) for game in match.games]
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def decode(payload: str) -> Match:
    """The match of which `encode` gave this text."""
    content: dict[str, Any] = json.loads(payload)
    return Match(
        content["match_id"],
        content["ladder"],
        content["seed"],
        content["rules_hash"],
        tuple(content["participants"]),
        tuple(map(_game, content["games"])),
        content["finish_nanoseconds"],
    )


def digest(payload: str) -> str:
    """SHA-256 of a payload, in hexadecimal."""
    return hashlib.sha256(payload.encode()).hexdigest()


def _content(game: Game) -> dict[str, Any]:
    """A game without teams has the form that it had before there were any, and so its hash."""
    content = game._asdict()
    if not game.teams:
        del content["teams"]
    return content


def _game(content: dict[str, Any]) -> Game:
    return Game(
        content["game_id"],
        content["rotation"],
        tuple(content["scores"]),
        tuple(content["steps"]),
        content["termination"],
        tuple(content.get("teams", ())),
    )
