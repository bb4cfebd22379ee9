"""The seven exceptions of mazemesh, the same on both sides of the wire.

A servicer raises one, the harness turns it into a gRPC status by `status_of`, and the client turns
the status back by `from_status`. What happens on every kind of failure stands in one table.
"""

from __future__ import annotations

import grpc


class MazemeshError(Exception):
    """Base of all errors mazemesh raises on purpose. `str(error)` is the message for people."""


class InvalidArgument(MazemeshError, ValueError):
    """A value that is wrong in any state. Names field, value and what would be right."""


class NotFound(MazemeshError, LookupError):
    """Something named does not exist."""


class Conflict(MazemeshError):
    """Something else stands under the name already, or a compare-and-swap lost."""


class FailedPrecondition(MazemeshError):
    """The call is sound, but not in the present state; the message names the state."""


class ResourceExhausted(MazemeshError):
    """A limit is reached (size, memory, queue); try smaller or later."""


class Unavailable(MazemeshError, ConnectionError):
    """The service cannot be reached or is shutting down. An idempotent call may be tried again."""


class DeadlineExceeded(MazemeshError, TimeoutError):
    """The call did not finish in time."""


_TABLE: tuple[tuple[type[MazemeshError], grpc.StatusCode], ...] = (
    (InvalidArgument, grpc.StatusCode.INVALID_ARGUMENT),
    (NotFound, grpc.StatusCode.NOT_FOUND),
    (Conflict, grpc.StatusCode.ABORTED),
    (FailedPrecondition, grpc.StatusCode.FAILED_PRECONDITION),
    (ResourceExhausted, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (Unavailable, grpc.StatusCode.UNAVAILABLE),
    (DeadlineExceeded, grpc.StatusCode.DEADLINE_EXCEEDED),
)

# Statuses that gRPC itself or a narrower contract uses, and the exception a client sees for them.
_ALSO: dict[grpc.StatusCode, type[MazemeshError]] = {
    grpc.StatusCode.ALREADY_EXISTS: Conflict,
    grpc.StatusCode.OUT_OF_RANGE: FailedPrecondition,
    grpc.StatusCode.UNIMPLEMENTED: FailedPrecondition,
    grpc.StatusCode.CANCELLED: Unavailable,
}


class AlreadyExists(Conflict):
    """A `Conflict` that travels as ALREADY_EXISTS: another thing under the same name or id."""


class OutOfRange(FailedPrecondition):
    """A `FailedPrecondition` that travels as OUT_OF_RANGE: history that is no longer kept."""


def status_of(error: MazemeshError) -> grpc.StatusCode:
    """The gRPC status under which an exception travels; INTERNAL for the bare base class."""
    if isinstance(error, AlreadyExists):
        return grpc.StatusCode.ALREADY_EXISTS
    if isinstance(error, OutOfRange):
        return grpc.StatusCode.OUT_OF_RANGE
    for kind, code in _TABLE:
        if isinstance(error, kind):
            return code
    return grpc.StatusCode.INTERNAL


def from_status(code: grpc.StatusCode, message: str) -> MazemeshError:
    """The exception for a status that arrived; the bare base class for one outside the table."""
    if code is grpc.StatusCode.ALREADY_EXISTS:
        return AlreadyExists(message)
    if code is grpc.StatusCode.OUT_OF_RANGE:
        return OutOfRange(message)
    for kind, known in _TABLE:
        if known is code:
            return kind(message)
    return _ALSO.get(code, MazemeshError)(f"{message} ({code.name})")
