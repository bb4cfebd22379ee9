"""What the Game service counts and times."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from typing import Final

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from mazemesh.games.bots import EXTERNAL
from services.game.play.batch import OVER, Batch, Report

_STEP_BUCKETS: Final = (
    *(0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005),
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0),
)


_RECENT_EPISODES: Final = 100


class GameMetrics:
    """Metrics of one server."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        labels = ("kind", "game")
        self._finished = Counter(
            "mazemesh_game_games_finished",
            "Games that ended, by kind (training or match).",
            labels,
            registry=registry,
        )
        self._steps = Counter(
            "mazemesh_game_agent_steps",
            "Moves of seats, by kind (training or match) and who made them (client or bot).",
            (*labels, "player"),
            registry=registry,
        )
        self._seconds = Histogram(
            "mazemesh_game_step_seconds",
            "Time to play one step of a batch of games, by kind (training or match).",
            labels,
            registry=registry,
            buckets=_STEP_BUCKETS,
        )
        self._lost = Counter(
            "mazemesh_game_lost_episodes",
            "Episodes of foreign games that were lost, since their environments failed.",
            ("game",),
            registry=registry,
        )
        self._returns = Gauge(
            "mazemesh_game_mean_return",
            "Mean return of the client's seats in the training episodes that ended last.",
            ("game",),
            registry=registry,
        )
        self._recent: defaultdict[str, deque[float]] = defaultdict(
            lambda: deque(maxlen=_RECENT_EPISODES)
        )
        self._children: dict[tuple[str, str], tuple[Counter, Counter, Counter, Histogram]] = {}

    def stepped(self, batch: Batch, report: Report, seconds: float) -> None:
        """Counts one step of a batch."""
        engine = batch.engine
        kind = "training" if engine.autoreset else "match"
        finished, clients, bots, histogram = self._of(kind, engine.game.name)
        clients_seats = engine.controller == EXTERNAL
        moves = clients_seats.size
        if not engine.autoreset:
            running = report.status != OVER
            moves = int(np.count_nonzero(running)) * engine.spec.seats
            clients_seats &= running[:, None]
        if report.seat_status.size:
            there = report.seat_status != OVER
            moves = int(np.count_nonzero(there))
            clients_seats &= there
        by_clients = int(np.count_nonzero(clients_seats))
        finished.inc(report.ended_games.size)
        clients.inc(by_clients)
        bots.inc(moves - by_clients)
        histogram.observe(seconds)
        if engine.waits_for_processes:
            self._lost.labels(engine.game.name).inc(int(np.count_nonzero(engine.lost)))
        if engine.autoreset and report.ended_games.size:
            self._note_returns(batch, report)

    def gauge(self, name: str, documentation: str, value: Callable[[], float]) -> None:
        """A gauge `mazemesh_game_<name>` that asks for its value when it is read."""
        gauge = Gauge(f"mazemesh_game_{name}", documentation, registry=self._registry)
        gauge.set_function(value)

    def _note_returns(self, batch: Batch, report: Report) -> None:
        engine = batch.engine
        returns = engine.episode_return[report.ended_games]
        # Who played the episode that ended is not known any more where controllers changed with it.
        clients = returns[engine.controller[report.ended_games] == EXTERNAL]
        recent = self._recent[engine.game.name]
        recent.extend(clients[-_RECENT_EPISODES:].tolist())
        if recent:
            self._returns.labels(engine.game.name).set(sum(recent) / len(recent))

    def _of(self, kind: str, game: str) -> tuple[Counter, Counter, Counter, Histogram]:
        known = self._children.get((kind, game))
        if known is None:
            known = self._children[kind, game] = (
                self._finished.labels(kind, game),
                self._steps.labels(kind, game, "client"),
                self._steps.labels(kind, game, "bot"),
                self._seconds.labels(kind, game),
            )
        return known
