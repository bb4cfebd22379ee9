"""What the Matchmaker tells Prometheus, read from the core at each scrape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TypeVar

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.matchmaker.gates.driver import Driver
from services.matchmaker.gates.run import RunState
from services.matchmaker.lobby.lobby import Lobby
from services.matchmaker.lobby.matching import Matching
from services.matchmaker.lobby.tickets import ENDED
from services.matchmaker.rating.evaluation import Evaluation, LeaseEvent
from services.matchmaker.rating.rota import Rule
from services.matchmaker.tournaments.driver import Driver as TournamentDriver
from services.matchmaker.tournaments.plan import Forfeit
from services.matchmaker.tournaments.run import TournamentState
from services.matchmaker.tournaments.tournaments import Tournaments
from services.matchmaker.training.opponents import Source
from services.matchmaker.training.snapshots import SnapshotRoster
from services.matchmaker.training.training import Training
from services.matchmaker.workers.auditor import Auditor
from services.matchmaker.workers.events import Suspicion
from services.matchmaker.workers.quarantine import Quarantine

EventT = TypeVar("EventT", bound=Enum)

_PREFIX = "mazemesh_matchmaker"

_GAP_BUCKETS = (10, 25, 50, 100, 150, 200, 300, 400, 600, 800, 1200)

# A moment (somebody was waiting) to ten minutes.
_WAIT_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)


class MatchmakerCollector(Collector):
    """Counts and sizes of the three rooms."""

    def __init__(
        self,
        training: Training,
        evaluation: Evaluation,
        roster: SnapshotRoster,
        lobby: Lobby,
        matching: Matching,
        driver: Driver,
        tournaments: Tournaments,
        tournament_driver: TournamentDriver,
        quarantine: Quarantine,
        auditor: Auditor,
    ) -> None:
        self._driver = driver
        self._tournaments = tournaments
        self._tournament_driver = tournament_driver
        self._quarantine, self._auditor = quarantine, auditor
        self._training = training
        self._evaluation = evaluation
        self._roster = roster
        self._lobby = lobby
        self._matching = matching

    def collect(self) -> Iterator[Metric]:
        """All of them as they are now."""
        leases = {event: self._evaluation.events[event] for event in LeaseEvent}
        drawn = {source: self._training.drawn[source] for source in Source}
        yield _counter(
            "leases",
            "Leases of rating matches that were issued, completed, failed, expired or abandoned.",
            "event",
            leases,
        )
        rules = self._evaluation
        yield _counter(
            "rating_matches",
            "Rating matches that were chosen, by rule.",
            "rule",
            {rule: rules.picked[rule] for rule in Rule},
        )
        yield _counter(
            "rating_games",
            "Games of these, by rule.",
            "rule",
            {rule: rules.games[rule] for rule in Rule},
        )
        yield _counter(
            "rating_information_bits",
            "What these should tell about ratings when they were chosen, by rule; divided by "
            "rating_games: information gained a game.",
            "rule",
            rules.bits,
        )
        yield _counter(
            "quarantines",
            "Workers that were put in quarantine, by rule.",
            "rule",
            {rule: self._quarantine.entered[rule] for rule in Suspicion},
        )
        yield CounterMetricFamily(
            f"{_PREFIX}_retracted_results",
            "Results of workers in quarantine that were retracted.",
            self._quarantine.retracted,
        )
        yield CounterMetricFamily(
            f"{_PREFIX}_audited_matches",
            "Completed rating matches whose results were looked at.",
            self._auditor.audited,
        )
        yield CounterMetricFamily(
            f"{_PREFIX}_replayed_matches",
            "Those of them whose recordings were played once more.",
            self._auditor.replayed,
        )
        yield _gauge(
            "matches_live",
            "Rating matches that are queued or leased, of all instances.",
            self._evaluation.live,
        )
        yield _counter(
            "samples", "Training opponents drawn, by source: latest, PFSP, bots.", "source", drawn
        )
        yield CounterMetricFamily(
            f"{_PREFIX}_outcome_games",
            "Training games whose outcome was counted; PFSP rests on them.",
            self._training.games,
        )
        yield _gauge(
            "gates_running",
            "Gates that run, of all instances.",
            self._driver.running,
        )
        yield _counter(
            "gates",
            "Gates that ended, by how: promoted, passed, failed, overtaken, given up, cancelled.",
            "state",
            {state: self._driver.ended[state] for state in RunState if state.value != "running"},
        )
        yield _gauge(
            "tournaments_running",
            "Tournaments that run, of all instances.",
            self._tournament_driver.running,
        )
        yield _counter(
            "tournaments",
            "Tournaments that ended, by how: finished, cancelled.",
            "state",
            {
                TournamentState.FINISHED: self._tournament_driver.finished,
                TournamentState.CANCELLED: self._tournaments.cancelled,
            },
        )
        yield CounterMetricFamily(
            f"{_PREFIX}_tournament_matches",
            "Matches of tournaments whose results were taken.",
            self._tournament_driver.played,
        )
        yield _counter(
            "tournament_forfeits",
            "Encounters of tournaments that were not played out, by who did not come: first, "
            "second, both; void: it could not be played.",
            "why",
            {why: self._tournament_driver.forfeits[why.value] for why in Forfeit},
        )
        yield _gauge(
            "snapshots", "Snapshots that may be opponents, of all policies.", len(self._roster)
        )
        yield _gauge(
            "tickets_waiting",
            "Players that wait for an opponent, of all instances.",
            self._lobby.waiting,
        )
        yield _counter(
            "tickets_ended",
            "Tickets that ended by this instance, by how: matched, cancelled, expired.",
            "state",
            {state: self._lobby.desk.ended[state] for state in ENDED},
        )
        yield CounterMetricFamily(
            f"{_PREFIX}_backfilled_seats",
            "Seats of running games that were given to waiting players.",
            self._matching.backfilled,
        )
        yield _gauge(
            "longest_wait_seconds",
            "How long the player has waited that waits longest, at the instance that matches.",
            self._matching.longest_wait,
        )


def ticket_wait(registry: CollectorRegistry) -> Histogram:
    """Time from a ticket to its match, registered at `registry`."""
    return Histogram(
        f"{_PREFIX}_ticket_wait_seconds",
        "Time from a player's ticket to its match.",
        registry=registry,
        buckets=_WAIT_BUCKETS,
    )


def rating_gap(registry: CollectorRegistry) -> Histogram:
    """How far apart the players of a match are, registered at `registry`."""
    return Histogram(
        f"{_PREFIX}_rating_gap",
        "Between the best and the worst rated player of a match of the lobby, in Elo points.",
        registry=registry,
        buckets=_GAP_BUCKETS,
    )


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{_PREFIX}_{name}", text, value)


def _counter(name: str, text: str, label: str, counts: Mapping[EventT, float]) -> Metric:
    family = CounterMetricFamily(f"{_PREFIX}_{name}", text, labels=[label])
    for key, count in counts.items():
        family.add_metric([key.value], count)
    return family
