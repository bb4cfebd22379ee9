"""Vacant seats on the wire."""

from __future__ import annotations

from mazemesh.errors import InvalidArgument
from mazemesh.games.ladder import ladder
from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire.specs import settings_to_proto
from services.game.matches.match_host import VacantSeat
from services.game.wire.convert import timestamp

_LONGEST_VACANT = 3600.0


def vacant_for(request: pb.ListVacantSeatsRequest) -> float:
    """Seconds that seats have to have stood empty.

    Raises:
        InvalidArgument: it is negative, or more than an hour.
    """
    seconds = request.vacant_for.ToNanoseconds() / 1e9
    if not 0.0 <= seconds <= _LONGEST_VACANT:
        raise InvalidArgument(f"vacant_for: {seconds:g} s is outside 0..{_LONGEST_VACANT:g} s")
    return seconds


def vacant_seat(vacant: VacantSeat, since: float, game_address: str) -> pb.VacantSeat:
    """A seat of the instance at an address; `since` in seconds since the epoch."""
    setup = vacant.game.match.setup
    return pb.VacantSeat(
        match_id=setup.match_id,
        game_id=vacant.game.game_id,
        seat=vacant.seat,
        game=setup.game.name,
        settings=settings_to_proto(setup.settings),
        participants=vacant.game.names,
        vacant_since_time=timestamp(since),
        ladder=ladder(setup.game, setup.settings),
        game_address=game_address,
    )
