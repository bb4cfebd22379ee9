"""What the service and its runner say to each other, both directions side by side.

A frame is a head (number, kind, bytes that follow) and these bytes; numbers are little-endian. The
answer to a frame has its number. What comes from the runner is read as lengths and numbers alone,
for it has run somebody's file.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from mazemesh.errors import MazemeshError
from services.model.inference.calls import Choosing, RunFailed

HEAD: Final = struct.Struct("<QBxxxI")
LOAD: Final = 1
UNLOAD: Final = 2
RUN: Final = 3
DONE: Final = 4
FAILED: Final = 5

MOST_BYTES: Final = 1 << 30
"""Of a frame."""

MOST_REASON: Final = 1000
"""Bytes of a reason."""

_RUN: Final = struct.Struct("<QII")
_SEGMENT: Final = struct.Struct("<dQII")
_SECONDS: Final = struct.Struct("<d")
_LENGTH: Final = struct.Struct("<I")


class Load(NamedTuple):
    """A file, and how its actions are chosen."""

    model: int
    greedy: bool
    action_distribution: str
    file: memoryview


class Segment(NamedTuple):
    """Rows of one caller."""

    rows: int
    choosing: Choosing


class Run(NamedTuple):
    """A batch for a model."""

    model: int
    segments: list[Segment]
    columns: memoryview


def load_parts(load: Load) -> list[bytes | memoryview]:
    """A `Load` as bytes."""
    about = {
        "model": load.model,
        "greedy": load.greedy,
        "action_distribution": load.action_distribution,
    }
    text = json.dumps(about).encode()
    return [_LENGTH.pack(len(text)), text, load.file]


def read_load(content: memoryview) -> Load:
    """The reverse."""
    (length,) = _LENGTH.unpack_from(content)
    begin = _LENGTH.size + length
    about = json.loads(bytes(content[_LENGTH.size : begin]))
    return Load(about["model"], about["greedy"], about["action_distribution"], content[begin:])


def run_head(model: int, segments: Sequence[Segment]) -> bytes:
    """A batch as bytes, without its columns."""
    rows = sum(segment.rows for segment in segments)
    parts = [_RUN.pack(model, rows, len(segments))]
    for count, (temperature, seed) in segments:
        parts.append(_SEGMENT.pack(temperature, seed or 0, count, seed is not None))
    return b"".join(parts)


def read_run(content: memoryview) -> Run:
    """The reverse."""
    model, _, count = _RUN.unpack_from(content)
    segments = []
    at = _RUN.size
    for _ in range(count):
        temperature, seed, rows, is_seeded = _SEGMENT.unpack_from(content, at)
        segments.append(Segment(rows, Choosing(temperature, seed if is_seeded else None)))
        at += _SEGMENT.size
    return Run(model, segments, content[at:])


def ran_head(seconds: float) -> bytes:
    """How long a batch took; its outputs follow."""
    return _SECONDS.pack(seconds)


def read_ran(content: memoryview, outputs_bytes: int) -> tuple[float, memoryview]:
    """The reverse.

    Raises:
        RunFailed: it is not as long as it has to be.
    """
    if len(content) != _SECONDS.size + outputs_bytes:
        raise RunFailed(
            f"it answered {len(content) - _SECONDS.size} bytes; expected {outputs_bytes}"
        )
    return _SECONDS.unpack_from(content)[0], content[_SECONDS.size :]


class Loaded(NamedTuple):
    """A model is there.

    Attributes:
        layout: Its columns.
        size_bytes: What it takes of memory.
        providers: Of its session.
        reason: Why these.
    """

    layout: dict[str, Any]
    size_bytes: int
    providers: Sequence[str] = ()
    reason: str = ""


def loaded(told: Loaded) -> bytes:
    """A `Loaded` as bytes."""
    return json.dumps(told._asdict()).encode()


def read_loaded(content: memoryview) -> Loaded:
    """The reverse."""
    told = json.loads(bytes(content))
    names = [str(one)[:64] for one in told["providers"][:8]]
    return Loaded(told["layout"], int(told["size_bytes"]), names, str(told["reason"])[:MOST_REASON])


def reason(error: BaseException) -> bytes:
    """Why something failed."""
    kind = "" if isinstance(error, MazemeshError) else f"{type(error).__name__}: "
    return f"{kind}{error}".encode()[:MOST_REASON]


def read_reason(content: memoryview) -> str:
    """The reverse, without what a message should not have."""
    text = bytes(content[:MOST_REASON]).decode(errors="replace")
    return "".join(one if one.isprintable() else " " for one in text)
