"""Requests of RecordResults, from bytes to what is appended."""

from __future__ import annotations

import asyncio

from google.protobuf.message import DecodeError

from mazemesh.errors import InvalidArgument
from mazemesh.names import PLAYER, Grammar
from mazemesh.v1 import elo_pb2
from services.elo.log.batch import Batch
from services.elo.wire import validation
from services.elo.wire.results import payloads

LARGE = 32 * 1024
"""Bytes of a request, some 200 results, from which compiled code reads it."""


class RequestReader:
    """Reads requests, the large and plain ones some twenty times as fast as others."""

    def __init__(self) -> None:
        self._loaded = False

    async def read(self, request: bytes, participant: Grammar = PLAYER) -> Batch:
        """The results of a request; `participant` is the grammar of whoever takes part.

        Raises:
            InvalidArgument: one is malformed, or it is no request.
        """
        if len(request) >= LARGE:
            if not self._loaded:  # half a second, once
                await asyncio.to_thread(_load)
                self._loaded = True
            from services.elo.wire.results import scan

            batch = scan.request(request, participant)
            if batch is not None:
                return batch
        try:
            results = elo_pb2.RecordResultsRequest.FromString(request).results
        except DecodeError as error:
            raise InvalidArgument(f"the message is no RecordResultsRequest: {error}") from error
        matches = await validation.matches(results, participant)
        return Batch(
            [match.match_id for match in matches],
            list(map(payloads.of_message, results)),
            payloads.columns(matches),
        )


def _load() -> None:
    pass
