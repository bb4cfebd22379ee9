"""What is known of a running mesh at one moment: for dashboard, plain lines and summary."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from mazemesh.client.mesh import Mesh
from mazemesh.errors import MazemeshError
from mazemesh.v1.elo_pb2 import PlayerRating
from mazemesh.v1.game_pb2 import GetGameSpecRequest
from mazemesh.v1.model_pb2 import Collection
from supervisor.running.child import Child
from supervisor.running.layout import LEARNER, Layout, MeshPlan
from supervisor.running.supervise import Supervisor
from supervisor.watching.scrape import Readings, scrape

_BOARD_ROWS = 1000
_ASK_SECONDS = 2.0
_LOSSES = ("loss", "policy_loss", "value_loss", "td_error", "entropy")
"""What is shown of the learner's statistics; MLflow and its metrics file have all."""


@dataclass(frozen=True)
class Overview:
    """Figures since `mazemesh up` began, unless said otherwise.

    Attributes:
        seconds: Running time.
        games: Games finished, training and matches.
        matches: Rating matches in Elo's log (ever).
        agent_steps: Moves of seats that a policy plays, in training, its exploiters' among them.
        agent_steps_per_second, games_per_second: Over the last interval.
        experience: Rows that Replay accepted.
        replay: Rows held, by table.
        versions: Versions published in this run of `up`.
        newest: Number of the newest version; 0 before the first.
        snapshots: Versions kept for rating (ever).
        training_step: Of the learner, not of exploiters, as all figures of learning.
        policy_lag: Versions between the acting and the learning policy, as the learner sees it.
        episode_reward: Mean of the training episodes that ended last, as the learner sees them.
        losses: By name.
        success: Seconds and rate of each snapshot that was probed, in order.
        states: Of each process: its process id, or why it does not run.
        instances: Of each service that run.
        restarts: Processes started again.
        first_game_seconds: When the first game was over; None before.
        leaderboard: Best first.
    """

    seconds: float = 0.0
    games: int = 0
    matches: int = 0
    agent_steps: int = 0
    agent_steps_per_second: float = 0.0
    games_per_second: float = 0.0
    experience: int = 0
    replay: dict[str, int] = field(default_factory=dict)
    versions: int = 0
    newest: int = 0
    snapshots: int = 0
    training_step: int = 0
    policy_lag: float | None = None
    episode_reward: float | None = None
    losses: dict[str, float] = field(default_factory=dict)
    success: dict[str, tuple[float, float]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    instances: dict[str, int] = field(default_factory=dict)
    restarts: int = 0
    first_game_seconds: float | None = None
    leaderboard: tuple[PlayerRating, ...] = ()

    @property
    def success_rate(self) -> float | None:
        """Of the newest snapshot that was probed."""
        return list(self.success.values())[-1][1] if self.success else None


def _waiting(child: Child) -> str:
    rests = child.spec.member and (child.stopping or not child.begun)
    return "rests" if rests else "starting"


class Observer:
    """Refreshes the overview from the processes' metrics and the services.

    Args:
        plan: What runs.
        layout: Its processes.
        supervisor: Who keeps them alive.
        mesh: Clients.
        began: When `mazemesh up` began, by `clock`.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        plan: MeshPlan,
        layout: Layout,
        supervisor: Supervisor,
        mesh: Mesh,
        began: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan, self._layout, self._supervisor, self._mesh = plan, layout, supervisor, mesh
        self._clock = clock
        self._began = began
        self._readings = Readings()
        self._success: dict[str, tuple[float, float]] = {}
        self._ladder = plan.game
        self._asked: GetGameSpecRequest | None = None
        self.overview = Overview()

    async def refresh(self, *, ratings: bool) -> Overview:
        """Reads everything anew; ratings and versions only when asked, as they cost more."""
        await scrape(self._layout.all, self._readings)
        if ratings:
            board, versions, snapshots = await asyncio.to_thread(self._ask_services)
        else:
            board, versions, snapshots = None, None, None
        self.overview = self._build(board, versions, snapshots)
        return self.overview

    def _ask_services(self) -> tuple[tuple[PlayerRating, ...] | None, int | None, int | None]:
        """Leaderboard, newest version, number of snapshots; None where nobody answers."""
        board = versions = snapshots = None
        try:
            listed = list(self._mesh.model.list(self._plan.policy, snapshots_only=True))
            snapshots = len(listed)
            newest = self._mesh.model.describe(self._plan.policy)
            versions = newest.version
            if newest.HasField("collection") and not newest.collection.HasField("external"):
                self._ask_ladder(newest.collection)
            players = self._mesh.elo.leaderboard(self._ladder, page_size=_BOARD_ROWS).players
            board = tuple(players)
        except MazemeshError:
            # Not up yet, or restarting: the next refresh asks again.
            pass
        return board, versions, snapshots

    def _ask_ladder(self, collection: Collection) -> None:
        """Sets the ladder on which the run is rated; Game is asked once for each collection."""
        request = GetGameSpecRequest(game=collection.game, settings=collection.settings)
        if request != self._asked:
            self._ladder = self._mesh.game.ask_spec(request, _ASK_SECONDS).spec.ladder
            self._asked = request

    def _build(
        self,
        board: tuple[PlayerRating, ...] | None,
        newest: int | None,
        snapshots: int | None,
    ) -> Overview:
        before, read = self.overview, self._readings
        seconds = self._clock() - self._began
        span = max(seconds - before.seconds, 1e-9)
        games = int(read.total("mazemesh_game_games_finished_total"))
        games += int(read.total("mazemesh_model_external_ended_episodes_total"))
        steps = int(read.total("mazemesh_actor_agent_steps_total"))
        steps += int(read.total("mazemesh_model_external_agent_steps_total"))
        first = before.first_game_seconds
        self._note_success(seconds)
        return Overview(
            seconds=seconds,
            games=games,
            # Each instance of Elo tells of the one log.
            matches=int(read.highest_total("mazemesh_elo_matches")),
            agent_steps=steps,
            agent_steps_per_second=(steps - before.agent_steps) / span,
            games_per_second=(games - before.games) / span,
            experience=int(read.total("mazemesh_replay_inserted_rows_total")),
            replay=self._tables(),
            versions=int(read.total("mazemesh_model_publishes_total", result="ready")),
            newest=before.newest if newest is None else newest,
            snapshots=before.snapshots if snapshots is None else snapshots,
            training_step=int(read.highest("mazemesh_learner_training_step", of=LEARNER) or 0),
            policy_lag=read.highest("mazemesh_learner_policy_lag", of=LEARNER),
            episode_reward=self._episode_reward(),
            losses=self._losses(),
            success=dict(self._success),
            states=self._states(),
            instances=self._instances(),
            restarts=self._supervisor.restarts,
            first_game_seconds=seconds if first is None and games else first,
            leaderboard=before.leaderboard if board is None else board,
        )

    def _note_success(self, seconds: float) -> None:
        rates = self._readings.values("mazemesh_evaluator_success_rate")
        for labels, rate in rates.items():
            self._success.setdefault(dict(labels)["policy"], (seconds, rate))

    def _episode_reward(self) -> float | None:
        values = self._readings.values("mazemesh_learner_episodes", of=LEARNER)
        told = {dict(labels)["figure"]: value for labels, value in values.items()}
        return told.get("episode_reward")

    def _losses(self) -> dict[str, float]:
        values = self._readings.values("mazemesh_learner_loss", of=LEARNER).items()
        parts = {dict(labels)["part"]: value for labels, value in values}
        return {name: parts[name] for name in _LOSSES if name in parts}

    def _tables(self) -> dict[str, int]:
        sizes = self._readings.sums("mazemesh_replay_table_size_rows")
        return {dict(labels).get("table", ""): int(size) for labels, size in sizes.items()}

    def _instances(self) -> dict[str, int]:
        running = (child for child in self._supervisor.services if child.pid is not None)
        return dict(Counter(child.spec.service for child in running))

    def _states(self) -> dict[str, str]:
        return {
            child.spec.name: child.broken or (f"pid {child.pid}" if child.pid else _waiting(child))
            for child in self._supervisor.children
        }
