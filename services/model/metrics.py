"""What the Model service tells Prometheus: wrapped around it, or read from outside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services._harness.broadcast import Broadcast
from services.model.registry.policy import State
from services.model.servicer import ModelServicer
from services.model.store import RegistryStore, Transaction
from services.model.validation.parity import Parity
from services.model.validation.report import Verdict
from services.model.validation.validator import Content, Validator

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REFRESH_SECONDS: Final = 1.0
"""Between two looks at the counts of versions: learners may publish many times a second."""

Check = Callable[[Validator, Content, int, Parity], Verdict]


def metered_check(check: Check, registry: CollectorRegistry) -> Check:
    """`check`, timed."""
    seconds = Histogram(
        "mazemesh_model_validation_seconds",
        "Time to validate the file of a published version.",
        registry=registry,
        buckets=_SECONDS,
    )

    def timed(validator: Validator, content: Content, size_bytes: int, parity: Parity) -> Verdict:
        with seconds.time():
            return check(validator, content, size_bytes, parity)

    return timed


class StateCollector(Collector):
    """What the service holds, read when the metrics page is."""

    def __init__(self, servicer: ModelServicer, store: RegistryStore) -> None:
        self._servicer = servicer
        self._store = store
        self._versions: dict[State, int] = {}
        self._bytes = 0

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Open watches; versions by state and bytes of files, as they were at the last look."""
        yield GaugeMetricFamily(
            "mazemesh_model_watchers",
            "WatchPolicies streams that are open, about one for each actor.",
            self._servicer.watching,
        )
        versions = GaugeMetricFamily(
            "mazemesh_model_versions", "Versions in the registry, by state.", labels=["state"]
        )
        for state, count in self._versions.items():
            versions.add_metric([state.name.lower()], count)
        yield versions
        yield GaugeMetricFamily(
            "mazemesh_model_blob_bytes",
            "Bytes of the files of all versions that are kept.",
            self._bytes,
        )

    async def follow(self, changed: Broadcast) -> None:
        """Looks at the store now and after changes; returns when the service stops."""
        while not changed.closed:
            ticket = changed.ticket()
            self._versions, self._bytes = await self._store.transact(_counts)
            await asyncio.sleep(REFRESH_SECONDS)
            await ticket.wait()


def _counts(tx: Transaction) -> tuple[dict[State, int], int]:
    return tx.versions.counts(), tx.versions.file_bytes()
