"""Results on their way to Elo: kept as the bytes of its messages, told as those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from google.protobuf.message import DecodeError

from mazemesh.errors import InvalidArgument
from mazemesh.v1 import elo_pb2 as pb

_ACKNOWLEDGED = (pb.RECORD_STATUS_RECORDED, pb.RECORD_STATUS_DUPLICATE)


class EloPeer(Protocol):
    """The Elo service."""

    async def record(self, results: Sequence[pb.MatchResult]) -> list[int]:
        """Records results and returns the `RecordStatus` of each; raises as RecordResults does."""


class Delivery:
    """A `ResultSink` that decodes results for Elo."""

    def __init__(self, elo: EloPeer) -> None:
        self._elo = elo

    async def record(self, results: Sequence[bytes]) -> list[str]:
        """See `ResultSink`; one that cannot be decoded is InvalidArgument."""
        try:
            messages = [pb.MatchResult.FromString(result) for result in results]
        except DecodeError as error:
            raise InvalidArgument(f"a result cannot be read: {error}") from error
        statuses = await self._elo.record(messages)
        return [
            "" if status in _ACKNOWLEDGED else pb.RecordStatus.Name(status) for status in statuses
        ]
