"""The exceptions of mazemesh, ten and two narrower ones, the same on both sides of the wire.

A servicer raises one, the harness turns it into a gRPC status by `status_of`, and the client turns
the status back by `from_status`. What happens on every kind of failure stands in one table. What
machines want to know travels beside the message as google.rpc details (`mazemesh.error_details`):
a `Reason` where a caller does one thing or another by the cause, the field of the request that is
wrong, and after how long to try again. Nobody reads them out of the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

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

    WORKER_QUARANTINED = "WORKER_QUARANTINED"
    """The worker is given no matches until it is released."""

    MATCH_ABANDONED = "MATCH_ABANDONED"
    """The match was given up."""

    TICKET_CANCELLED = "TICKET_CANCELLED"
    """The ticket was withdrawn."""

    TICKET_WAITS = "TICKET_WAITS"
    """The player waits in the queue already, with another ticket."""

    BATCHES_MISSING = "BATCHES_MISSING"
    """The service knows the writer, but not the batch before this one."""

    NO_ADVERSARY = "NO_ADVERSARY"
    """All players of the game win and lose together, so nobody can be exploited."""

    CLIENT_TOO_OLD = "CLIENT_TOO_OLD"
    """The server serves no client of this version any more (`mazemesh.contract`)."""

    SERVER_TOO_OLD = "SERVER_TOO_OLD"
    """The client needs what the server does not have yet."""


class Details(NamedTuple):
    """What an error tells machines.

    Attributes:
        reason: A `Reason`, or one that a newer service told; empty where nobody has to tell causes
            apart.
        field: Path of the field of the request that is wrong, as "matches[0].settings.width"; empty
            where it is none, or not only one.
        retry_after: Seconds after which the same call may succeed; None where waiting is of no use.
    """

    reason: str = ""
    field: str = ""
    retry_after: float | None = None


NO_DETAILS: Final = Details()


class MazemeshError(Exception):
    """Base of all errors mazemesh raises on purpose. `str(error)` is the message for people.

    Attributes:
        reason, field, retry_after: As `Details`; `retry_after` is the kind's own unless given.
    """

    RETRY_AFTER: ClassVar[float | None] = None

    def __init__(
        self,
        message: str = "",
        *,
        reason: str = "",
        field: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.field = field
        self.retry_after = self.RETRY_AFTER if retry_after is None else retry_after

    @property
    def details(self) -> Details:
        """What it tells machines."""
        return Details(self.reason, self.field, self.retry_after)


_NAME = r"[a-z][a-z0-9_]*(?:\[\d+(?:, \d+)*\])?"
_FIELD: Final = re.compile(rf"({_NAME}(?:\.{_NAME})*)(?:: | is | = | has )")
"""How a message about a field begins: its path, and then what is wrong with it."""


class InvalidArgument(MazemeshError, ValueError):
    """A value that is wrong in any state. Names field, value and what would be right.

    A message that begins with a field's path ("page_size: ...", "matches[0].seed is ...") is about
    that field, so whoever nests a message puts the path before it and is done (docs/adr/0107).
    """

    def __init__(
        self,
        message: str = "",
        *,
        reason: str = "",
        field: str = "",
        retry_after: float | None = None,
    ) -> None:
        named = None if field else _FIELD.match(message)
        super().__init__(
            message, reason=reason, field=named[1] if named else field, retry_after=retry_after
        )

    def within(self, path: str) -> InvalidArgument:
        """The same of a field `path` whose part this one is about: "settings.width: ..."."""
        if self.field and not str(self).startswith(self.field):
            return InvalidArgument(
                str(self),
                reason=self.reason,
                field=f"{path}.{self.field}",
                retry_after=self.retry_after,
            )
        joint = "." if self.field else ": "
        return InvalidArgument(
            f"{path}{joint}{self}", reason=self.reason, retry_after=self.retry_after
        )


@contextmanager
def within(path: str) -> Iterator[None]:
    """What is wrong inside is a part of the field `path`, whose name is put before it.

    Raises:
        InvalidArgument: the one that was raised inside, as "settings.width: ..." for "width: ...".
    """
    try:
        yield
    except InvalidArgument as error:
        raise error.within(path) from error


class NotFound(MazemeshError, LookupError):
    """Something named does not exist."""


class Conflict(MazemeshError):
    """Something else stands under the name already, or a compare-and-swap lost."""


class FailedPrecondition(MazemeshError):
    """The call is sound, but not in the present state; the message names the state."""


class Unauthenticated(MazemeshError):
    """The call carries no key that is good: none, a wrong, a revoked or an expired one."""


class PermissionDenied(MazemeshError):
    """The key is good, but its role or its names do not cover this call."""


class ResourceExhausted(MazemeshError):
    """A limit is reached (size, memory, queue); try smaller, or later (see `retry_after`)."""


class Unavailable(MazemeshError, ConnectionError):
    """The service cannot be reached or is shutting down. An idempotent call may be tried again."""

    RETRY_AFTER = 1.0


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
    (Unauthenticated, "UNAUTHENTICATED"),
    (PermissionDenied, "PERMISSION_DENIED"),
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


def from_status(
    code: grpc.StatusCode, message: str, details: Details = NO_DETAILS
) -> MazemeshError:
    """The exception for a status that arrived; the bare base class for one outside the table."""
    if not details.reason and code.name in _FROM_GRPC:
        return _FROM_GRPC[code.name](f"{message} ({code.name})")
    for kind, name in _TABLE:
        if name == code.name:
            return _told(kind(message), details)
    return _told(MazemeshError(f"{message} ({code.name})"), details)


def _told(error: MazemeshError, details: Details) -> MazemeshError:
    """An error that arrived: it knows what it was told, and reads nothing out of its message."""
    error.reason, error.field = details.reason, details.field
    if details.retry_after is not None:
        error.retry_after = details.retry_after
    return error
