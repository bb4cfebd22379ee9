"""The exceptions of mazemesh, seven and two narrower ones, the same on both sides of the wire.

A servicer raises one, the harness turns it into a gRPC status by `status_of`, and the client turns
the status back by `from_status`. What happens on every kind of failure stands in one table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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


class AlreadyExists(Conflict):
    """A `Conflict` that travels as ALREADY_EXISTS: another thing under the same name or id."""


class OutOfRange(FailedPrecondition):
    """A `FailedPrecondition` that travels as OUT_OF_RANGE: history that is no longer kept."""


_TABLE: tuple[tuple[type[MazemeshError], str], ...] = (
    (AlreadyExists, "ALREADY_EXISTS"),
    (OutOfRange, "OUT_OF_RANGE"),
    (InvalidArgument, "INVALID_ARGUMENT"),
    (NotFound, "NOT_FOUND"),
    (Conflict, "ABORTED"),
    (FailedPrecondition, "FAILED_PRECONDITION"),
    (ResourceExhausted, "RESOURCE_EXHAUSTED"),
    (Unavailable, "UNAVAILABLE"),
    (DeadlineExceeded, "DEADLINE_EXCEEDED"),
)
"""Exception and gRPC status, narrower exceptions first."""

# Statuses that only gRPC itself gives, and the exception a client sees for them.
_FROM_GRPC: dict[str, type[MazemeshError]] = {
    "UNIMPLEMENTED": FailedPrecondition,
    "CANCELLED": Unavailable,
}


def status_of(error: MazemeshError) -> grpc.StatusCode:
    """The gRPC status under which an exception travels; INTERNAL for the bare base class."""
    # Not at the top: the games and their users need the exceptions, but not gRPC.
    import grpc

    name = next((name for kind, name in _TABLE if isinstance(error, kind)), "INTERNAL")
    return grpc.StatusCode[name]


def from_status(code: grpc.StatusCode, message: str) -> MazemeshError:
    """The exception for a status that arrived; the bare base class for one outside the table."""
    for kind, name in _TABLE:
        if name == code.name:
            return kind(message)
    return _FROM_GRPC.get(code.name, MazemeshError)(f"{message} ({code.name})")
