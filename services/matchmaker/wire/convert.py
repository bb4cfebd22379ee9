"""Requests to the core's types, with validation, and the core's types to responses."""

from __future__ import annotations

from collections.abc import Sequence

from mazemesh.errors import InvalidArgument, Reason
from mazemesh.names import MOST_PARTICIPANTS, OPPONENT, POLICY
from mazemesh.v1 import matchmaker_pb2 as pb
from services.matchmaker.rating.leases import Match
from services.matchmaker.setup import CreatedMatch
from services.matchmaker.training.opponents import Opponent, Source
from services.matchmaker.training.outcomes import Form, Outcomes
from services.matchmaker.wire.matches import created_message, setup_message

_MAX_OUTCOMES = 4096
_MAX_POOL = 16
_MAX_GAMES = 10_000_000

_SOURCES = {
    Source.LATEST: pb.OPPONENT_SOURCE_LATEST,
    Source.PFSP: pb.OPPONENT_SOURCE_PFSP,
    Source.BOT: pb.OPPONENT_SOURCE_BOT,
}


def in_range(field: str, value: int, low: int, high: int) -> int:
    """A number from low to high."""
    if not low <= value <= high:
        raise InvalidArgument(f"{field}: {value} is outside {low}..{high}")
    return value


def sides_of(request: pb.SampleOpponentsRequest) -> int:
    """How many sides play against each other."""
    return in_range("sides", request.sides, 0, MOST_PARTICIPANTS) or 2


def outcomes_of(request: pb.SampleOpponentsRequest) -> dict[str, Outcomes]:
    """Outcomes by opponent; several about one opponent are added up."""
    in_range("outcomes", len(request.outcomes), 0, _MAX_OUTCOMES)
    sides = sides_of(request)
    if sides == 1:
        return {}
    found: dict[str, Outcomes] = {}
    for index, one in enumerate(request.outcomes):
        field = f"outcomes[{index}]"
        opponent = OPPONENT.check(f"{field}.opponent", one.opponent)
        before = found.get(opponent, Outcomes(0, 0, 0, sides))
        found[opponent] = Outcomes(
            before.wins + in_range(f"{field}.wins", one.wins, 0, _MAX_GAMES),
            before.draws + in_range(f"{field}.draws", one.draws, 0, _MAX_GAMES),
            before.losses + in_range(f"{field}.losses", one.losses, 0, _MAX_GAMES),
            sides,
        )
    return found


def whom_to_meet(request: pb.SampleOpponentsRequest) -> tuple[list[str], str]:
    """`pool` and `exploits` of a request."""
    in_range("pool", len(request.pool), 0, _MAX_POOL)
    others = [POLICY.check(f"pool[{index}]", one) for index, one in enumerate(request.pool)]
    if len({*others, request.student}) <= len(others):
        raise InvalidArgument(
            f"pool: {others} should name each policy once, and not the student {request.student!r}"
        )
    if request.exploits_pool and (request.exploits or request.adversaries or not others):
        raise InvalidArgument(
            f"exploits_pool: it wants names in pool, which has {others}, and neither exploits nor "
            "adversaries"
        )
    if not request.exploits:
        return others, ""
    target = POLICY.check("exploits", request.exploits)
    if sides_of(request) == 1:
        raise InvalidArgument(
            f"exploits: {target!r} cannot be exploited in {request.game}, as all players win and "
            "lose together there; exploits must be empty",
            reason=Reason.NO_ADVERSARY,
        )
    if target == request.student or others:
        raise InvalidArgument(
            f"exploits: {target!r} should be another policy than the student {request.student!r}, "
            f"and pool empty; it is {others}"
        )
    return [], target


def adversaries_of(request: pb.SampleOpponentsRequest) -> list[str]:
    """`adversaries` of a request."""
    in_range("adversaries", len(request.adversaries), 0, _MAX_POOL)
    told = [POLICY.check(f"adversaries[{at}]", one) for at, one in enumerate(request.adversaries)]
    if len({*told, *request.pool, request.student}) <= len(told) + len(request.pool):
        raise InvalidArgument(
            f"adversaries: {told} should name each policy once, and none of the student "
            f"{request.student!r} and of pool"
        )
    if told and request.exploits:
        raise InvalidArgument(
            f"adversaries: {told} should be empty where exploits is set; it is {request.exploits!r}"
        )
    return told


def records_response(
    records: Sequence[tuple[str, str, Form]], following: str
) -> pb.ListTrainingRecordsResponse:
    """Training records in their order, and the token of the next page."""
    return pb.ListTrainingRecordsResponse(
        records=[
            pb.TrainingRecord(
                student=student, opponent=opponent, games=form.games, win_rate=form.win_rate
            )
            for student, opponent, form in records
        ],
        next_page_token=following,
    )


def opponents_response(opponents: list[Opponent]) -> pb.SampleOpponentsResponse:
    """Opponents in their drawn order."""
    return pb.SampleOpponentsResponse(
        opponents=[pb.Opponent(policy=one.policy, source=_SOURCES[one.source]) for one in opponents]
    )


def leased_match(match: Match, created: CreatedMatch, temperature: float) -> pb.LeasedMatch:
    """A match under its lease, with the games to join."""
    leased = pb.LeasedMatch(
        match_id=match.match_id,
        fence=match.fence,
        setup=setup_message(match.setup),
        created=created_message(created),
        temperature=temperature,
        game_address=created.game_address,
    )
    leased.expire_time.FromNanoseconds(round(match.expire_time * 1e9))
    return leased
