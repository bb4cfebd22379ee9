"""What a step of RunGames did <-> the bytes of its response: copied once, and read in place.

Through the generated class an array is copied four times: to `bytes`, into the message, out of it,
and into the message around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.games.spaces.arrays import Column
from mazemesh.v1 import game_pb2 as pb
from mazemesh.wire.protobuf import LENGTH_DELIMITED, VARINT, read_varint, tag_of, varint
from mazemesh.wire.tensors import little_endian

_STEP = tag_of(pb.RunGamesResponse, "step")
_SEQUENCE_TAG = tag_of(pb.GamesStep, "sequence")
_SEQUENCE = pb.GamesStep.SEQUENCE_FIELD_NUMBER
_NAMES = {
    field.number: field.name
    for field in pb.GamesStep.DESCRIPTOR.fields
    if field.type == field.TYPE_BYTES
}
_ARRAYS = [(_NAMES[number], tag_of(pb.GamesStep, _NAMES[number])) for number in sorted(_NAMES)]
_NOWHERE = 0, 0
_NO_COLUMNS: tuple[()] = ()
"""The only empty tuple there is, in CPython; elsewhere one is written as no columns."""


def encode_step(
    sequence: int, step: object, instead: Mapping[str, Any] = MappingProxyType({})
) -> bytes:
    """A RunGamesResponse with a GamesStep.

    Args:
        sequence: Of the request that it answers.
        step: Has an array by the name of every field of bytes in GamesStep, of the dtype and shape
            that game.proto gives it, or a tuple of arrays, its columns; what is empty is left out.
        instead: What stands in a field instead of the step's own, as in packed sessions.
    """
    parts: list[Any] = [b""]  # the first is of the message around
    size = 0
    if sequence:
        parts.append(_SEQUENCE_TAG + varint(sequence))
        size = len(parts[1])
    for name, field in _ARRAYS:
        array = instead[name] if name in instead else getattr(step, name)
        if array is _NO_COLUMNS:
            continue
        if isinstance(array, tuple):
            length = sum(column.nbytes for column in array)
            if length:
                head = _head(field, length)
                parts += head, *(little_endian(column) for column in array)
                size += len(head) + length
        elif length := array.nbytes:
            head = _head(field, length)
            parts += head, little_endian(array)
            size += len(head) + length
    parts[0] = _head(_STEP, size)
    return b"".join(parts)


@lru_cache(maxsize=1024)
def _head(field: bytes, size: int) -> bytes:
    """What stands before the content of a field of bytes or of a message."""
    return field + varint(size)


def decode_step(response: bytes) -> pb.GamesStep:
    """The GamesStep of an encoded response."""
    return pb.RunGamesResponse.FromString(response).step


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
            self._read_fields(at)
        except IndexError as error:
            raise ValueError("the response is cut off") from error

    def view(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """A read-only view of an array's little-endian bytes; one entry of the shape may be -1."""
        begin, size = self._places.get(name, _NOWHERE)
        if not size:
            return _empty(dtype, shape)
        count = size // dtype.itemsize
        return np.frombuffer(self._response, dtype, count, begin).reshape(shape)

    def columns(
        self, name: str, columns: Sequence[Column], *lead: int
    ) -> dict[str, npt.NDArray[Any]]:
        """Read-only views [*lead, ...] by column of an array that is several, whole and in order.

        Args:
            name: Of the field.
            columns: What stands there.
            lead: Shape without that of a row; the first of it may be -1.

        Raises:
            ValueError: the bytes do not fit.
        """
        if len(columns) == 1:
            only = columns[0]
            return {only.name: self.view(name, little(only.dtype), lead + only.shape)}
        if not columns:
            return {}
        begin, size = self._places.get(name, _NOWHERE)
        row = sum(column.dtype.itemsize * prod(column.shape) for column in columns)
        others = prod(lead[1:]) * row
        first = size // others if lead[0] < 0 else lead[0] if size else 0
        if size != first * others:
            raise ValueError(f"{name} has {size} bytes; expected {first} x {others}")
        views: dict[str, npt.NDArray[Any]] = {}
        for column in columns:
            shape = (first, *lead[1:], *column.shape)
            dtype = little(column.dtype)
            views[column.name] = np.frombuffer(self._response, dtype, prod(shape), begin).reshape(
                shape
            )
            begin += views[column.name].nbytes
        return views

    def _read_fields(self, at: int) -> None:
        response, end = self._response, len(self._response)
        while at < end:
            key, at = read_varint(response, at)
            number, wire_type = key >> 3, key & 7
            size, at = read_varint(response, at)
            if wire_type == LENGTH_DELIMITED:
                if at + size > end:
                    raise ValueError(f"field {number} is cut off")
                if number in _NAMES:
                    self._places[_NAMES[number]] = at, size
                at += size
            elif wire_type != VARINT:
                raise ValueError(f"field {number} has wire type {wire_type}")
            elif number == _SEQUENCE:
                self.sequence = size


@lru_cache(maxsize=64)
def little(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The element type as it is on the wire."""
    return dtype.newbyteorder("<")


@lru_cache(maxsize=256)
def _empty(dtype: np.dtype[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """What a field has that is not in the message."""
    array = np.zeros(0, dtype).reshape(shape)
    array.flags.writeable = False
    return array


def encode_message(step: pb.GamesStep) -> StepBytes:
    """The same of a step that came in another message."""
    return StepBytes(pb.RunGamesResponse(step=step).SerializeToString())
