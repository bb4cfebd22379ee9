"""Columns as compressed bytes, the form in which ladders, standings and histories are stored."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from services.elo.models.pairs import COLUMNS, Floats
from services.elo.models.spread import Covariance, Samples, Spread
from services.elo.standings.points import Points
from services.elo.store import Fitted, LadderState

_VERSION = 1
_LEVEL = 1
_HEAD = struct.Struct("<BI")  # version, length of what comes first
_SPREAD = struct.Struct("<BII")  # version, players, draws or 0
ROWS_OF_A_PART = 65_536
"""Pairs in one row of the table `elo_pairs`: 5.8 MB before they are compressed."""

_POINT = np.dtype([("sequence", "<i8"), ("rating", "<f8"), ("score", "<f8")])


def records(state: LadderState) -> bytes:
    """Names and records of a ladder's players."""
    names = json.dumps(list(state.players)).encode()
    return _packed(names + _bytes(state.ratings) + _bytes(state.numbers), len(names))


def read_records(body: bytes) -> tuple[list[str], Floats, npt.NDArray[np.int64]]:
    """Names, ratings and numbers of the players."""
    content, length = _unpacked(body)
    names: list[str] = json.loads(content[:length])
    count = len(names)
    ratings = np.frombuffer(content, "<f8", count, length).astype(np.float64)
    numbers = np.frombuffer(content, "<i8", 5 * count, length + 8 * count)
    return names, ratings, numbers.reshape(5, count).astype(np.int64)


def parts_of_pairs(cells: Floats) -> list[bytes]:
    """Rows of pairs, column by column, since those of a column resemble each other."""
    starts = range(0, len(cells), ROWS_OF_A_PART)
    return [
        _packed(_bytes(cells[start : start + ROWS_OF_A_PART].T), min(ROWS_OF_A_PART, len(cells)))
        for start in starts
    ]


def read_pairs(parts: Sequence[bytes]) -> Floats:
    """The rows [rows, 11] of all parts."""
    found: list[Floats] = []
    for part in parts:
        content, _ = _unpacked(part)
        found.append(np.frombuffer(content, "<f8").reshape(COLUMNS, -1).T)
    return np.concatenate(found) if found else np.empty((0, COLUMNS))


def standings(fitted: Fitted) -> bytes:
    """Ratings, bounds and ranks."""
    return _packed(_bytes(fitted.columns) + _bytes(fitted.ranks.astype(np.int64)), 0)


def read_standings(body: bytes) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Columns [3, players] and ranks."""
    content, _ = _unpacked(body)
    count = len(content) // 32
    columns = np.frombuffer(content, "<f8", 3 * count).reshape(3, count).astype(np.float64)
    return columns, np.frombuffer(content, "<i8", count, 24 * count).astype(np.int64)


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
    _check(version)
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


def _packed(content: bytes, first: int) -> bytes:
    return _HEAD.pack(_VERSION, first) + zlib.compress(content, _LEVEL)


def _unpacked(body: bytes) -> tuple[bytes, int]:
    version, first = _HEAD.unpack_from(body)
    _check(version)
    return zlib.decompress(memoryview(body)[_HEAD.size :]), first


def _check(version: int) -> None:
    if version != _VERSION:
        raise ValueError(f"columns of version {version} are stored; this mazemesh knows {_VERSION}")
