"""Spans of one piece of work over all processes that take part in it; nothing unless switched on.

A process is traced once a tracer is installed (`mazemesh.process.traces`). Until then a span is a
look at one variable, and OpenTelemetry is not imported. A trace goes from process to process as a
W3C traceparent (https://www.w3.org/TR/trace-context/, section 3.2), in the metadata of calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from typing import Final, Protocol

TRACEPARENT: Final = "traceparent"
"""Metadata key of the trace that a call belongs to."""

Attributes = Mapping[str, str | int | float | bool]


class Kind(Enum):
    """Whose side a span is of."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"


class OpenSpan(Protocol):
    """A span that has begun and is not over; it need not be the present one."""

    @property
    def traceparent(self) -> str:
        """What a call carries that is part of it."""
        ...

    def end(self, code: str = "OK") -> None:
        """It is over, with a status of gRPC; further ends are ignored."""
        ...


class Tracer(Protocol):
    """What makes spans."""

    def span(
        self, name: str, parent: str | None, kind: Kind, attributes: Attributes
    ) -> AbstractContextManager[object]:
        """See `span`."""
        ...

    def begin(
        self, name: str, parent: str | None, kind: Kind, attributes: Attributes, *, present: bool
    ) -> OpenSpan:
        """A span without a block; `present` makes it that of the rest of this task or thread."""
        ...

    def current(self) -> str:
        """See `current`."""
        ...

    def identity(self) -> Mapping[str, str]:
        """See `identity`."""
        ...

    def close(self) -> None:
        """Sends what is left."""
        ...


_tracer: Tracer | None = None
_NOTHING: Final[AbstractContextManager[object]] = nullcontext()
_NOBODY: Final[Mapping[str, str]] = {}


def install(tracer: Tracer | None) -> Tracer | None:
    """Makes `tracer` that of the process, before its channels are opened; returns the one before.

    None switches tracing off.
    """
    global _tracer  # one a process, as logging
    before, _tracer = _tracer, tracer
    return before


def tracer() -> Tracer | None:
    """The process's tracer; None while it is not traced."""
    return _tracer


def span(
    name: str,
    *,
    parent: str | None = None,
    kind: Kind = Kind.INTERNAL,
    attributes: Attributes = _NOBODY,
) -> AbstractContextManager[object]:
    """A block of work as a span.

    Args:
        name: What is done; one of few names, no ids.
        parent: A traceparent that it is part of; None is the present span, and "" none: it begins
            a trace.
        kind: Whose side it is.
        attributes: What else is known of it.
    """
    if _tracer is None:
        return _NOTHING
    return _tracer.span(name, parent, kind, attributes)


def current() -> str:
    """The traceparent of the present span; empty where there is none."""
    return "" if _tracer is None else _tracer.current()


def identity() -> Mapping[str, str]:
    """`trace_id` and `span_id` of the present span, for log lines; empty where there is none."""
    return _NOBODY if _tracer is None else _tracer.identity()


def close() -> None:
    """Sends what is left and switches tracing off."""
    before = install(None)
    if before is not None:
        before.close()
