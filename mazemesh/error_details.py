"""What an error tells machines, on the wire: google.rpc.Status as trailing metadata.

That is where gRPC's clients of all languages look for it (`grpc-status-details-bin`). The reason is
an ErrorInfo, the field a BadRequest, and the time to wait a RetryInfo.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from mazemesh.errors import NO_DETAILS, Details

DETAILS_KEY: Final = "grpc-status-details-bin"
DOMAIN: Final = "mazemesh"
"""ErrorInfo.domain of reasons that are `mazemesh.errors.Reason`."""

_LONGEST: Final = 300
"""Characters of a path or description: all headers of an answer together have 8 KiB."""

Metadata = Iterable[tuple[str, str | bytes]]


def to_metadata(code: int, message: str, details: Details) -> tuple[tuple[str, bytes], ...]:
    """Trailing metadata that tell details; none where there are none. `code` is the gRPC status."""
    if details == NO_DETAILS:
        return ()
    status = Status(code=code, message=message)
    for told in _messages(message, details):
        packed = AnyMessage()
        packed.Pack(told)
        status.details.append(packed)
    return ((DETAILS_KEY, status.SerializeToString()),)


def details_in(metadata: Metadata | None) -> Details:
    """What trailing metadata tell; nothing of reasons that are not ours, or of what is garbled."""
    for key, value in metadata or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            try:
                return _read(Status.FromString(value).details)
            except DecodeError:
                break
    return NO_DETAILS


def _messages(message: str, details: Details) -> Iterator[Message]:
    if details.reason:
        yield ErrorInfo(reason=details.reason, domain=DOMAIN)
    if details.field:
        wrong = BadRequest.FieldViolation(
            field=details.field[:_LONGEST], description=message[:_LONGEST], reason=details.reason
        )
        yield BadRequest(field_violations=[wrong])
    if details.retry_after is not None:
        pause = Duration()
        pause.FromNanoseconds(round(details.retry_after * 1e9))
        yield RetryInfo(retry_delay=pause)


def _read(packed: Iterable[AnyMessage]) -> Details:
    told: dict[str, Any] = {}
    info, request, retry = ErrorInfo(), BadRequest(), RetryInfo()
    for detail in packed:
        if detail.Unpack(info):
            if info.domain == DOMAIN:
                told.setdefault("reason", info.reason)
        elif detail.Unpack(request):
            fields = {violation.field for violation in request.field_violations}
            if len(fields) == 1:
                told.setdefault("field", fields.pop())
        elif detail.Unpack(retry):
            told.setdefault("retry_after", retry.retry_delay.ToNanoseconds() / 1e9)
    return Details(**told)
