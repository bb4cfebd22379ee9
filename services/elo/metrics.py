"""What the Elo service counts, wrapped around the log and the fit from outside."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.elo.log.match import LoggedMatch, Match
from services.elo.models.bradley_terry import Fit
from services.elo.models.posterior import Problem
from services.elo.standings.board import Board
from services.elo.store import ResultLog, Status


class MeteredLog:
    """A `ResultLog` that counts results by what became of them."""

    def __init__(self, log: ResultLog, registry: CollectorRegistry) -> None:
        self._log = log
        results = Counter(
            "mazemesh_elo_results", "Results received, by status.", ["status"], registry=registry
        )
        self._results = {status: results.labels(status.name.lower()) for status in Status}

    async def append(self, matches: Sequence[Match]) -> list[Status]:
        """See `ResultLog.append`."""
        statuses = await self._log.append(matches)
        for status, count in Tally(statuses).items():
            self._results[status].inc(count)
        return statuses

    def read(self, after: int) -> AsyncIterator[Sequence[LoggedMatch]]:
        """See `ResultLog.read`."""
        return self._log.read(after)


def metered_fit(
    fit: Callable[[Problem], Fit], registry: CollectorRegistry
) -> Callable[[Problem], Fit]:
    """`fit`, timed."""
    seconds = Histogram(
        "mazemesh_elo_refit_seconds",
        "Time that fitting a ladder took.",
        registry=registry,
        buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
    )

    def timed(problem: Problem) -> Fit:
        with seconds.time():
            return fit(problem)

    return timed


def watchers(registry: CollectorRegistry) -> Gauge:
    """The number of open WatchLeaderboard streams."""
    return Gauge("mazemesh_elo_watchers", "Open leaderboard watches.", registry=registry)


class LadderCollector(Collector):
    """Size of each ladder, read when the metrics page is."""

    def __init__(self, boards: Callable[[], Iterable[Board]]) -> None:
        self._boards = boards

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Players, matches and fitted matches by ladder."""
        players = GaugeMetricFamily("mazemesh_elo_players", "Players.", labels=["ladder"])
        matches = GaugeMetricFamily("mazemesh_elo_matches", "Matches.", labels=["ladder"])
        fitted = GaugeMetricFamily(
            "mazemesh_elo_fitted_matches", "Matches that the fit has seen.", labels=["ladder"]
        )
        for board in list(self._boards()):
            label = [board.ladder.name]
            players.add_metric(label, len(board.ladder.players))
            matches.add_metric(label, len(board.ladder.matches))
            fitted.add_metric(label, board.standings.matches)
        yield from (players, matches, fitted)
