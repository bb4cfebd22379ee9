"""Steps a batch of training games: infer, act, collect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from actor.acting import Acting, Collector
from actor.metrics import ActorMetrics
from actor.opponents import SeatPlan
from actor.policy import OnnxPolicy
from actor.roster import Roster
from actor.sampling import log_probability
from actor.step import TRUNCATED, Consequence, Decision, Experience
from mazemesh.client.game import Step

Reseat = tuple[npt.NDArray[np.int32], npt.NDArray[np.int8]]


class Session(Protocol):
    """A training session (`mazemesh.client.game.GamesSession`)."""

    def send(self, actions: npt.NDArray[np.int8], reseat: Reseat | None = None) -> None:
        """Sends one step's actions without waiting."""
        ...

    def receive(self, timeout: float = 30.0) -> Step:
        """The next response in order."""
        ...


class HalfBatch:
    """B games of one session, in lockstep.

    An actor has two, so that while one is stepped by the Game service the other is inferred here.

    Args:
        session: A session that has just been opened with `plan.controllers()`.
        first: Its first observations.
        plan: Who holds which seat.
        acting: How actions are chosen.
        collector: What becomes of the steps.
        current: The student's present version.
        load: An opponent's version by name.
        metrics: Counters.
    """

    def __init__(
        self,
        session: Session,
        first: Step,
        plan: SeatPlan,
        acting: Acting,
        collector: Collector,
        current: Callable[[], OnnxPolicy],
        load: Callable[[str], OnnxPolicy],
        metrics: ActorMetrics,
    ) -> None:
        self._session = session
        self._plan = plan
        self._acting = acting
        self._collector = collector
        self._current = current
        self._metrics = metrics
        games = len(plan.student_seat)
        self._games = np.arange(games)
        seats = np.arange(plan.seats)
        self._other_seats = np.array(
            [seats[seats != seat] for seat in plan.student_seat.tolist()], np.intp
        ).reshape(games, plan.seats - 1)
        self._roster = Roster(games, current, load)
        for game, opponent in enumerate(plan.opponent):
            self._roster.seat(game, opponent)
        self._decision, _, _ = self._act(first, plan.announce())

    def turn(self) -> Experience | None:
        """Receives one step, answers it, and returns the experience that it completed."""
        with self._metrics.waiting.time():
            step = self._session.receive()
        reseat = self._plan.ended(step.ended_games, step.ended_scores)
        for game in step.ended_games.tolist():
            self._roster.seat(game, self._plan.opponent[game])
        before = self._decision
        self._decision, value, final_value = self._act(step, reseat)
        self._metrics.agent_steps.inc(len(self._games))
        self._metrics.episodes.inc(len(step.ended_games))
        return self._collector.add(before, self._consequence(step, value, final_value))

    def _act(
        self, step: Step, reseat: Reseat | None
    ) -> tuple[Decision, npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Chooses and sends all actions; also the student's values of present and final states."""
        student, games, seats = self._current(), self._games, self._plan.student_seat
        observation = step.observation[games, seats]
        mask = step.action_mask[games, seats]
        actions = np.zeros(step.action_mask.shape[:2], np.int8)
        final_observation, final_mask = self._finals(step)
        with self._metrics.inference.time():
            logits, value = student.infer(
                np.concatenate([observation, final_observation]),
                np.concatenate([mask, final_mask]),
            )
            self._move_opponents(step, actions)
        count = len(games)
        chosen = self._acting.student(logits[:count], mask)
        actions[games, seats] = chosen
        self._session.send(actions, reseat)
        decision = Decision(
            observation=observation,
            action_mask=mask,
            action=chosen,
            log_probability=log_probability(logits[:count], chosen),
            action_value=logits[games, chosen],
            policy_version=student.version,
        )
        self._metrics.policy_version.set(student.version)
        return decision, value[:count], value[count:]

    def _move_opponents(self, step: Step, actions: npt.NDArray[np.int8]) -> None:
        for policy, playing in self._roster.groups():
            rows = np.repeat(playing, self._plan.seats - 1)
            seats = self._other_seats[playing].ravel()
            mask = step.action_mask[rows, seats]
            logits, _ = policy.infer(step.observation[rows, seats], mask)
            actions[rows, seats] = self._acting.opponent(logits, mask)

    def _finals(self, step: Step) -> tuple[npt.NDArray[Any], npt.NDArray[np.uint8]]:
        seats = self._plan.student_seat[self._truncated(step)]
        rows = np.arange(len(seats))
        return step.final_observation[rows, seats], step.final_action_mask[rows, seats]

    def _truncated(self, step: Step) -> npt.NDArray[np.int32]:
        truncated: npt.NDArray[np.int32] = step.ended_games[
            step.status[step.ended_games] == TRUNCATED
        ]
        return truncated

    def _consequence(
        self,
        step: Step,
        value: npt.NDArray[np.float32],
        final_value: npt.NDArray[np.float32],
    ) -> Consequence:
        final_observation, final_mask = self._finals(step)
        return Consequence(
            reward=step.reward[self._games, self._plan.student_seat],
            status=step.status,
            observation=self._decision.observation,
            action_mask=self._decision.action_mask,
            value=value,
            truncated_games=self._truncated(step).astype(np.intp),
            final_observation=final_observation,
            final_action_mask=final_mask,
            final_value=final_value,
        )
