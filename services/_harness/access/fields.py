"""Reads single fields out of an encoded message, without decoding the rest.

What a key is bound to is looked up before a message is decoded: the largest ones stay bytes, and a
refused one should cost little. A field may be on the wire more than once, and which one counts is
the decoder's business; so all of them are told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError

_LENGTH: Final = 2
_TRUNCATED: Final = "the message is truncated"
_MOST_FIELDS: Final = 65_536
"""Of one message that is looked at; a longer one has none that a key could be bound to."""


@dataclass(frozen=True, slots=True)
class Path:
    """A field below messages.

    Attributes:
        text: As `open.game`.
        numbers: Of the fields on the way, the last one included.
        is_text: Whether it is a string, otherwise a number.
    """

    text: str
    numbers: tuple[int, ...]
    is_text: bool


@cache
def path(message: Descriptor, text: str) -> Path:
    """The numbers of a path.

    Raises:
        KeyError: the message has no such field.
    """
    numbers: list[int] = []
    place: Descriptor | None = message
    field: FieldDescriptor | None = None
    for name in text.split("."):
        if place is None:
            raise KeyError(text)
        field = place.fields_by_name[name]
        numbers.append(field.number)
        place = field.message_type
    assert field is not None
    return Path(text, tuple(numbers), field.type == FieldDescriptor.TYPE_STRING)


def values(data: bytes | memoryview, wanted: Path) -> Iterator[str]:
    """All values of a field; an empty one for each message above it that lacks it.

    Nothing where a message above it is missing itself, as for `open.game` in a step.

    Raises:
        DecodeError: the message is malformed on the way there.
    """
    yield from _values(memoryview(data), wanted.numbers, wanted.is_text)


def _values(data: memoryview, numbers: tuple[int, ...], is_text: bool) -> Iterator[str]:
    first, below = numbers[0], numbers[1:]
    found = False
    for number, kind, value in _fields(data):
        if number != first:
            continue
        found = True
        if below:
            if not isinstance(value, memoryview):
                raise DecodeError(f"field {number} is no message")
            yield from _values(value, below, is_text)
        elif isinstance(value, memoryview):
            if is_text:
                yield str(value, "utf-8", "replace")
        elif not is_text and kind == 0:
            yield str(value)
    if not found and not below:
        yield ""


def _fields(data: memoryview) -> Iterator[tuple[int, int, memoryview | int]]:
    """Number, wire type and value of each field; of fixed ones the bytes are passed over."""
    at, end, count = 0, len(data), 0
    while at < end:
        count += 1
        if count > _MOST_FIELDS:
            raise DecodeError(f"the message has more than {_MOST_FIELDS} fields")
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield number, kind, value
        elif kind == _LENGTH:
            size, at = _varint(data, at)
            if at + size > end:
                raise DecodeError(_TRUNCATED)
            yield number, kind, data[at : at + size]
            at += size
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
            if at > end:
                raise DecodeError(_TRUNCATED)
        else:
            raise DecodeError(f"field {number} has wire type {kind}, which is not in use")


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise DecodeError(_TRUNCATED)
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
