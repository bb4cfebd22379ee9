"""The contract's messages as JSON, and their schemas: both follow from the descriptors.

So REST says what the .proto says, field by field, and cannot drift from it. Names are those of the
contract. Enumerations are their values' own words in lower case ("ready"), times are RFC 3339,
durations seconds, bytes base64; an unsigned 64-bit number (a seed) is a string, since a browser's
numbers end at 2^53. What is absent is null.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from pydantic import BaseModel, Field, create_model

_TIMESTAMP: Final = "google.protobuf.Timestamp"
_DURATION: Final = "google.protobuf.Duration"
_UNSIGNED: Final = (FieldDescriptor.CPPTYPE_UINT64,)

_Read = Callable[[Any], Any]


def as_json(message: Message) -> dict[str, Any]:
    """A message as what JSON can say."""
    return {name: read(message) for name, read in _readers(message.DESCRIPTOR)}


def all_as_json(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Messages, one after the other."""
    return [as_json(one) for one in messages]


@cache
def model_of(kind: type[Message]) -> type[BaseModel]:
    """The schema of a message, for the documentation of an endpoint."""
    descriptor: Any = kind.DESCRIPTOR
    made: type[BaseModel] = _model(descriptor)
    return made


@cache
def words(enum: EnumDescriptor) -> dict[int, str]:
    """An enumeration's values by number: "ready" of POLICY_STATE_READY."""
    names = [value.name for value in enum.values]
    begin = _common(names)
    return {value.number: value.name[begin:].lower() for value in enum.values}


def number_of(enum: EnumDescriptor, word: str) -> int | None:
    """The number of a value's word; None where there is none."""
    return next((number for number, one in words(enum).items() if one == word), None)


def _common(names: list[str]) -> int:
    """Characters of the prefix that all values have, up to its last underscore."""
    first, last = min(names), max(names)
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    return first.rfind("_", 0, same) + 1


@cache
def _readers(descriptor: Descriptor) -> tuple[tuple[str, _Read], ...]:
    return tuple((field.name, _reader(field)) for field in descriptor.fields)


def _reader(field: FieldDescriptor) -> _Read:
    name, one = field.name, _value(field)
    if (entry := _map_entry(field)) is not None:
        value = _value(entry.fields_by_name["value"])
        return lambda message: {
            str(key): value(held) for key, held in sorted(getattr(message, name).items())
        }
    if field.is_repeated:
        return lambda message: [one(held) for held in getattr(message, name)]
    if field.has_presence:
        return lambda message: one(getattr(message, name)) if message.HasField(name) else None
    return lambda message: one(getattr(message, name))


def _value(field: FieldDescriptor) -> _Read:
    if field.message_type is not None:
        return _of_message(field.message_type)
    if field.enum_type is not None:
        known = words(field.enum_type)
        return lambda number: known.get(number, str(number))
    if field.type == FieldDescriptor.TYPE_BYTES:
        return lambda data: base64.b64encode(data).decode()
    if field.cpp_type in _UNSIGNED:
        return str
    if field.cpp_type in (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE):
        return lambda number: number if math.isfinite(number) else None
    return lambda value: value


def _of_message(descriptor: Descriptor) -> _Read:
    if descriptor.full_name == _TIMESTAMP:
        return lambda time: time.ToJsonString()
    if descriptor.full_name == _DURATION:
        return lambda duration: duration.ToNanoseconds() / 1e9
    return as_json


def _map_entry(field: FieldDescriptor) -> Descriptor | None:
    """What a map's entries are; None of any other field."""
    kind = field.message_type
    return kind if kind is not None and kind.GetOptions().map_entry else None


_models: Final[dict[str, type[BaseModel] | None]] = {}
"""By full name; None while one is being made, since messages may hold their own kind."""


def _model(descriptor: Descriptor) -> Any:
    name = descriptor.full_name
    if name in _models:
        return _models[name] or dict[str, Any]
    _models[name] = None
    fields: dict[str, Any] = {}
    for field in descriptor.fields:
        kind, told = _kind(field)
        fields[_safe(field.name)] = (kind, Field(alias=field.name, description=told))
    made: type[BaseModel] = create_model(
        descriptor.name, __doc__=f"`{name}` of the contract.", **fields
    )
    _models[name] = made
    return made


def _safe(name: str) -> str:
    return f"{name}_" if hasattr(BaseModel, name) else name


def _kind(field: FieldDescriptor) -> tuple[Any, str | None]:
    if (entry := _map_entry(field)) is not None:
        value, _ = _single(entry.fields_by_name["value"])
        return dict[str, value], None  # type: ignore[valid-type]
    single, told = _single(field)
    if field.is_repeated:
        return list[single], told  # type: ignore[valid-type]
    is_number = field.cpp_type in (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE)
    return (single | None if field.has_presence or is_number else single), told


def _single(field: FieldDescriptor) -> tuple[Any, str | None]:
    if field.message_type is not None:
        if field.message_type.full_name == _TIMESTAMP:
            return str, "RFC 3339"
        if field.message_type.full_name == _DURATION:
            return float, "seconds"
        return _model(field.message_type), None
    if field.enum_type is not None:
        return str, ", ".join(words(field.enum_type).values())
    if field.type == FieldDescriptor.TYPE_BYTES:
        return str, "base64"
    kinds = {
        FieldDescriptor.CPPTYPE_BOOL: bool,
        FieldDescriptor.CPPTYPE_STRING: str,
        FieldDescriptor.CPPTYPE_UINT64: str,
        FieldDescriptor.CPPTYPE_FLOAT: float,
        FieldDescriptor.CPPTYPE_DOUBLE: float,
    }
    return kinds.get(field.cpp_type, int), None
