"""ExternalEpisodes of model.proto, as a part of the servicer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Protocol

from mazemesh.v1 import model_pb2 as pb
from services._harness.calls.context import Context

Messages = AsyncIterator[pb.ExternalEpisodesRequest]
Responses = AsyncGenerator[pb.ExternalEpisodesResponse]


class Serves(Protocol):
    """Streams of simulators (`services.model.external.bind.External`)."""

    def serve(self, messages: Messages) -> Responses:
        """One stream, from its first message to its end."""
        ...


class ExternalMethods:
    """A part of the servicer of ModelService."""

    external: Serves

    async def ExternalEpisodes(self, request_iterator: Messages, context: Context) -> Responses:
        """A simulator's episodes."""
        async for response in self.external.serve(request_iterator):
            yield response
