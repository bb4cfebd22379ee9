"""An ONNX file as a graph and the weights that are put into it.

Of the versions of a run only the weights differ: their files are of one length, and alike but for
the bytes of the float32 initializers. So a file is cut into both: the weights are these bytes, one
after the other in the order of the file, and the graph is the file with zeros in their place. From
a graph and weights follows a file again, bit for bit, and with it the sha256 that everybody knows
the version by.

Positions are read from the protobuf wire format itself (field numbers of onnx.proto), since no
library tells them.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Final, NamedTuple

import numpy as np

from mazemesh.errors import InvalidArgument

MOST_TENSORS: Final = 1_024
"""Of float32 in a graph that is told from its weights."""

MOST_WEIGHT_BYTES: Final = 64 * 1024 * 1024
"""Of a file that is told from its graph; a larger one travels and is kept as a whole."""

_MOST_FIELDS: Final = 40_000
_MODEL_GRAPH, _MODEL_FUNCTIONS = 7, 25
_GRAPH_NODE, _GRAPH_INITIALIZER = 1, 5
_NODE_OPERATOR = 4
_TENSOR_TYPE, _TENSOR_RAW = 2, 9
_FLOAT: Final = 1
_VALUES: Final = frozenset([b"If", b"OneHot", b"Range"])
"""Operators that a float may tell how large to be, or that have graphs of their own: what their
inputs are is checked with the graph, so they may not change with the weights."""


class WeightsError(InvalidArgument):
    """Weights that are none of their graph."""


@dataclass(frozen=True)
class Graph:
    """A file without its weights.

    Attributes:
        sha256: Of the file with zeros for the weights, and of where they are; hex.
        ranges: Where the weights are in the file, (begin, end) in bytes, in order.
        template: The file with zeros for the weights.
    """

    sha256: str
    ranges: tuple[tuple[int, int], ...]
    template: bytes

    @classmethod
    def of(cls, file: bytes) -> Graph | None:
        """The graph of an ONNX file; None where it is not told from its weights.

        That is so of files without weights in bytes of their own (`raw_data`), with functions or
        operators whose work depends on a weight, of very large ones, and of what is no ONNX file.
        Constants that are not finite are of the graph.
        """
        if len(file) > MOST_WEIGHT_BYTES:
            return None
        try:
            ranges = _ranges(file)
        except (_NoGraph, IndexError):
            return None
        if not ranges:
            return None
        empty = bytearray(file)
        for begin, end in ranges:
            empty[begin:end] = bytes(end - begin)
        template = bytes(empty)
        told = struct.pack(f"<{2 * len(ranges)}q", *chain.from_iterable(ranges))
        return cls(hashlib.sha256(template + told).hexdigest(), ranges, template)

    @property
    def weight_bytes(self) -> int:
        """Of all weights together."""
        return sum(end - begin for begin, end in self.ranges)

    def weights_of(self, file: bytes) -> bytes | None:
        """The weights of a file of this graph; None of another."""
        if len(file) != len(self.template):
            return None
        view, own, position = memoryview(file), memoryview(self.template), 0
        for begin, end in self.ranges:
            if view[position:begin] != own[position:begin]:
                return None
            position = end
        if view[position:] != own[position:]:
            return None
        return b"".join([view[begin:end] for begin, end in self.ranges])

    def filled(self, weights: bytes) -> bytes:
        """The file with these weights.

        Raises:
            WeightsError: they are not as many as the graph has, or one is not finite.
        """
        if len(weights) != self.weight_bytes:
            raise WeightsError(
                f"weights have {len(weights)} bytes; graph {self.sha256[:16]} has "
                f"{self.weight_bytes}, 4 for each"
            )
        wrong = np.flatnonzero(~np.isfinite(np.frombuffer(weights, "<f4")))
        if len(wrong):
            raise WeightsError(
                f"weights[{wrong[0]}] is not finite, and {len(wrong) - 1} more; a policy has only "
                "finite ones"
            )
        source, own, position = memoryview(weights), memoryview(self.template), 0
        parts = []
        for (begin, end), taken in zip(self.ranges, self._places, strict=True):
            parts += [own[position:begin], source[taken : taken + end - begin]]
            position = end
        return b"".join([*parts, own[position:]])

    @property
    def _places(self) -> Iterator[int]:
        """Where each range begins among the weights."""
        sizes = [end - begin for begin, end in self.ranges]
        return accumulate([0, *sizes[:-1]])


class _NoGraph(Exception):
    """Not a file whose weights can be told from its graph."""


class _Field(NamedTuple):
    """A field of a message: its number, its number or where its content is (begin, end)."""

    number: int
    value: int
    begin: int
    end: int


class _Walk:
    """Fields of messages in a file, so many at most."""

    def __init__(self, file: bytes) -> None:
        self._file = file
        self._left = _MOST_FIELDS

    def fields(self, begin: int, end: int) -> Iterator[_Field]:
        """The fields between two positions."""
        position, file = begin, self._file
        while position < end:
            self._left -= 1
            if self._left < 0:
                raise _NoGraph
            key, position = _varint(file, position)
            kind, number = key & 7, key >> 3
            value, start = 0, position
            if kind == 0:
                value, position = _varint(file, position)
            elif kind == 2:
                size, start = _varint(file, position)
                position = start + size
            elif kind in (1, 5):
                position += 8 if kind == 1 else 4
            else:
                raise _NoGraph
            if position > end:
                raise _NoGraph
            yield _Field(number, value, start, position)


def _varint(file: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        byte = file[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
        shift += 7
    raise _NoGraph


def _ranges(file: bytes) -> tuple[tuple[int, int], ...]:
    walk = _Walk(file)
    graphs = []
    for field in walk.fields(0, len(file)):
        if field.number == _MODEL_FUNCTIONS:
            raise _NoGraph
        if field.number == _MODEL_GRAPH:
            graphs.append(field)
    if len(graphs) != 1:  # protobuf would merge them
        raise _NoGraph
    found = []
    for field in walk.fields(graphs[0].begin, graphs[0].end):
        if field.number == _GRAPH_NODE:
            _check_node(file, walk, field)
        elif field.number == _GRAPH_INITIALIZER:
            place = _weights(file, walk, field)
            if place is not None:
                found.append(place)
    if len(found) > MOST_TENSORS:
        raise _NoGraph
    return tuple(found)


def _check_node(file: bytes, walk: _Walk, node: _Field) -> None:
    for field in walk.fields(node.begin, node.end):
        if field.number == _NODE_OPERATOR and file[field.begin : field.end] in _VALUES:
            raise _NoGraph


def _weights(file: bytes, walk: _Walk, tensor: _Field) -> tuple[int, int] | None:
    """Where a tensor's weights are; None of one that has none."""
    kinds, places = [], []
    for field in walk.fields(tensor.begin, tensor.end):
        if field.number == _TENSOR_TYPE:
            kinds.append(field.value)
        elif field.number == _TENSOR_RAW:
            places.append((field.begin, field.end))
    if kinds != [_FLOAT] or len(places) != 1:
        return None
    begin, end = places[0]
    if begin == end or (end - begin) % 4:
        return None
    values = np.frombuffer(file, np.uint8, end - begin, begin).view("<f4")
    return (begin, end) if bool(np.isfinite(values).all()) else None
