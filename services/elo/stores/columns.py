"""Columns as compressed bytes, the form in which ladders, standings and histories are stored."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from services.elo.models.arrays import Floats
from services.elo.models.counting.pairs import COLUMNS
from services.elo.models.fitting.spread import Covariance, Samples, Spread
from services.elo.models.skills import FIELDS
from services.elo.standings.folding.points import Points
from services.elo.store import Fitted, LadderState

_VERSION = 1
_WITH_SKILLS = 2
"""Of records, pairs and standings since there are several models and seats; 1 has neither."""
_LEVEL = 1
_HEAD = struct.Struct("<BI")  # version, length of what comes first
_SPREAD = struct.Struct("<BII")  # version, players, draws or 0
ROWS_OF_A_PART = 65_536
"""Pairs in one row of the table `elo_pairs`: 7.9 MB before they are compressed."""
_COLUMNS_BEFORE = 11
_SEAT = struct.Struct("<dd")

_POINT = np.dtype([("sequence", "<i8"), ("rating", "<f8"), ("score", "<f8")])


def records(state: LadderState) -> bytes:
    """Names and records of a ladder's players."""
    names = json.dumps(list(state.players)).encode()
    content = names + _bytes(state.ratings) + _bytes(state.numbers)
    if state.skills is None:
        return _packed(content, len(names))
    return _packed(content + _bytes(state.skills), len(names), _WITH_SKILLS)


def read_records(
    body: bytes,
) -> tuple[list[str], Floats, npt.NDArray[np.int64], Floats | None]:
    """Names, ratings, numbers and skills of the players."""
    content, length = _unpacked(body)
    names: list[str] = json.loads(content[:length])
    count = len(names)
    ratings = np.frombuffer(content, "<f8", count, length).astype(np.float64)
    numbers = np.frombuffer(content, "<i8", 5 * count, length + 8 * count)
    skills = None
    if body[0] == _WITH_SKILLS:
        values = np.frombuffer(content, "<f8", FIELDS * count, length + 48 * count)
        skills = values.reshape(count, FIELDS).astype(np.float64)
    return names, ratings, numbers.reshape(5, count).astype(np.int64), skills


def parts_of_pairs(cells: Floats) -> list[bytes]:
    """Rows of pairs, column by column, since those of a column resemble each other."""
    starts = range(0, len(cells), ROWS_OF_A_PART)
    return [
        _packed(_bytes(cells[start : start + ROWS_OF_A_PART].T), 0, _WITH_SKILLS)
        for start in starts
    ]


def read_pairs(parts: Sequence[bytes]) -> Floats:
    """The rows [rows, 15] of all parts."""
    found: list[Floats] = []
    for part in parts:
        content, _ = _unpacked(part)
        columns = COLUMNS if part[0] == _WITH_SKILLS else _COLUMNS_BEFORE
        cells = np.frombuffer(content, "<f8").reshape(columns, -1).T
        found.append(np.pad(cells, ((0, 0), (0, COLUMNS - columns))))
    return np.concatenate(found) if found else np.empty((0, COLUMNS))


def standings(fitted: Fitted) -> bytes:
    """Ratings, bounds, ranks and the seat effect."""
    content = _bytes(fitted.columns) + _bytes(fitted.ranks.astype(np.int64))
    return _packed(content + _SEAT.pack(*fitted.seat), 0, _WITH_SKILLS)


def read_standings(
    body: bytes,
) -> tuple[Floats, npt.NDArray[np.int64], tuple[float, float]]:
    """Columns [3, players], ranks and the seat effect."""
    content, _ = _unpacked(body)
    count = len(content) // 32
    seat = _SEAT.unpack_from(content, 32 * count) if body[0] == _WITH_SKILLS else (0.0, 0.0)
    columns = np.frombuffer(content, "<f8", 3 * count).reshape(3, count).astype(np.float64)
    ranks = np.frombuffer(content, "<i8", count, 24 * count).astype(np.int64)
    return columns, ranks, seat


def spread(of_ratings: Spread) -> bytes:
    """How sure ratings are, in 32 bits: of a covariance its upper triangle."""
    if isinstance(of_ratings, Covariance):
        count = len(of_ratings.matrix)
        upper = of_ratings.matrix[np.triu_indices(count)]
        return _SPREAD.pack(_VERSION, count, 0) + _bytes(upper.astype(np.float32))
    if isinstance(of_ratings, Samples):
        head = _SPREAD.pack(_VERSION, *of_ratings.draws.shape)
        draws = of_ratings.draws.astype(np.float32)
        return head + _bytes(of_ratings.variances) + _bytes(draws)
    raise TypeError(f"{type(of_ratings).__name__} is no spread that is stored")


def read_spread(body: bytes) -> Spread:
    """What `spread` wrote."""
    version, count, draws = _SPREAD.unpack_from(body)
    if version != _VERSION:
        raise _unknown(version)
    at = _SPREAD.size
    if draws:
        variances = np.frombuffer(body, "<f8", count, at).astype(np.float64)
        of_players = np.frombuffer(body, "<f4", count * draws, at + 8 * count)
        return Samples(variances, of_players.reshape(count, draws).astype(np.float32))
    matrix = np.zeros((count, count), np.float32)
    matrix[np.triu_indices(count)] = np.frombuffer(body, "<f4", offset=at)
    return Covariance(matrix + np.triu(matrix, 1).T)


def points(of_player: Points) -> bytes:
    """Points of one player; which of its matches they are of follows from the first."""
    rows = np.empty(len(of_player), _POINT)
    rows["sequence"], rows["rating"], rows["score"] = (
        of_player.sequences,
        of_player.ratings,
        of_player.scores,
    )
    return rows.tobytes()


def read_points(player: int, first: int, body: bytes) -> Points:
    """What `points` wrote."""
    rows = np.frombuffer(body, _POINT)
    count = len(rows)
    return Points(
        rows["sequence"].astype(np.int64),
        np.full(count, player, np.intp),
        np.arange(first, first + count),
        rows["rating"].astype(np.float64),
        rows["score"].astype(np.float64),
    )


def _bytes(values: npt.NDArray[Any]) -> bytes:
    return np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()


def _packed(content: bytes, first: int, version: int = _VERSION) -> bytes:
    return _HEAD.pack(version, first) + zlib.compress(content, _LEVEL)


def _unpacked(body: bytes) -> tuple[bytes, int]:
    version, first = _HEAD.unpack_from(body)
    if version not in (_VERSION, _WITH_SKILLS):
        raise _unknown(version)
    return zlib.decompress(memoryview(body)[_HEAD.size :]), first


def _unknown(version: int) -> ValueError:
    return ValueError(
        f"columns of version {version} are stored; this mazemesh knows 1 to {_WITH_SKILLS}"
    )
