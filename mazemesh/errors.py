"""The exceptions of mazemesh, eight and two narrower ones, the same on both sides of the wire.

A servicer raises one, the harness turns it into a gRPC status by `status_of`, and the client turns
the status back by `from_status`. What happens on every kind of failure stands in one table. Where a
caller does one thing or another by the cause, the error carries a `Reason`, which travels as
google.rpc.ErrorInfo (`mazemesh.error_details`): nobody reads it out of the message.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import grpc


class Reason(StrEnum):
    """Why a call was refused, for machines; the value is ErrorInfo.reason."""

    MATCH_FINISHED = "MATCH_FINISHED"
    """The match has been played to its end."""

    FENCE_PASSED = "FENCE_PASSED"
    """The match was issued again since, under a higher fence."""

    LEASE_NOT_HELD = "LEASE_NOT_HELD"
    """The lease was given to another worker, or is over."""

    MATCH_ABANDONED = "MATCH_ABANDONED"
    """The match was given up."""

    TICKET_CANCELLED = "TICKET_CANCELLED"
    """The ticket was withdrawn."""

    NO_ADVERSARY = "NO_ADVERSARY"
    """All players of the game win and lose together, so nobody can be exploited."""


class MazemeshError(Exception):
    """Base of all errors mazemesh raises on purpose. `str(error)` is the message for people.

    Attributes:
        reason: A `Reason`, or one that a newer service told; empty where nobody has to tell causes
            apart.
    """

    def __init__(self, message: str = "", *, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


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


class Cancelled(MazemeshError):
    """Somebody withdrew what the call waited for."""


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
    (Cancelled, "CANCELLED"),
)
"""Exception and gRPC status, narrower exceptions first."""

# What a client sees for a status that gRPC itself gives, so without a reason.
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


def from_status(code: grpc.StatusCode, message: str, reason: str = "") -> MazemeshError:
    """The exception for a status that arrived; the bare base class for one outside the table."""
    if not reason and code.name in _FROM_GRPC:
        return _FROM_GRPC[code.name](f"{message} ({code.name})")
    for kind, name in _TABLE:
        if name == code.name:
            return kind(message, reason=reason)
    return MazemeshError(f"{message} ({code.name})", reason=reason)
