"""A tournament as it was last told, put together from answers and news."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mazemesh.v1 import matchmaker_pb2 as pb

_ELIMINATIONS = (
    pb.TOURNAMENT_FORMAT_SINGLE_ELIMINATION,
    pb.TOURNAMENT_FORMAT_DOUBLE_ELIMINATION,
)


@dataclass
class View:
    """A tournament with all its encounters.

    Attributes:
        tournament: With entrants and standings.
        encounters: By key, in the order in which their entrants became known.
    """

    tournament: pb.Tournament = field(default_factory=pb.Tournament)
    encounters: dict[str, pb.TournamentEncounter] = field(default_factory=dict)

    def take(self, tournament: pb.Tournament, encounters: Iterable[pb.TournamentEncounter]) -> None:
        """What an answer or a message of a watch tells; later ones name no entrants."""
        entrants = list(tournament.entrants) or list(self.tournament.entrants)
        self.tournament = pb.Tournament(
            summary=tournament.summary, entrants=entrants, standings=tournament.standings
        )
        self.encounters.update((one.key, one) for one in encounters)

    @property
    def summary(self) -> pb.TournamentSummary:
        """In short."""
        return self.tournament.summary

    @property
    def is_elimination(self) -> bool:
        """Whether there is a bracket."""
        return self.summary.format in _ELIMINATIONS

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.summary.state == pb.TOURNAMENT_STATE_RUNNING

    @property
    def size(self) -> int:
        """Places of the first round of a bracket, a power of two."""
        return 1 << max(1, (len(self.tournament.entrants) - 1).bit_length())

    def name(self, entrant: int) -> str:
        """Of an entrant."""
        return self.tournament.entrants[entrant].name

    def score(self, one: pb.TournamentEncounter) -> str:
        """Of an encounter, in words: "1.5-0.5", or why there is none."""
        match one.end:
            case pb.ENCOUNTER_END_BYE:
                return "bye"
            case pb.ENCOUNTER_END_FORFEIT:
                return f"{', '.join(map(self.name, one.absent))} forfeited"
            case pb.ENCOUNTER_END_VOID:
                return "not played"
        points = f"{one.first_points:g}-{one.second_points:g}"
        return f"{points}, by seed" if one.end == pb.ENCOUNTER_END_SEED else points

    def line(self, one: pb.TournamentEncounter) -> str:
        """An encounter in a line."""
        if not one.HasField("second"):
            return f"{self.name(one.first)} has a bye"
        names = f"{self.name(one.first)} - {self.name(one.second)}"
        if one.end == pb.ENCOUNTER_END_UNSPECIFIED:
            if one.HasField("deadline"):
                until = one.deadline.ToDatetime().isoformat(" ", "seconds")
                return f"{names}: waits for people until {until} (UTC)"
            return f"{names}: {self.score(one)} so far" if one.matches else f"{names}: open"
        return f"{names}: {self.score(one)}"

    def stages(self) -> list[tuple[str, Sequence[pb.TournamentEncounter]]]:
        """Encounters by stage ("w1", "s3", ...), in their order."""
        found: dict[str, list[pb.TournamentEncounter]] = {}
        for one in self.encounters.values():
            found.setdefault(one.key.partition(".")[0], []).append(one)
        return list(found.items())


def stage_name(stage: str) -> str:
    """Of a stage, for people."""
    kind, number = stage.rstrip("0123456789"), stage.lstrip("abcdefghijklmnopqrstuvwxyz")
    match kind:
        case "w":
            return f"Upper bracket, round {number}"
        case "l":
            return f"Lower bracket, round {number}"
        case "f":
            return "Final" if number == "1" else "Second final"
        case "third":
            return "Third place"
    return f"Round {number}"
