"""The reason of an error on the wire: google.rpc.Status with an ErrorInfo, as trailing metadata.

That is where gRPC's clients of all languages look for it (`grpc-status-details-bin`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

DETAILS_KEY: Final = "grpc-status-details-bin"
DOMAIN: Final = "mazemesh"
"""ErrorInfo.domain of reasons that are `mazemesh.errors.Reason`."""

Metadata = Iterable[tuple[str, str | bytes]]


def to_metadata(code: int, message: str, reason: str) -> tuple[tuple[str, bytes], ...]:
    """Trailing metadata that tell a reason; none where it is empty. `code` is the gRPC status."""
    if not reason:
        return ()
    info = AnyMessage()
    info.Pack(ErrorInfo(reason=reason, domain=DOMAIN))
    status = Status(code=code, message=message, details=[info])
    return ((DETAILS_KEY, status.SerializeToString()),)


def reason_in(metadata: Metadata | None) -> str:
    """The reason that trailing metadata tell; empty without one, or with one that is not ours."""
    for key, value in metadata or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            return _reason(value)
    return ""


def _reason(details: bytes) -> str:
    info = ErrorInfo()
    try:
        for detail in Status.FromString(details).details:
            if detail.Unpack(info) and info.domain == DOMAIN:
                reason: str = info.reason
                return reason
    except DecodeError:
        pass
    return ""
