"""The servicer, counted."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from mazemesh.errors import FailedPrecondition, MazemeshError
from mazemesh.v1 import model_pb2 as pb
from services._harness.context import Context
from services.model.metrics import ModelMetrics
from services.model.servicer import ModelServicer


class MeteredServicer(ModelServicer):
    """A `ModelServicer` that counts how publishes end and how many watches are open."""

    def __init__(self, metrics: ModelMetrics, **parts: Any) -> None:
        super().__init__(**parts)
        self._metrics = metrics

    async def PublishPolicy(
        self, request_iterator: AsyncIterator[pb.PublishPolicyRequest], context: Context
    ) -> pb.PublishPolicyResponse:
        """Counts the result."""
        result = "failed"
        try:
            response = await super().PublishPolicy(request_iterator, context)
            result = "ready"
            return response
        except FailedPrecondition:
            result = "rejected"
            raise
        except MazemeshError:
            result = "refused"
            raise
        finally:
            self._metrics.publishes.labels(result).inc()

    async def WatchPolicies(
        self, request: pb.WatchPoliciesRequest, context: Context
    ) -> AsyncGenerator[pb.WatchPoliciesResponse]:
        """Counts the watch while it is open."""
        with self._metrics.watchers.track_inprogress():
            async with aclosing(super().WatchPolicies(request, context)) as responses:
                async for response in responses:
                    yield response
