"""The bytes of a RunGames response -> arrays that look into them, without a copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.protobuf_wire import LENGTH_DELIMITED, VARINT, read_varint, tag
from mazemesh.v1 import game_pb2 as pb

_STEP = tag(pb.RunGamesResponse.STEP_FIELD_NUMBER, LENGTH_DELIMITED)
_SEQUENCE = pb.GamesStep.SEQUENCE_FIELD_NUMBER
_NAMES = {
    field.number: field.name
    for field in pb.GamesStep.DESCRIPTOR.fields
    if field.type == field.TYPE_BYTES
}


class StepBytes:
    """A GamesStep: its sequence, and where the bytes of each array stand in the response."""

    def __init__(self, response: bytes) -> None:
        """Reads a RunGamesResponse that holds a step and nothing else.

        Raises:
            ValueError: it is anything else.
        """
        self.sequence = 0
        self._response = response
        self._places: dict[str, tuple[int, int]] = {}
        if not response.startswith(_STEP):
            raise ValueError("the response is not a step")
        try:
            size, at = read_varint(response, len(_STEP))
            if at + size != len(response):
                raise ValueError(f"the step has {size} bytes of {len(response)}")
            while at < len(response):
                at = self._read_field(at)
        except IndexError as error:
            raise ValueError("the response is cut off") from error

    def view(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """A read-only view of an array's little-endian bytes; one entry of the shape may be -1."""
        begin, size = self._places.get(name, (0, 0))
        count = size // dtype.itemsize
        return np.frombuffer(self._response, dtype, count, begin).reshape(shape)

    def _read_field(self, at: int) -> int:
        key, at = read_varint(self._response, at)
        number, wire_type = key >> 3, key & 7
        if wire_type == VARINT:
            value, at = read_varint(self._response, at)
            if number == _SEQUENCE:
                self.sequence = value
            return at
        if wire_type != LENGTH_DELIMITED:
            raise ValueError(f"field {number} has wire type {wire_type}")
        size, at = read_varint(self._response, at)
        if at + size > len(self._response):
            raise ValueError(f"field {number} is cut off")
        if number in _NAMES:
            self._places[_NAMES[number]] = at, size
        return at + size


def encode_message(step: pb.GamesStep) -> StepBytes:
    """The same of a step that came in another message."""
    return StepBytes(pb.RunGamesResponse(step=step).SerializeToString())
