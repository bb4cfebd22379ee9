"""What the Model service tells Prometheus."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services._harness.broadcast import Broadcast
from services.model.registry.policy import State
from services.model.store import RegistryStore

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


REFRESH_SECONDS: Final = 1.0
"""Between counts of all versions, which takes longer than most publishes."""


RESULTS: Final = ("ready", "rejected", "refused", "failed")
"""How a publish may end."""


class ModelMetrics:
    """The metrics of one server."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.publishes = Counter(
            "mazemesh_model_publishes",
            "Publishes that ended: ready, rejected by a check, refused as malformed, or failed.",
            ("result",),
            registry=registry,
        )
        for result in RESULTS:  # or else the first one would be no growth
            self.publishes.labels(result)
        self.validation_seconds = Histogram(
            "mazemesh_model_validation_seconds",
            "Time to validate the file of a published version.",
            registry=registry,
            buckets=_SECONDS,
        )
        self.watchers = Gauge(
            "mazemesh_model_watchers",
            "WatchPolicies streams that are open, about one for each actor.",
            registry=registry,
        )
        self._versions = Gauge(
            "mazemesh_model_versions",
            "Versions in the registry, by state.",
            ("state",),
            registry=registry,
        )
        self._blob_bytes = Gauge(
            "mazemesh_model_blob_bytes",
            "Bytes of the files of all versions that are kept.",
            registry=registry,
        )

    async def refresh(self, store: RegistryStore) -> None:
        """Counts the versions and their files."""
        counts, size = await store.transact(
            lambda tx: (tx.versions.counts(), tx.versions.file_bytes())
        )
        for state in State:
            self._versions.labels(state.name.lower()).set(counts[state])
        self._blob_bytes.set(size)


async def keep_fresh(metrics: ModelMetrics, store: RegistryStore, changed: Broadcast) -> None:
    """Counts the versions now and, at most once in `REFRESH_SECONDS`, after changes.

    Returns when the service stops.
    """
    while not changed.closed:
        ticket = changed.ticket()
        began = time.monotonic()
        await metrics.refresh(store)
        # Counting a long table is not to be what the database does most.
        await asyncio.sleep(max(REFRESH_SECONDS, 20 * (time.monotonic() - began)))
        await ticket.wait()
