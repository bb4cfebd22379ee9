"""Filters, windows of time and other conditions of requests."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from mazemesh.names import POLICY
from mazemesh.v1 import elo_pb2
from services.elo.log.match import LAST_NANOSECOND
from services.elo.standings.filters import Filter
from services.elo.standings.folding.players import Kind
from services.elo.wire.validation import wrong

KINDS = {
    elo_pb2.PLAYER_KIND_POLICY: Kind.POLICY,
    elo_pb2.PLAYER_KIND_BOT: Kind.BOT,
    elo_pb2.PLAYER_KIND_PERSON: Kind.PERSON,
    elo_pb2.PLAYER_KIND_FOREIGN: Kind.FOREIGN,
}
TO_KINDS = {kind: number for number, kind in KINDS.items()}

ANY_TIME = (0, LAST_NANOSECOND + 1)
"""From and before, in nanoseconds since 1970-01-01 UTC."""

_LONGEST_PREFIX = 128


def chosen(prefix: str, asked: elo_pb2.PlayerFilter) -> Filter:
    """The filter of a request.

    Raises:
        InvalidArgument: a part of it is malformed.
    """
    if len(prefix) > _LONGEST_PREFIX:
        raise wrong("prefix", prefix[:_LONGEST_PREFIX], f"at most {_LONGEST_PREFIX} characters")
    run = asked.run.removeprefix("foreign/")  # versions of elsewhere have runs, too
    if run:
        POLICY.check("filter.run", run)
    kinds: set[Kind] = set()
    for place, number in enumerate(asked.kinds):
        kind = KINDS.get(number)
        if kind is None or kind in kinds:
            known = ", ".join(elo_pb2.PlayerKind.Name(one) for one in KINDS)
            raise wrong(f"filter.kinds[{place}]", int(number), f"must be one of {known}, once")
        kinds.add(kind)
    since = 0
    if asked.HasField("active_since"):
        since = nanoseconds("filter.active_since", asked.active_since)
    return Filter(prefix, asked.run, frozenset(kinds), since)


def window(
    request: elo_pb2.GetLeaderboardRequest
    | elo_pb2.GetHeadToHeadMatrixRequest
    | elo_pb2.GetRatingCurvesRequest
    | elo_pb2.ListResultsRequest,
) -> tuple[int, int]:
    """From when on and before when, in nanoseconds since 1970; `ANY_TIME` if neither is said.

    Raises:
        InvalidArgument: it is malformed or empty.
    """
    start, end = ANY_TIME
    if request.HasField("start_time"):
        start = nanoseconds("start_time", request.start_time)
    if request.HasField("end_time"):
        end = nanoseconds("end_time", request.end_time)
        if end <= start:
            raise wrong("end_time", request.end_time.ToJsonString(), "must be after start_time")
    return start, end


def nanoseconds(field: str, time: Timestamp) -> int:
    """Since 1970-01-01 UTC.

    Raises:
        InvalidArgument: it is before that, or after 2255.
    """
    right = f"must be from 1970 to 2255, at most {LAST_NANOSECOND // 10**9} seconds"
    try:
        found = time.ToNanoseconds()
    except ValueError as error:
        raise wrong(field, str(time).strip(), right) from error
    if not 0 <= found <= LAST_NANOSECOND:
        raise wrong(field, str(time).strip(), right)
    return found
