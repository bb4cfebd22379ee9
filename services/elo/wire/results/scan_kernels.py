"""Reads match results off the wire by compiled code, as long as nothing about them is unusual.

What is read is what protobuf's own encoder writes for a duel that is right: fields in the order of
their numbers, none of them with its default value, numbers packed and in their shortest form. For
anything else the answer is -1, and `validation` says what is wrong, or accepts it. So what is
accepted here is accepted there, and its bytes are those that stand in the log. All of it is in this
file because numba's cache notices changes of this file alone.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from mazemesh.machine_code import compiled
from mazemesh.v1 import elo_pb2
from services.elo.log.batch import Floats, Integers

Bytes = npt.NDArray[np.uint8]


def _tag(message: str, field: str, wire_type: int) -> int:
    found = elo_pb2.DESCRIPTOR.message_types_by_name[message].fields_by_name[field]
    return found.number << 3 | wire_type


_VARINT, _LENGTH = 0, 2
_RESULTS = _tag("RecordResultsRequest", "results", _LENGTH)
_MATCH_ID = _tag("MatchResult", "match_id", _LENGTH)
_LADDER = _tag("MatchResult", "ladder", _LENGTH)
_SEED = _tag("MatchResult", "seed", _VARINT)
_RULES = _tag("MatchResult", "rules_hash", _LENGTH)
_PARTICIPANTS = _tag("MatchResult", "participants", _LENGTH)
_GAMES = _tag("MatchResult", "games", _LENGTH)
_FINISH = _tag("MatchResult", "finish_time", _LENGTH)
_GAME_ID = _tag("GameOutcome", "game_id", _LENGTH)
_ROTATION = _tag("GameOutcome", "rotation", _VARINT)
_SCORES = _tag("GameOutcome", "scores", _LENGTH)
_STEPS = _tag("GameOutcome", "steps", _LENGTH)
_TERMINATION = _tag("GameOutcome", "termination", _VARINT)
_SECONDS, _NANOS = 1 << 3, 2 << 3  # of google.protobuf.Timestamp

_LONGEST_NAME, _LONGEST_GAME_ID, _LONGEST_RULES = 128, 160, 128
_MOST_GAMES = 64
_MOST_INT32 = 2**31 - 1
_LAST_SECOND = 9_000_000_000
_TOLERANCE = 1e-6
_LAST_TERMINATION = max(elo_pb2.Termination.values())

SPANS = 10
"""Of a result: beginning and end of itself, match id, ladder, first and second participant."""

_B1 = numba.types.Array(numba.uint8, 1, "C", readonly=True)
_I1 = numba.int64[::1]
_I2 = numba.int64[:, ::1]
_F2 = numba.float64[:, ::1]
_OUT = (_I2, _I1, _I1, _F2, _I1, _I1)


@numba.njit(inline="always", error_model="numpy")
def _number(data: Bytes, at: int, end: int) -> tuple[np.uint64, int]:
    """A varint in its shortest form, and where it ends, or -1."""
    value = np.uint64(0)
    for place in range(10):
        if at + place >= end:
            return value, -1
        byte = data[at + place]
        if place == 9 and byte > 1:
            return value, -1
        value |= np.uint64(byte & 0x7F) << np.uint64(7 * place)
        if byte < 0x80:
            return value, (-1 if place > 0 and byte == 0 else at + place + 1)
    return value, -1


@numba.njit(inline="always", error_model="numpy")
def _positive(data: Bytes, at: int, end: int, most: int) -> tuple[int, int]:
    """A varint from 1 to `most`, and where it ends, or -1."""
    value, after = _number(data, at, end)
    if after < 0 or value < np.uint64(1) or value > np.uint64(most):
        return 0, -1
    return np.int64(value), after  # type: ignore[return-value]


@numba.njit(inline="always", error_model="numpy")
def _visible(data: Bytes, at: int, end: int, most: int) -> tuple[int, int]:
    """Beginning and end of 1 to `most` visible characters of ASCII; -1 for others."""
    length, start = _positive(data, at, end, most)
    if start < 0 or start + length > end:
        return 0, -1
    for place in range(start, start + length):
        if data[place] < 0x21 or data[place] > 0x7E:
            return 0, -1
    return start, start + length


@numba.njit(inline="always", error_model="numpy")
def _game(
    data: Bytes,
    at: int,
    end: int,
    scores: Floats,
    seats: Integers,
    row: int,
    word: npt.NDArray[np.uint32],
) -> int:
    """Reads one game; its rotation, or -1."""
    rotation = count = 0
    if at < end and data[at] == _GAME_ID:
        _, at = _visible(data, at + 1, end, _LONGEST_GAME_ID)
        if at < 0:
            return -1
    if at < end and data[at] == _ROTATION:
        rotation, at = _positive(data, at + 1, end, _MOST_INT32)
        if at < 0:
            return -1
    if at + 10 > end or data[at] != _SCORES or data[at + 1] != 8:
        return -1
    at += 2
    for side in range(2):
        word[side] = (
            np.uint32(data[at])
            | np.uint32(data[at + 1]) << np.uint32(8)
            | np.uint32(data[at + 2]) << np.uint32(16)
            | np.uint32(data[at + 3]) << np.uint32(24)
        )
        at += 4
    values = word.view(np.float32)
    one, other = np.float64(values[0]), np.float64(values[1])
    if not (0.0 <= one <= 1.0 and 0.0 <= other <= 1.0):
        return -1
    if abs(one + other - 1.0) > _TOLERANCE:
        return -1
    scores[row, 0], scores[row, 1] = one, other
    if at < end and data[at] == _STEPS:
        length, at = _positive(data, at + 1, end, 20)
        if at < 0 or at + length > end:
            return -1
        stop = at + length
        while at < stop:
            value, at = _number(data, at, stop)
            if at < 0 or value > np.uint64(_MOST_INT32):
                return -1
            count += 1
        if count > 2:
            return -1
    if at < end and data[at] == _TERMINATION:
        _, at = _positive(data, at + 1, end, _LAST_TERMINATION)
    # See `log.match.Game.seat`.
    seats[row] = 0 if rotation > 1 or count > 1 else 1 - 2 * rotation
    return rotation if at == end else -1


@numba.njit(error_model="numpy")
def _result(
    data: Bytes,
    at: int,
    end: int,
    row: int,
    used: int,
    spans: Integers,
    games: Integers,
    starts: Integers,
    scores: Floats,
    finishes: Integers,
    seats: Integers,
    rotations: Integers,
    word: npt.NDArray[np.uint32],
) -> int:
    """Reads one result; how many rows of scores are used then, or -1."""
    spans[row, 0], spans[row, 1] = at, end
    if at >= end or data[at] != _MATCH_ID:
        return -1
    start, at = _visible(data, at + 1, end, _LONGEST_NAME)
    spans[row, 2], spans[row, 3] = start, at
    if at < 0 or at >= end or data[at] != _LADDER:
        return -1
    start, at = _visible(data, at + 1, end, _LONGEST_NAME)
    spans[row, 4], spans[row, 5] = start, at
    if at < 0:
        return -1
    if at < end and data[at] == _SEED:
        value, at = _number(data, at + 1, end)
        if at < 0 or value == np.uint64(0):
            return -1
    if at < end and data[at] == _RULES:
        length, at = _positive(data, at + 1, end, _LONGEST_RULES)
        if at < 0 or at + length > end:
            return -1
        for place in range(at, at + length):
            if data[place] > 0x7F:
                return -1
        at += length
    for side in range(2):
        if at >= end or data[at] != _PARTICIPANTS:
            return -1
        start, at = _visible(data, at + 1, end, _LONGEST_NAME)
        spans[row, 6 + 2 * side], spans[row, 7 + 2 * side] = start, at
        if at < 0:
            return -1
    if spans[row, 7] - spans[row, 6] == spans[row, 9] - spans[row, 8]:
        same = True
        for place in range(spans[row, 7] - spans[row, 6]):
            same &= data[spans[row, 6] + place] == data[spans[row, 8] + place]
        if same:
            return -1
    count = 0
    while at < end and data[at] == _GAMES:
        length, at = _positive(data, at + 1, end, len(data))
        if at < 0 or at + length > end or count == _MOST_GAMES or used + count == len(scores):
            return -1
        rotation = _game(data, at, at + length, scores, seats, used + count, word)
        if rotation < 0:
            return -1
        for earlier in range(count):
            if rotations[earlier] == rotation:
                return -1
        rotations[count] = rotation
        count += 1
        at += length
    if count == 0 or at + 2 > end or data[at] != _FINISH or data[at + 1] != end - at - 2:
        return -1
    at += 2
    seconds = nanos = 0
    if at < end and data[at] == _SECONDS:
        seconds, at = _positive(data, at + 1, end, _LAST_SECOND)
        if at < 0:
            return -1
    if at < end and data[at] == _NANOS:
        nanos, at = _positive(data, at + 1, end, 999_999_999)
    if at != end:
        return -1
    games[row], starts[row] = count, used
    finishes[row] = seconds * 1_000_000_000 + nanos
    return used + count


@compiled(numba.int64(_B1, *_OUT), nogil=True, error_model="numpy")
def request(
    data: Bytes,
    spans: Integers,
    games: Integers,
    starts: Integers,
    scores: Floats,
    finishes: Integers,
    seats: Integers,
) -> int:
    """Reads a RecordResultsRequest; the number of its results, or -1.

    Args:
        data: The message.
        spans: Taken for where things are in it; see `SPANS` [results, 10].
        games: Taken for the number of games [results].
        starts: Taken for the row of `scores` at which they begin.
        scores: Taken for the scores of both [games of all, 2].
        finishes: Taken for nanoseconds since 1970.
        seats: Taken for who had the first place in each game.
    """
    rotations, word = np.empty(_MOST_GAMES, np.int64), np.empty(2, np.uint32)
    at = used = row = 0
    while at < len(data):
        if data[at] != _RESULTS or row == len(spans):
            return -1
        length, at = _positive(data, at + 1, len(data), len(data))
        if at < 0 or at + length > len(data):
            return -1
        end = at + length
        used = _result(
            *(data, at, end, row, used, spans, games, starts, scores, finishes, seats),
            *(rotations, word),
        )
        if used < 0:
            return -1
        row += 1
        at += length
    return row


@compiled(numba.int64(_B1, _I1, *_OUT), nogil=True, error_model="numpy")
def payloads(
    data: Bytes,
    ends: Integers,
    spans: Integers,
    games: Integers,
    starts: Integers,
    scores: Floats,
    finishes: Integers,
    seats: Integers,
) -> int:
    """As `request`, of results that stand one after the other and end at `ends`."""
    rotations, word = np.empty(_MOST_GAMES, np.int64), np.empty(2, np.uint32)
    at = used = 0
    for row in range(len(ends)):
        end = ends[row]
        used = _result(
            *(data, at, end, row, used, spans, games, starts, scores, finishes, seats),
            *(rotations, word),
        )
        if used < 0:
            return -1
        at = ends[row]
    return len(ends)
