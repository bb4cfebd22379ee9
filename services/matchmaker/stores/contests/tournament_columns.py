"""A tournament as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mazemesh.games import GameSettings
from services.matchmaker.stores.contests.gate_columns import plain
from services.matchmaker.tournaments.plan import Format, Plan
from services.matchmaker.tournaments.run import (
    Asked,
    Entrant,
    Out,
    Place,
    Seeding,
    TournamentRun,
    TournamentState,
)

_COLUMNS = ("tournament_id", "request_id", "state", "revision")
"""What has a column of its own."""


def to_json(run: TournamentRun) -> dict[str, Any]:
    """All of a run but what has a column."""
    return {key: value for key, value in plain(run).items() if key not in _COLUMNS}


def from_json(stored: Mapping[str, Any], columns: Mapping[str, Any]) -> TournamentRun:
    """The run again."""
    asked, plan = stored["asked"], stored["plan"]
    settings = asked["settings"]
    return TournamentRun(
        **{
            **stored,
            "tournament_id": columns["run_id"],
            "request_id": columns["request_id"],
            "revision": columns["revision"],
            "state": TournamentState(columns["state"]),
            "settings": GameSettings(**stored["settings"]),
            "entrants": _entrants(stored["entrants"]),
            "sides": tuple(stored["sides"]),
            "winners": tuple(stored["winners"]),
            "out": tuple(map(_out, stored["out"])),
            "plan": Plan(
                **{
                    **plan,
                    "format": Format(plan["format"]),
                    "entrants": tuple(plan["entrants"]),
                }
            ),
            "asked": Asked(
                **{
                    **asked,
                    "format": Format(asked["format"]),
                    "seeding": Seeding(asked["seeding"]),
                    "entrants": _entrants(asked["entrants"]),
                    "settings": None if settings is None else GameSettings(**settings),
                }
            ),
        }
    )


def _entrants(stored: list[dict[str, Any]]) -> tuple[Entrant, ...]:
    return tuple(Entrant(one["name"], tuple(one["members"])) for one in stored)


def _out(stored: dict[str, Any]) -> Out:
    seats = {
        player: tuple(Place(**place) for place in own) for player, own in stored["seats"].items()
    }
    return Out(**{**stored, "seats": seats})
