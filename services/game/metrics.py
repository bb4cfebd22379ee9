"""What the Game service tells Prometheus: told of each step, or read from outside."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from mazemesh.games.bots import EXTERNAL
from services.game.matches.match_host import MatchHost
from services.game.matches.outbox import Outbox
from services.game.play.batch import OVER, Batch, Report
from services.game.play.room import Room
from services.game.recordings.archive import Archive
from services.game.run_games import GameSessions

_STEP_BUCKETS: Final = (
    *(0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005),
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0),
)


_RECENT_EPISODES: Final = 100


@dataclass(frozen=True, slots=True)
class State:
    """What the service holds."""

    sessions: GameSessions
    matches: MatchHost
    outbox: Outbox
    room: Room
    archive: Archive
    local_streams: Callable[[], int]


class StateCollector(Collector):
    """What the service holds, read when the metrics page is."""

    def __init__(self, state: State) -> None:
        self._state = state

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Sessions, matches, results on their way, memory."""
        state, outbox = self._state, self._state.outbox
        yield _gauge(
            "sessions", "RunGames sessions, also those whose stream is away.", len(state.sessions)
        )
        yield _gauge(
            "live_matches", "Matches that wait for players or run.", state.matches.live_matches
        )
        open_seats = state.matches.total_open_seats
        yield _gauge("open_seats", "Seats that nobody has joined yet.", open_seats)
        yield _gauge(
            "outbox_results",
            "Results that Elo has not got yet; of all instances on the database, at most 10,000.",
            outbox.size.pending,
        )
        yield _gauge(
            "outbox_age_seconds",
            "Since the match ended whose result has waited longest for Elo; 0 when none waits.",
            outbox.age,
        )
        yield _gauge(
            "refused_results",
            "Results that Elo refused for ever; they are kept with the reason, and not sent again.",
            outbox.size.dead,
        )
        streams = "RunGames streams of this machine that a thread of their own answers."
        yield _gauge("local_streams", streams, state.local_streams())
        yield _gauge(
            "memory_bytes", "Memory reserved for games, of max_memory_mib.", state.room.used
        )
        yield _gauge(
            "lost_recordings",
            "Recordings that could not be written since the start; their matches count all the "
            "same.",
            state.archive.lost,
        )


def _gauge(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"mazemesh_game_{name}", documentation, value)


class GameMetrics:
    """Metrics of one server."""

    def __init__(self, registry: CollectorRegistry) -> None:
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
        if report.ended_games.size:
            finished.inc(report.ended_games.size)
        clients.inc(by_clients)
        if moves > by_clients:
            bots.inc(moves - by_clients)
        histogram.observe(seconds)
        if engine.waits_for_processes:
            self._lost.labels(engine.game.name).inc(int(np.count_nonzero(engine.lost)))
        if engine.autoreset and report.ended_games.size:
            self._note_returns(batch, report)

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
