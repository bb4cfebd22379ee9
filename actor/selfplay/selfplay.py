"""Steps a batch of training games: infer, act, collect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from actor.collecting.acting import Acting, Collector, opponent_actions
from actor.collecting.step import OVER, RUNNING, TRUNCATED, Consequence, Decision, Experience
from actor.metrics import ActorMetrics
from actor.selfplay.opponent_policies import OpponentPolicies
from actor.selfplay.opponents import SeatPlan
from mazemesh.client.game.game import Step
from mazemesh.policy.memory import SeatMemory
from mazemesh.policy.onnx_policy import OnnxPolicy

_NO_GAMES = np.zeros(0, np.intp)

Reseat = tuple[npt.NDArray[np.int32], npt.NDArray[np.int8]]


class Session(Protocol):
    """A training session (`mazemesh.client.game.game.GamesSession`)."""

    def send(self, actions: npt.NDArray[np.int8], reseat: Reseat | None = None) -> None:
        """Sends one step's actions without waiting."""
        ...

    def receive(self) -> Step:
        """The next response in order."""
        ...


class TrainingGames:
    """B games of one session, in lockstep.

    An actor of many games has two of these, so that while one is stepped by the Game service the
    other is inferred here.

    Args:
        session: A session that has just been opened with `plan.controllers()`.
        first: Its first observations.
        plan: Who holds which seat.
        acting: How actions are chosen.
        collector: What becomes of the steps.
        current: The student's present version.
        load: An opponent by name: an exact version, or "name:latest".
        metrics: Counters.
        rng: Source of the opponents' draws.
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
        rng: np.random.Generator,
    ) -> None:
        self._session = session
        self._plan = plan
        self._acting = acting
        self._collector = collector
        self._current = current
        self._metrics, self._rng = metrics, rng
        games = len(plan.student_seat)
        self._games = np.arange(games)
        self._student_rows = self._games * plan.seats + plan.student_seat
        self._allies = np.nonzero(plan.allied)
        self._memory = SeatMemory(games, plan.seats)
        self._opponent_policies = OpponentPolicies(games, current, load)
        for game in range(games):
            self._seat(game)
        self._decision, _ = self._act(first, _Finals.of(first, plan.student_seat), plan.announce())

    def turn(self) -> Experience | None:
        """Receives one step, answers it, and returns the experience that it completed."""
        with self._metrics.waiting.time():
            step = self._session.receive()
        reseat = self._plan.ended(step.ended_games, step.ended_scores)
        if self._plan.seats > 1:
            for game in step.ended_games.tolist():
                self._seat(game)
        before, finals = self._decision, _Finals.of(step, self._plan.student_seat)
        self._decision, value = self._act(step, finals, reseat)
        status = _own_status(step, self._plan.student_seat)
        self._metrics.agent_steps.inc(int(np.count_nonzero(status != OVER)))
        if len(step.ended_games):
            self._metrics.episodes.inc(len(step.ended_games))
        return self._collector.add(before, self._consequence(step, status, finals, value))

    def _seat(self, game: int) -> None:
        """Lets a game's next episode begin. A stand-in's outcome tells nothing of the opponent."""
        if not self._opponent_policies.seat(game, self._plan.opponent[game]):
            self._plan.opponent[game] = ""

    def _act(
        self, step: Step, finals: _Finals, reseat: Reseat | None
    ) -> tuple[Decision, npt.NDArray[np.float32]]:
        """Chooses and sends all actions; also the student's values, present then final."""
        student, count = self._current(), len(self._games)
        observation, mask = (
            self._student_view(step.observation),
            self._student_view(step.action_mask),
        )
        seats, size = self._plan.student_seat, student.state_size
        final_state = self._memory.read(finals.games, seats[finals.games], size)
        self._memory.forget(step.ended_games)
        state = self._memory.read(self._games, seats, size)
        with self._metrics.inference.time():
            if len(finals.games):
                logits, value, next_state = student.infer(
                    np.concatenate([observation, finals.observation]),
                    np.concatenate([mask, finals.action_mask]),
                    np.concatenate([state, final_state]),
                )
            else:
                logits, value, next_state = student.infer(observation, mask, state)
            self._memory.write(self._games, seats, next_state[:count])
            actions = self._others_moves(step, student)
        chosen = self._acting.student(logits[:count], mask)
        if self._plan.seats == 1:
            actions = chosen[:, None]
        else:
            actions.reshape(-1)[self._student_rows] = chosen
        self._session.send(actions, reseat)
        decision = Decision(
            observation=observation,
            action_mask=mask,
            action=chosen,
            logits=logits[:count],
            policy_version=student.version,
            state=state,
            opponent=self._opponent_policies.digest.copy(),
        )
        self._metrics.policy_version.set(student.version)
        return decision, value

    def _student_view(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The student's rows [B, ...] of an array [B, seats, ...]; with one seat a mere view."""
        rows = array.reshape(-1, array.shape[-1])
        return rows if self._plan.seats == 1 else rows.take(self._student_rows, axis=0)

    def _others_moves(self, step: Step, student: OnnxPolicy) -> npt.NDArray[np.int8]:
        """Actions [B, seats] of opponents and team mates; those of the student are still open."""
        actions = np.zeros(step.action_mask.shape[:2], np.int8)
        if self._plan.seats == 1:
            return actions
        for policy, playing in self._opponent_policies.groups():
            of_playing, seats = np.nonzero(self._plan.opposed[playing])
            rows = playing[of_playing]
            actions[rows, seats] = self._moves(policy, step, rows, seats)
        if len(self._allies[0]):
            actions[self._allies] = self._moves(student, step, *self._allies)
        return actions

    def _moves(
        self,
        policy: OnnxPolicy,
        step: Step,
        rows: npt.NDArray[np.intp],
        seats: npt.NDArray[np.intp],
    ) -> npt.NDArray[np.int8]:
        """What a policy does on seats [n] of games [n]."""
        mask = step.action_mask[rows, seats]
        state = self._memory.read(rows, seats, policy.state_size)
        logits, _, state = policy.infer(step.observation[rows, seats], mask, state)
        self._memory.write(rows, seats, state)
        return opponent_actions(policy, logits, mask, self._rng)

    def _consequence(
        self,
        step: Step,
        status: npt.NDArray[np.uint8],
        finals: _Finals,
        value: npt.NDArray[np.float32],
    ) -> Consequence:
        count = len(self._games)
        return Consequence(
            reward=self._student_view(step.reward[..., None])[:, 0],
            status=status,
            observation=self._decision.observation,
            action_mask=self._decision.action_mask,
            value=value[:count],
            success=_successes(step, self._plan.student_seat),
            truncated_games=finals.games,
            final_observation=finals.observation,
            final_action_mask=finals.action_mask,
            final_value=value[count:],
        )


def _successes(step: Step, student_seat: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Of the games [B], those that the step ended with success for the student."""
    success = np.zeros(len(student_seat), np.bool_)
    ended = step.ended_games
    if len(ended):
        success[ended] = step.ended_successes[np.arange(len(ended)), student_seat[ended]]
    return success


@dataclass(frozen=True)
class _Finals:
    """What the student saw last in the m games where a step truncated its episode.

    Attributes:
        games: intp [m].
        observation: [m, D].
        action_mask: uint8 [m, A].
    """

    games: npt.NDArray[np.intp]
    observation: npt.NDArray[Any]
    action_mask: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, step: Step, student_seat: npt.NDArray[np.intp]) -> _Finals:
        if len(step.seat_status):
            return cls._by_seat(step, student_seat)
        if not len(step.final_observation):  # as in most steps
            return cls(_NO_GAMES, step.final_observation[:, 0], step.final_action_mask[:, 0])
        ended = step.ended_games
        games = ended[step.status[ended] == TRUNCATED].astype(np.intp)
        rows, seats = np.arange(len(games)), student_seat[games]
        return cls(games, step.final_observation[rows, seats], step.final_action_mask[rows, seats])

    @classmethod
    def _by_seat(cls, step: Step, student_seat: npt.NDArray[np.intp]) -> _Finals:
        """Where seats may be done before their games: as long as those go on, they see it still."""
        games = np.flatnonzero(_own_status(step, student_seat) == TRUNCATED)
        seats = student_seat[games]
        observation, mask = step.observation[games, seats], step.action_mask[games, seats]
        over = step.status[games] != RUNNING
        ended = step.ended_games
        cut = ended[step.status[ended] == TRUNCATED]
        rows = np.searchsorted(cut, games[over])
        observation[over] = step.final_observation[rows, seats[over]]
        mask[over] = step.final_action_mask[rows, seats[over]]
        return cls(games, observation, mask)


def _own_status(step: Step, student_seat: npt.NDArray[np.intp]) -> npt.NDArray[np.uint8]:
    """Of the student's seats, [B]."""
    if not len(step.seat_status):
        return step.status
    return step.seat_status[np.arange(len(student_seat)), student_seat]
