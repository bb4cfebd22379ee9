"""A tournament as plain data, for JSON."""

from __future__ import annotations

from typing import Any

from mazemesh.tournaments.view import View
from mazemesh.v1 import matchmaker_pb2 as pb


def word(kind: Any, number: int, beginning: str) -> str:
    """The value of an enum as a word: "double-elimination"."""
    name: str = kind.Name(number)
    return name.removeprefix(beginning).lower().replace("_", "-")


def summary_data(one: pb.TournamentSummary) -> dict[str, Any]:
    """A tournament in short."""
    return {
        "tournament_id": one.tournament_id,
        "title": one.title,
        "state": word(pb.TournamentState, one.state, "TOURNAMENT_STATE_"),
        "format": word(pb.TournamentFormat, one.format, "TOURNAMENT_FORMAT_"),
        "seeding": word(pb.TournamentSeeding, one.seeding, "TOURNAMENT_SEEDING_"),
        "entrants": one.num_entrants,
        "seed": one.seed,
        "rounds": one.rounds,
        "best_of": one.best_of,
        "game": one.game,
        "ladder": one.ladder,
        "rated": one.rated,
        "played": one.played,
        "outstanding": one.outstanding,
        "winners": list(one.winners),
        "starter": one.starter,
        "key_id": one.key_id,
        "explanation": one.explanation,
        "create_time": one.create_time.ToJsonString(),
        "end_time": one.end_time.ToJsonString() if one.HasField("end_time") else None,
    }


def tournament_data(view: View) -> dict[str, Any]:
    """All of a tournament: entrants by seed, standings by place, encounters in their order."""
    return {
        **summary_data(view.summary),
        "entrants": [
            {"name": one.name, "members": list(one.members)} for one in view.tournament.entrants
        ],
        "standings": [
            {
                "entrant": view.name(row.entrant),
                "place": row.place,
                "points": row.points,
                "median_buchholz": row.median_buchholz,
                "buchholz": row.buchholz,
                "between": row.between,
                "sonneborn_berger": row.sonneborn_berger,
                "match_points": row.match_points,
                "encounters": row.encounters,
            }
            for row in view.tournament.standings
        ],
        "encounters": [_encounter(view, one) for one in view.encounters.values()],
    }


def _encounter(view: View, one: pb.TournamentEncounter) -> dict[str, Any]:
    end = word(pb.EncounterEnd, one.end, "ENCOUNTER_END_")
    return {
        "key": one.key,
        "round": one.round,
        "first": view.name(one.first),
        "second": view.name(one.second) if one.HasField("second") else None,
        "points": [one.first_points, one.second_points],
        "matches": one.matches,
        "end": "" if end == "unspecified" else end,
        "winner": view.name(one.winner) if one.HasField("winner") else None,
        "absent": [view.name(each) for each in one.absent],
        "deadline": one.deadline.ToJsonString() if one.HasField("deadline") else None,
    }
