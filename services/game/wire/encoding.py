"""What a step of RunGames did -> the bytes of its response, each array copied only once.

Through the generated class an array is copied four times: to `bytes`, into the message, out of it,
and into the message around it.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire.protobuf import LENGTH_DELIMITED, VARINT, tag, varint
from services.game.play.batch import Report

_STEP = tag(pb.RunGamesResponse.STEP_FIELD_NUMBER, LENGTH_DELIMITED)
_SEQUENCE = tag(pb.GamesStep.SEQUENCE_FIELD_NUMBER, VARINT)
_FIELDS = tuple(
    (name, tag(pb.GamesStep.DESCRIPTOR.fields_by_name[name].number, LENGTH_DELIMITED))
    for name in (
        "observation",
        "action_mask",
        "reward",
        "status",
        "ended_games",
        "ended_scores",
        "ended_steps",
        "final_observation",
        "final_action_mask",
        "seat_status",
        "ended_successes",
    )
)


def encode_step(sequence: int, report: Report) -> bytes:
    """A RunGamesResponse with a GamesStep."""
    parts: list[Any] = [b""]  # the first is of the message around
    size = 0
    if sequence:
        parts.append(_SEQUENCE + varint(sequence))
        size = len(parts[1])
    for name, field in _FIELDS:
        array = getattr(report, name)
        if array.size:
            head = _head(field, array.nbytes)
            parts += head, _little_endian(array)
            size += len(head) + array.nbytes
    parts[0] = _head(_STEP, size)
    return b"".join(parts)


@lru_cache(maxsize=1024)
def _head(field: bytes, size: int) -> bytes:
    """What stands before the content of a field of bytes or of a message."""
    return field + varint(size)


def decode_step(response: bytes) -> pb.GamesStep:
    """The GamesStep of an encoded response."""
    return pb.RunGamesResponse.FromString(response).step


def _little_endian(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array as a buffer of little-endian bytes, without a copy where it is one already."""
    if sys.byteorder == "big" and array.dtype.itemsize > 1:
        array = array.astype(array.dtype.newbyteorder("<"))
    return array if array.flags.c_contiguous else np.ascontiguousarray(array)
