"""What a caller is told when its call ends by an exception: one ladder for all servers."""

from __future__ import annotations

import secrets
from typing import Final, NamedTuple

import grpc
import structlog

from mazemesh.error_details import to_metadata
from mazemesh.errors import NO_DETAILS, Details, MazemeshError, ResourceExhausted, status_of
from mazemesh.process.disk import is_full
from services._harness.calls.status_message import status_message

_log = structlog.get_logger(__name__)

_DISK_PAUSE: Final = 5.0
"""Seconds after which a caller that met a full disk may try again."""


class Refusal(NamedTuple):
    """A status as it travels, and what it tells machines."""

    code: grpc.StatusCode
    message: str
    details: Details = NO_DETAILS

    @property
    def metadata(self) -> tuple[tuple[str, bytes], ...]:
        """The details as trailing metadata."""
        number: int = self.code.value[0]
        return to_metadata(number, self.message, self.details)


def refusal(error: Exception) -> Refusal:
    """The answer to an exception by the table of `mazemesh.errors`, which goes to the log, too.

    A full disk is RESOURCE_EXHAUSTED, to be tried again. Any other exception becomes INTERNAL with
    a short id; the traceback is in the log under that id.
    """
    if isinstance(error, MazemeshError):
        code = status_of(error)
        _log.debug("call refused", code=code.name, reason=str(error))
        return Refusal(code, status_message(str(error)), error.details)
    if isinstance(error, OSError) and is_full(error):
        _log.warning("no room on the disk", reason=str(error))
        return refusal(
            ResourceExhausted(
                f"the disk is full ({error.strerror}); make room", retry_after=_DISK_PAUSE
            )
        )
    if isinstance(error, NotImplementedError):  # what generated servicers raise
        return Refusal(grpc.StatusCode.UNIMPLEMENTED, "this service does not have this method")
    error_id = secrets.token_hex(4)
    _log.error("call failed", error_id=error_id, exc_info=error)
    return Refusal(
        grpc.StatusCode.INTERNAL,
        f"internal error {error_id}: the log of the service has the details under this id",
    )
