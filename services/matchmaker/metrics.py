"""What the Matchmaker tells Prometheus, read from the core at each scrape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TypeVar

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.matchmaker.lobby.lobby import Lobby
from services.matchmaker.rating.evaluation import Evaluation, LeaseEvent
from services.matchmaker.training.opponents import Source
from services.matchmaker.training.snapshots import SnapshotRoster
from services.matchmaker.training.training import Training

EventT = TypeVar("EventT", bound=Enum)

_PREFIX = "mazemesh_matchmaker"

# One second (somebody was waiting) to ten minutes.
_WAIT_BUCKETS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)


class MatchmakerCollector(Collector):
    """Counts and sizes of the three rooms."""

    def __init__(
        self, training: Training, evaluation: Evaluation, roster: SnapshotRoster, lobby: Lobby
    ) -> None:
        self._training = training
        self._evaluation = evaluation
        self._roster = roster
        self._lobby = lobby

    def collect(self) -> Iterator[Metric]:
        """All of them as they are now."""
        leases = {event: self._evaluation.events[event] for event in LeaseEvent}
        drawn = {source: self._training.drawn[source] for source in Source}
        yield _counter("leases", "Leases of rating matches, by event.", "event", leases)
        yield _gauge("matches_live", "Rating matches queued or leased.", self._evaluation.live)
        yield _counter("samples", "Training opponents drawn, by source.", "source", drawn)
        yield CounterMetricFamily(
            f"{_PREFIX}_outcome_games",
            "Training games whose outcome was counted.",
            self._training.games,
        )
        yield _gauge("snapshots", "Snapshots known, of all policies.", len(self._roster))
        yield _gauge("tickets_waiting", "Players that wait for an opponent.", self._lobby.waiting)


def ticket_wait(registry: CollectorRegistry) -> Histogram:
    """Time from a ticket to its match, registered at `registry`."""
    return Histogram(
        f"{_PREFIX}_ticket_wait_seconds",
        "Time from a ticket to its match.",
        registry=registry,
        buckets=_WAIT_BUCKETS,
    )


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{_PREFIX}_{name}", text, value)


def _counter(name: str, text: str, label: str, counts: Mapping[EventT, int]) -> Metric:
    family = CounterMetricFamily(f"{_PREFIX}_{name}", text, labels=[label])
    for key, count in counts.items():
        family.add_metric([key.value], count)
    return family
