"""Metrics of the Matchmaker."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.matchmaker.training.opponents import Source

# One second (somebody was waiting) to ten minutes.
_WAIT_BUCKETS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)


class MatchmakerMetrics:
    """Counters, gauges and histograms, registered at `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        prefix = "mazemesh_matchmaker"
        leases = Counter(
            f"{prefix}_leases", "Leases of rating matches, by event.", ("event",), registry=registry
        )
        self.leases_issued = leases.labels("issued")
        self.leases_completed = leases.labels("completed")
        self.leases_failed = leases.labels("failed")
        self.leases_expired = leases.labels("expired")
        self.leases_abandoned = leases.labels("abandoned")
        self.matches_live = Gauge(
            f"{prefix}_matches_live", "Rating matches queued or leased.", registry=registry
        )
        samples = Counter(
            f"{prefix}_samples",
            "Training opponents drawn, by source.",
            ("source",),
            registry=registry,
        )
        self.samples = {source: samples.labels(source.value) for source in Source}
        self.outcomes = Counter(
            f"{prefix}_outcome_games",
            "Training games whose outcome was counted.",
            registry=registry,
        )
        self.snapshots = Gauge(
            f"{prefix}_snapshots", "Snapshots known, of all policies.", registry=registry
        )
        self.tickets_waiting = Gauge(
            f"{prefix}_tickets_waiting", "Players that wait for an opponent.", registry=registry
        )
        self.ticket_wait = Histogram(
            f"{prefix}_ticket_wait_seconds",
            "Time from a ticket to its match.",
            registry=registry,
            buckets=_WAIT_BUCKETS,
        )
