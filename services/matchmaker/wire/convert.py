"""Requests to the core's types, with validation, and the core's types to responses."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.duration_pb2 import Duration

from mazemesh.errors import InvalidArgument, Reason
from mazemesh.names import MOST_PARTICIPANTS, OPPONENT, POLICY, SEEKER
from mazemesh.v1 import matchmaker_pb2 as pb
from services._harness.peers.known_games import KnownGame
from services.matchmaker.lobby.lobby import Waiting
from services.matchmaker.lobby.tickets import Wish
from services.matchmaker.rating.ladders import ladder_of
from services.matchmaker.rating.leases import Match
from services.matchmaker.setup import CreatedMatch
from services.matchmaker.training.opponents import Opponent, Source
from services.matchmaker.training.outcomes import Form, Outcomes
from services.matchmaker.wire.matches import created_message, setup_message

_MAX_OUTCOMES = 4096
_MAX_POOL = 16
_MAX_GAMES = 10_000_000
_MAX_WAIT = 3600.0
_DEFAULT_WAIT = 60.0

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


def wish_of(request: pb.FindMatchRequest, game: KnownGame, owner: str) -> Wish:
    """What a player asks for; `game` is known under settings without reward shaping.

    `owner` is the id of the key that asks.

    Raises:
        InvalidArgument: names the field.
    """
    SEEKER.check("player", request.player)
    bot_after = _seconds("bot_after", request.bot_after) if request.HasField("bot_after") else None
    ladder = ladder_of(game)
    if request.rated and ladder.is_shared:
        raise InvalidArgument(
            f"rated: all players of {request.game} win and lose together, so it is rated by whole "
            "teams of one policy; players who meet can play it unrated"
        )
    return Wish(
        player=request.player,
        ladder=ladder.name,
        game=ladder.game,
        settings=ladder.settings,
        # Who waits for others holds one seat; a game of one seat is a time trial of two.
        size=ladder.settings.seats if ladder.settings.seats > 1 else ladder.players,
        rated=request.rated,
        max_wait=_seconds("max_wait", request.max_wait) or _DEFAULT_WAIT,
        bot_after=bot_after,
        bots=ladder.bots,
        owner=owner,
    )


def news(waiting: Waiting, game_address: str) -> pb.FindMatchResponse:
    """`queued`, or `matched` once the ticket has a seat; `game_address` where Game is one."""
    ticket = waiting.ticket
    response = pb.FindMatchResponse(ticket_id=ticket.ticket_id)
    if ticket.seat is None:
        response.queued.since_time.FromNanoseconds(round(ticket.since * 1e9))
        response.queued.rating = ticket.rating
        response.queued.window = waiting.window
        response.queued.tickets_waiting = waiting.tickets
        return response
    seat = ticket.seat
    response.matched.CopyFrom(
        pb.Matched(
            match_id=seat.match_id,
            game_id=seat.game_id,
            seat_token=seat.seat_token,
            seat=seat.seat,
            participants=seat.participants,
            game_address=seat.game_address or game_address,
        )
    )
    return response


def _seconds(field: str, duration: Duration) -> float:
    seconds = duration.ToNanoseconds() / 1e9
    if not 0.0 <= seconds <= _MAX_WAIT:
        raise InvalidArgument(f"{field}: {seconds:g} s is outside 0..{_MAX_WAIT:g} s")
    return seconds
