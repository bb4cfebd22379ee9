"""The servicer, counted from outside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter

from mazemesh.errors import FailedPrecondition, MazemeshError
from mazemesh.v1 import model_pb2 as pb
from services._harness.calls.context import Context
from services.model.servicer import ModelServicer


class MeteredServicer(ModelServicer):
    """A `ModelServicer` that counts how publishes end."""

    def __init__(self, registry: CollectorRegistry, **parts: Any) -> None:
        super().__init__(**parts)
        self._publishes = Counter(
            "mazemesh_model_publishes",
            "Publishes that ended: ready, rejected by a check, refused as malformed, or failed.",
            ("result",),
            registry=registry,
        )
        for result in ("ready", "rejected", "refused", "failed"):
            self._publishes.labels(result)  # or else the first one would be no growth

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
            self._publishes.labels(result).inc()
