"""What the Elo service tells Prometheus: wrapped around log and fit, or read from outside."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.elo.gate.gate import Gate
from services.elo.gate.sequential import Verdict
from services.elo.log.batch import Batch, LoggedBatch
from services.elo.log.match import Match
from services.elo.models.bradley_terry import Fit
from services.elo.models.fitting.posterior import Problem
from services.elo.servicer import EloServicer
from services.elo.standings.ratings import Ratings
from services.elo.store import Appended, GateStore, ResultLog, Status


class MeteredLog:
    """A `ResultLog` that counts results by what became of them, and the transactions of appends."""

    def __init__(self, log: ResultLog, registry: CollectorRegistry) -> None:
        self._log = log
        results = Counter(
            "mazemesh_elo_results",
            "Results received, by what became of them: recorded, duplicate, conflict.",
            ["status"],
            registry=registry,
        )
        self._results = {status: results.labels(status.name.lower()) for status in Status}
        self._appends = Counter(
            "mazemesh_elo_appends",
            "Transactions that appended results to the log; calls at the same time share one.",
            registry=registry,
        )

    async def append(self, batches: Sequence[Batch]) -> Appended:
        """See `ResultLog.append`."""
        appended = await self._log.append(batches)
        self._appends.inc()
        for statuses in appended.statuses:
            for status, count in Tally(statuses).items():
                self._results[status].inc(count)
        return appended

    def read(self, after: int) -> AsyncIterator[LoggedBatch]:
        """See `ResultLog.read`."""
        return self._log.read(after)

    async def raw(self, after: int, count: int) -> Sequence[tuple[int, bytes]]:
        """See `ResultLog.raw`."""
        return await self._log.raw(after, count)

    async def find(self, sequences: Sequence[int]) -> Sequence[Match]:
        """See `ResultLog.find`."""
        return await self._log.find(sequences)

    async def named(self, match_ids: Sequence[str]) -> Mapping[str, Match]:
        """See `ResultLog.named`."""
        return await self._log.named(match_ids)


class MeteredGates:
    """A `GateStore` that counts what gates decide, each once and at the instance that found it."""

    def __init__(self, store: GateStore, registry: CollectorRegistry) -> None:
        self._store = store
        decisions = Counter(
            "mazemesh_elo_gate_decisions",
            "Gates that were decided, by verdict: passed, failed, capped, forgotten.",
            ["verdict"],
            registry=registry,
        )
        ends = [verdict for verdict in Verdict if verdict is not Verdict.RUNNING]
        self._decisions: dict[Verdict, Counter] = {
            verdict: decisions.labels(verdict.value) for verdict in ends
        }
        self._matches = Histogram(
            "mazemesh_elo_gate_matches",
            "Matches that a gate had seen when it was decided.",
            registry=registry,
            buckets=(16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768),
        )

    async def open(self, gate: Gate) -> Gate:
        """See `GateStore.open`."""
        return await self._store.open(gate)

    async def get(self, gate_id: str) -> Gate | None:
        """See `GateStore.get`."""
        return await self._store.get(gate_id)

    async def replace(self, old: Gate, new: Gate) -> bool:
        """See `GateStore.replace`."""
        replaced = await self._store.replace(old, new)
        if replaced and new.ended and not old.ended:
            self._decisions[new.finding.verdict].inc()
            self._matches.observe(new.finding.matches)
        return replaced

    async def page(self, before: int, count: int, ladder: str) -> Sequence[tuple[int, Gate]]:
        """See `GateStore.page`."""
        return await self._store.page(before, count, ladder)


def metered_fit(
    fit: Callable[[Problem], Fit], registry: CollectorRegistry
) -> Callable[[Problem], Fit]:
    """`fit`, timed."""
    seconds = Histogram(
        "mazemesh_elo_refit_seconds",
        "Time that fitting all ratings of a ladder took.",
        registry=registry,
        buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
    )

    def timed(problem: Problem) -> Fit:
        with seconds.time():
            return fit(problem)

    return timed


class StateCollector(Collector):
    """What the service holds, read when the metrics page is."""

    def __init__(self, ratings: Ratings, servicer: EloServicer) -> None:
        self._ratings = ratings
        self._servicer = servicer

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Players, matches and fitted matches by ladder; watches; whether it fits."""
        players = GaugeMetricFamily(
            "mazemesh_elo_players", "Players with a result on the ladder.", labels=["ladder"]
        )
        matches = GaugeMetricFamily(
            "mazemesh_elo_matches", "Matches that are in the log.", labels=["ladder"]
        )
        fitted = GaugeMetricFamily(
            "mazemesh_elo_fitted_matches",
            "Matches that the newest fit has seen; as many as in the log once it has caught up.",
            labels=["ladder"],
        )
        for board in self._ratings.boards:
            label = [board.ladder.name]
            players.add_metric(label, len(board.ladder.players))
            matches.add_metric(label, board.ladder.matches)
            fitted.add_metric(label, board.standings.matches)
        yield from (players, matches, fitted)
        yield GaugeMetricFamily(
            "mazemesh_elo_watchers",
            "WatchLeaderboard streams that are open now.",
            self._servicer.watching,
        )
        yield GaugeMetricFamily(
            "mazemesh_elo_fits",
            "1 where this instance is the one that fits, else 0; in sum it should be 1.",
            int(self._ratings.fits),
        )
