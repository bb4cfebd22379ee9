"""Tournaments: as they are asked for, and as they are told."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from mazemesh.errors import InvalidArgument, within
from mazemesh.names import ENTRANT, GAME, MOST_PARTICIPANTS, PLAYER, REQUEST_ID, parse_reference
from mazemesh.v1 import matchmaker_pb2 as pb
from mazemesh.wire.specs import settings_from_proto, settings_to_proto
from services.matchmaker.tournaments.part import Part
from services.matchmaker.tournaments.plan import (
    LEAST_ENTRANTS,
    MOST_ENTRANTS,
    Encounter,
    End,
    Format,
)
from services.matchmaker.tournaments.run import (
    Asked,
    Entrant,
    Out,
    Seeding,
    TournamentRun,
    TournamentState,
)
from services.matchmaker.tournaments.tournament import Tournament
from services.matchmaker.wire.gates import text

_MAX_TITLE = _MAX_STARTER = 128
_MOST_MEMBERS = MOST_PARTICIPANTS // 2
_LAST_SEED = 2**63 - 1
_DEFAULT_PATIENCE, _LEAST_PATIENCE, _MOST_PATIENCE = 300.0, 1.0, 7 * 86_400.0

_FORMATS = {
    pb.TOURNAMENT_FORMAT_ROUND_ROBIN: Format.ROUND_ROBIN,
    pb.TOURNAMENT_FORMAT_GAUNTLET: Format.GAUNTLET,
    pb.TOURNAMENT_FORMAT_SWISS: Format.SWISS,
    pb.TOURNAMENT_FORMAT_SINGLE_ELIMINATION: Format.SINGLE,
    pb.TOURNAMENT_FORMAT_DOUBLE_ELIMINATION: Format.DOUBLE,
}
_SEEDINGS = {
    pb.TOURNAMENT_SEEDING_UNSPECIFIED: Seeding.RATING,
    pb.TOURNAMENT_SEEDING_RATING: Seeding.RATING,
    pb.TOURNAMENT_SEEDING_GIVEN: Seeding.GIVEN,
    pb.TOURNAMENT_SEEDING_RANDOM: Seeding.RANDOM,
}
_TOLD_FORMATS = {format_: number for number, format_ in _FORMATS.items()}
_TOLD_SEEDINGS = {
    seeding: number
    for number, seeding in _SEEDINGS.items()
    if number  # written out
}
_STATES = {
    TournamentState.RUNNING: pb.TOURNAMENT_STATE_RUNNING,
    TournamentState.FINISHED: pb.TOURNAMENT_STATE_FINISHED,
    TournamentState.CANCELLED: pb.TOURNAMENT_STATE_CANCELLED,
}
_ENDS = {
    None: pb.ENCOUNTER_END_UNSPECIFIED,
    End.PLAYED: pb.ENCOUNTER_END_PLAYED,
    End.LEVEL: pb.ENCOUNTER_END_LEVEL,
    End.SEED: pb.ENCOUNTER_END_SEED,
    End.BYE: pb.ENCOUNTER_END_BYE,
    End.FORFEIT: pb.ENCOUNTER_END_FORFEIT,
    End.VOID: pb.ENCOUNTER_END_VOID,
}


def asked_of(request: pb.CreateTournamentRequest) -> tuple[str, Asked]:
    """The id of a request and what it asks for; what else is bound, `Plan` says.

    Raises:
        InvalidArgument: a field that is wrong, named with its value.
    """
    request_id = REQUEST_ID.check("request_id", request.request_id)
    if request.format not in _FORMATS:
        known = ", ".join(map(pb.TournamentFormat.Name, _FORMATS))
        raise InvalidArgument(f"format: {request.format} is none of {known}")
    if request.seeding not in _SEEDINGS:
        known = ", ".join(map(pb.TournamentSeeding.Name, _SEEDINGS))
        raise InvalidArgument(f"seeding: {request.seeding} is none of {known}")
    if request.seed > _LAST_SEED:
        raise InvalidArgument(f"seed: {request.seed} is outside 0..{_LAST_SEED}")
    if request.game:
        GAME.check("game", request.game)
    elif request.HasField("settings"):
        raise InvalidArgument(
            "settings: are set without a game; name the game, or leave both to the first version"
        )
    settings = None
    if request.HasField("settings"):
        with within("settings"):
            settings = settings_from_proto(request.settings)
    return request_id, Asked(
        _FORMATS[request.format],
        _SEEDINGS[request.seeding],
        _entrants(request.entrants),
        request.seed,
        request.rounds,
        request.best_of or 1,
        request.game,
        settings,
        request.rated if request.HasField("rated") else None,
        _patience(request.patience),
        text("title", request.title, _MAX_TITLE),
        text("starter", request.starter, _MAX_STARTER),
    )


def tournament_message(
    run: TournamentRun, folded: Tournament, *, with_entrants: bool = True
) -> pb.Tournament:
    """A tournament with its standings."""
    message = pb.Tournament(
        summary=summary(run),
        standings=[
            pb.TournamentStanding(
                entrant=row.entrant,
                place=folded.places[row.entrant],
                points=row.points,
                median_buchholz=row.median_buchholz,
                buchholz=row.buchholz,
                between=row.between,
                sonneborn_berger=row.sonneborn_berger,
                match_points=row.match_points,
                encounters=row.encounters,
            )
            for row in folded.standings
        ],
    )
    if with_entrants:
        message.entrants.extend(
            pb.TournamentEntrant(name=one.name, members=one.members) for one in run.entrants
        )
    return message


def summary(run: TournamentRun) -> pb.TournamentSummary:
    """A tournament in short."""
    return pb.TournamentSummary(
        tournament_id=run.tournament_id,
        request_id=run.request_id,
        title=run.asked.title,
        state=_STATES[run.state],
        format=_TOLD_FORMATS[run.plan.format],
        seeding=_TOLD_SEEDINGS[run.asked.seeding],
        num_entrants=len(run.entrants),
        seed=run.plan.seed,
        rounds=run.plan.number_of_rounds,
        best_of=run.plan.best_of,
        game=run.game,
        settings=settings_to_proto(run.settings),
        ladder=run.ladder,
        rated=run.rated,
        patience=_duration(run.asked.patience),
        played=run.played,
        outstanding=len(run.out),
        winners=[run.entrants[one].name for one in run.winners],
        starter=run.asked.starter,
        key_id=run.key_id,
        explanation=run.explanation,
        create_time=_time(run.create_time),
        end_time=None if run.running else _time(run.end_time),
    )


def encounter_messages(
    run: TournamentRun, encounters: Iterable[Encounter]
) -> list[pb.TournamentEncounter]:
    """Encounters, with what they wait for."""
    out = {one.key: one for one in run.out}
    return [encounter_message(one, out.get(one.key)) for one in encounters]


def encounter_message(one: Encounter, out: Out | None) -> pb.TournamentEncounter:
    """An encounter; `out` is its match that is out."""
    return pb.TournamentEncounter(
        key=one.key,
        round=one.round,
        first=one.first,
        second=one.second,
        first_points=one.points[0],
        second_points=one.points[1],
        matches=one.matches,
        end=_ENDS[one.end],
        winner=one.winner,
        absent=one.absent,
        deadline=_time(out.deadline) if out is not None and out.deadline else None,
    )


def part_message(
    run: TournamentRun, part: Part, player: str, game_address: str
) -> pb.TakePartResponse:
    """What a person is told; `game_address` where Game is one."""
    if part.over:
        words = run.explanation if not run.running else "there is nothing more to play"
        return pb.TakePartResponse(over=pb.TournamentOver(place=part.place, explanation=words))
    encounter = None if part.encounter is None else encounter_message(part.encounter, part.out)
    number = 0 if part.out is None else part.out.number
    seats = () if part.out is None else part.out.seats.get(player, ())
    if part.out is None or part.encounter is None or not seats:
        return pb.TakePartResponse(
            waiting=pb.TournamentWait(encounter=encounter, number=number, opponent=part.opponent)
        )
    return pb.TakePartResponse(
        matched=pb.TournamentSeats(
            seats=[
                pb.Matched(
                    match_id=run.match_id(part.out.key, part.out.number),
                    game_id=one.game_id,
                    seat_token=one.seat_token,
                    seat=one.seat,
                    participants=run.participants(part.encounter),
                    game_address=one.game_address or game_address,
                )
                for one in seats
            ],
            encounter=encounter,
            number=number,
            opponent=part.opponent,
        )
    )


def _entrants(given: Iterable[pb.TournamentEntrant]) -> tuple[Entrant, ...]:
    found = [_entrant(f"entrants[{index}]", one) for index, one in enumerate(given)]
    if not LEAST_ENTRANTS <= len(found) <= MOST_ENTRANTS:
        raise InvalidArgument(
            f"entrants: {len(found)} are named; {LEAST_ENTRANTS}..{MOST_ENTRANTS} can take part"
        )
    return tuple(found)


def _entrant(field: str, given: pb.TournamentEntrant) -> Entrant:
    if given.name:
        ENTRANT.check(f"{field}.name", given.name)
    if not 1 <= len(given.members) <= _MOST_MEMBERS:
        raise InvalidArgument(
            f"{field}.members has {len(given.members)} entries; expected 1..{_MOST_MEMBERS}"
        )
    for index, member in enumerate(given.members):
        if not PLAYER.accepts(member):
            parse_reference(member, f"{field}.members[{index}]")
    return Entrant(given.name, tuple(given.members))


def _patience(given: Duration) -> float:
    seconds = given.ToNanoseconds() / 1e9 or _DEFAULT_PATIENCE
    if not _LEAST_PATIENCE <= seconds <= _MOST_PATIENCE:
        raise InvalidArgument(
            f"patience: {seconds:g} s is outside {_LEAST_PATIENCE:g}..{_MOST_PATIENCE:g} s"
        )
    return seconds


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromNanoseconds(round(seconds * 1e9))
    return duration


def _time(seconds: float) -> Timestamp:
    time = Timestamp()
    time.FromNanoseconds(round(seconds * 1e9))
    return time
