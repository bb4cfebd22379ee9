"""What a step of RunGames did -> the bytes of its response, each array copied only once.

Through the generated class an array is copied four times: to `bytes`, into the message, out of it,
and into the message around it.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.protobuf_wire import VARINT, Buffer, bytes_field, message_field, tag, varint
from mazemesh.v1 import game_pb2 as pb
from services.game.batch import Report

_STEP = pb.RunGamesResponse.STEP_FIELD_NUMBER
_SEQUENCE = tag(pb.GamesStep.SEQUENCE_FIELD_NUMBER, VARINT)
_FIELDS = tuple(
    (name, pb.GamesStep.DESCRIPTOR.fields_by_name[name].number)
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
    )
)


def encode_step(sequence: int, report: Report) -> bytes:
    """A RunGamesResponse with a GamesStep."""
    parts: list[Buffer] = []
    if sequence:
        parts.append(_SEQUENCE + varint(sequence))
    for name, number in _FIELDS:
        array = getattr(report, name)
        if array.size:
            parts += bytes_field(number, _buffer(array))
    return b"".join(message_field(_STEP, parts))


def decode_step(response: bytes) -> pb.GamesStep:
    """The GamesStep of an encoded response."""
    return pb.RunGamesResponse.FromString(response).step


def _buffer(array: npt.NDArray[Any]) -> memoryview:
    """The array's little-endian bytes, without a copy where they stand so already."""
    if sys.byteorder == "big" and array.dtype.itemsize > 1:
        array = array.astype(array.dtype.newbyteorder("<"))
    return np.ascontiguousarray(array).data.cast("B")
