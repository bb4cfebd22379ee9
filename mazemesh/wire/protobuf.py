"""The few pieces of the protobuf encoding (protobuf.dev, "Encoding") for messages of megabytes.

The generated classes copy such a message several times; by hand it is copied once or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

Buffer: TypeAlias = bytes | memoryview

VARINT, FIXED64, LENGTH_DELIMITED = 0, 1, 2
"""Wire types: a tag is field number * 8 + wire type."""

_WIRE_TYPES = {
    FieldDescriptor.TYPE_INT32: VARINT,
    FieldDescriptor.TYPE_INT64: VARINT,
    FieldDescriptor.TYPE_UINT64: VARINT,
    FieldDescriptor.TYPE_FIXED64: FIXED64,
    FieldDescriptor.TYPE_STRING: LENGTH_DELIMITED,
    FieldDescriptor.TYPE_BYTES: LENGTH_DELIMITED,
    FieldDescriptor.TYPE_MESSAGE: LENGTH_DELIMITED,
}


def varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the high bit tells that more follow.

    A negative value is written as its two's complement of 64 bits.
    """
    value &= 0xFFFF_FFFF_FFFF_FFFF
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The value at `at`, in its shortest form as every encoder writes it, and where it ends.

    Raises:
        ValueError: another form.
        IndexError: it ends behind the data.
    """
    byte = data[at]
    if byte < 0x80:
        return byte, at + 1
    value = shift = 0
    while byte >= 0x80:
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        byte = data[at]
    value |= byte << shift
    if byte == 0 or value >= 1 << 64:
        raise ValueError("not the shortest form of a 64-bit varint")
    return value, at + 1


def tag(number: int, wire_type: int) -> bytes:
    """The tag of a field."""
    return varint(number << 3 | wire_type)


def tag_of(kind: type[Message], name: str) -> bytes:
    """The tag of the field `name` of a generated class, as its descriptor has it."""
    field = kind.DESCRIPTOR.fields_by_name[name]
    return tag(field.number, _WIRE_TYPES[field.type])


def bytes_field(tag: bytes, content: Buffer) -> list[Buffer]:
    """A field of bytes or of a message, not joined."""
    return [tag + varint(len(content)), content]


def message_field(tag: bytes, parts: Sequence[Buffer]) -> list[Buffer]:
    """A message that is already encoded in parts, as a field."""
    return [tag + varint(sum(map(len, parts))), *parts]
