"""Tickets of the lobby on the wire."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration

from mazemesh.errors import (
    Cancelled,
    DeadlineExceeded,
    InvalidArgument,
    MazemeshError,
    Reason,
)
from mazemesh.names import ALIAS, POLICY, SEEKER
from mazemesh.v1 import matchmaker_pb2 as pb
from services._harness.calls.refusals import refusal
from services._harness.peers.known_games import KnownGame
from services.matchmaker.lobby.lobby import Waiting
from services.matchmaker.lobby.tickets import Ticket, TicketState, Wish
from services.matchmaker.rating.ladders import ladder_of

_MAX_WAIT = 3600.0
_DEFAULT_WAIT = 60.0


def wish_of(request: pb.FindMatchRequest, game: KnownGame, owner: str, person: str) -> Wish:
    """What a player asks for; `game` is known under settings without reward shaping.

    `owner` is the id of the key that asks, and `person` too where the key is one person's.

    Raises:
        InvalidArgument: names the field.
    """
    if not is_alias(request.player):
        SEEKER.check("player", request.player)
    bot_after = _seconds("bot_after", request.bot_after) if request.HasField("bot_after") else None
    ladder = ladder_of(game)
    if request.rated and ladder.is_shared:
        raise InvalidArgument(
            f"rated: all players of {request.game} win and lose together, so it is rated by whole "
            "teams of one policy; players who meet can play it unrated"
        )
    if request.backfill and (request.rated or request.party):
        raise InvalidArgument(
            "backfill: a seat of a match that runs is for one player, and unrated; rated should be "
            "false and party empty"
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
        party=_party(request, game),
        teams=_teams(game),
        person=person,
        backfill=request.backfill,
    )


def is_alias(player: str) -> bool:
    """Whether a player is "name:alias", for which the version is asked of Model."""
    name, _, alias = player.partition(":")
    return POLICY.accepts(name) and ALIAS.accepts(alias)


def news(waiting: Waiting, game_address: str) -> pb.FindMatchResponse:
    """`queued`, or `matched` once the ticket has a seat; `game_address` where Game is one."""
    ticket = waiting.ticket
    if ticket.seats:
        matched = _matched(ticket, game_address)
        return pb.FindMatchResponse(ticket_id=ticket.ticket_id, matched=matched)
    return pb.FindMatchResponse(ticket_id=ticket.ticket_id, queued=_queued(waiting))


def queued_news(waiting: Waiting) -> pb.TicketNews:
    """A ticket that was accepted."""
    ticket = waiting.ticket
    return pb.TicketNews(
        request_id=ticket.request_id, ticket_id=ticket.ticket_id, queued=_queued(waiting)
    )


def ended_news(ticket: Ticket, game_address: str) -> pb.TicketNews:
    """How a ticket ended."""
    if ticket.seats:
        return pb.TicketNews(
            request_id=ticket.request_id,
            ticket_id=ticket.ticket_id,
            matched=_matched(ticket, game_address),
        )
    return refused_news(ticket.request_id, ticket.ticket_id, why_ended(ticket))


def refused_news(request_id: str, ticket_id: str, error: MazemeshError) -> pb.TicketNews:
    """Why there is no ticket, or none any more."""
    told = refusal(error)
    refused = pb.TicketRefused(
        code=told.code.value[0], message=told.message, reason=str(error.reason)
    )
    return pb.TicketNews(request_id=request_id, ticket_id=ticket_id, refused=refused)


def why_ended(ticket: Ticket) -> MazemeshError:
    """Of a ticket that ended without a match."""
    if ticket.state is TicketState.CANCELLED:
        return Cancelled(f"ticket {ticket.ticket_id} was cancelled", reason=Reason.TICKET_CANCELLED)
    if ticket.gone_since is not None:
        return DeadlineExceeded(
            f"ticket {ticket.ticket_id} expired because its stream was gone; ask anew"
        )
    return DeadlineExceeded(
        f"no opponent within {ticket.wish.max_wait:g} s; raise max_wait or set bot_after"
    )


def _queued(waiting: Waiting) -> pb.Queued:
    queued = pb.Queued(
        rating=waiting.ticket.rating, window=waiting.window, tickets_waiting=waiting.tickets
    )
    queued.since_time.FromNanoseconds(round(waiting.ticket.since * 1e9))
    return queued


def _matched(ticket: Ticket, game_address: str) -> pb.Matched:
    own = ticket.seats[0]
    return pb.Matched(
        match_id=own.match_id,
        game_id=own.game_id,
        seat_token=own.seat_token,
        seat=own.seat,
        participants=own.participants,
        game_address=own.game_address or game_address,
        party=[
            pb.PartySeat(
                player=player, game_id=seat.game_id, seat_token=seat.seat_token, seat=seat.seat
            )
            for player, seat in zip(ticket.wish.party, ticket.seats[1:], strict=True)
        ],
        backfilled=own.backfilled,
        player=ticket.wish.player,
    )


def _party(request: pb.FindMatchRequest, game: KnownGame) -> tuple[str, ...]:
    party = tuple(request.party)
    if not party:
        return ()
    teams = _teams(game)
    if not teams:
        raise InvalidArgument(
            f"party: in {request.game} each plays for itself; a party is for games of teams"
        )
    most = max(map(teams.count, teams))
    if 1 + len(party) > most:
        raise InvalidArgument(
            f"party: {1 + len(party)} players do not fit into a team of {request.game}, which has "
            f"{most} seats"
        )
    for index, player in enumerate(party):
        SEEKER.check(f"party[{index}]", player)
    if len({request.player, *party}) <= len(party):
        raise InvalidArgument(
            f"party: {list(party)} should name each player once, and not {request.player!r}"
        )
    return party


def _teams(game: KnownGame) -> tuple[int, ...]:
    """Team of each seat; empty where each plays for itself."""
    teams = game.spec.teams
    return teams if len(set(teams)) < len(teams) else ()


def _seconds(field: str, duration: Duration) -> float:
    seconds = duration.ToNanoseconds() / 1e9
    if not 0.0 <= seconds <= _MAX_WAIT:
        raise InvalidArgument(f"{field}: {seconds:g} s is outside 0..{_MAX_WAIT:g} s")
    return seconds
