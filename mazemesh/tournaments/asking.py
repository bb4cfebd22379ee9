"""What is asked of the Matchmaker, from plain words."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.duration_pb2 import Duration

from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings
from mazemesh.v1 import matchmaker_pb2 as pb
from mazemesh.wire.specs import settings_to_proto

FORMATS = {
    "round-robin": pb.TOURNAMENT_FORMAT_ROUND_ROBIN,
    "gauntlet": pb.TOURNAMENT_FORMAT_GAUNTLET,
    "swiss": pb.TOURNAMENT_FORMAT_SWISS,
    "single": pb.TOURNAMENT_FORMAT_SINGLE_ELIMINATION,
    "double": pb.TOURNAMENT_FORMAT_DOUBLE_ELIMINATION,
}
SEEDINGS = {
    "rating": pb.TOURNAMENT_SEEDING_RATING,
    "given": pb.TOURNAMENT_SEEDING_GIVEN,
    "random": pb.TOURNAMENT_SEEDING_RANDOM,
}


def request(
    format_: str,
    entrants: Iterable[str],
    *,
    game: str = "",
    settings: GameSettings | None = None,
    seeding: str = "rating",
    seed: int = 0,
    rounds: int = 0,
    best_of: int = 1,
    rated: bool | None = None,
    patience: float | None = None,
    title: str = "",
    starter: str = "",
) -> pb.CreateTournamentRequest:
    """A request of a tournament, whose bounds the service checks.

    Args:
        format_: "round-robin", "gauntlet", "swiss", "single" or "double" (eliminations).
        entrants: 2..1024: "race:12", "race:champion", "bot/random", "player/zoe"; or teams, as
            "reds=race:12,player/zoe", a member for each seat.
        game: Empty takes what the first version was trained on.
        settings: Of the game; None are its defaults.
        seeding: "rating", "given" (the best first) or "random".
        seed: Of what is drawn.
        rounds: Of round-robin and gauntlet, how often two meet; of Swiss how many rounds. 0 takes
            1, or as many as single elimination would take.
        best_of: Matches of an encounter, odd; each is a maze with the places swapped.
        rated: Whether results count in ratings; None: where nobody of them is a person.
        patience: Seconds that a match waits for people; None takes 300.
        title: At most 128 characters.
        starter: Who asks.

    Raises:
        InvalidArgument: there is no such format or seeding.
    """
    if format_ not in FORMATS:
        raise InvalidArgument(f"format: {format_!r} is none of {', '.join(FORMATS)}")
    if seeding not in SEEDINGS:
        raise InvalidArgument(f"seeding: {seeding!r} is none of {', '.join(SEEDINGS)}")
    made = pb.CreateTournamentRequest(
        title=title,
        game=game,
        format=FORMATS[format_],
        seeding=SEEDINGS[seeding],
        entrants=map(_entrant, entrants),
        seed=seed,
        rounds=rounds,
        best_of=best_of,
        rated=rated,
        starter=starter,
    )
    if settings is not None:
        made.settings.CopyFrom(settings_to_proto(settings))
    if patience is not None:
        duration = Duration()
        duration.FromNanoseconds(round(patience * 1e9))
        made.patience.CopyFrom(duration)
    return made


def _entrant(text: str) -> pb.TournamentEntrant:
    name, equals, members = text.partition("=")
    if not equals:
        return pb.TournamentEntrant(members=[text])
    return pb.TournamentEntrant(name=name, members=members.split(","))
