"""Steps a batch of training games: infer, act, collect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from actor.metrics import ActorMetrics
from actor.selfplay.opponents.opponent_policies import OpponentPolicies
from actor.selfplay.seats.crew import Crew, Digests, Plain, Trainee, as_they_are
from actor.selfplay.seats.seat_plan import Reseat, SeatPlan
from mazemesh.client.game.game import Step
from mazemesh.collecting.acting import opponent_actions
from mazemesh.collecting.step import Experience
from mazemesh.policy.memory import SeatMemory
from mazemesh.policy.onnx_policy import OnnxPolicy


class Session(Protocol):
    """A training session (`mazemesh.client.game.game.GamesSession`)."""

    def send(self, actions: npt.NDArray[Any], reseat: Reseat | None = None) -> None:
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
        trainees: Who learns: one for each part of the plan.
        load: An opponent by name: an exact version, or "name:latest" of who does not learn here.
        metrics: Counters.
        rng: Source of the opponents' draws.
        steady: Whether the same seats move in every step: no seat goes to an opponent, none is done
            before its game, none waits for others.
        action_dtype: Of the actions that are sent.
        plain: Makes observations what policies take.
    """

    def __init__(
        self,
        session: Session,
        first: Step,
        plan: SeatPlan,
        trainees: Sequence[Trainee],
        load: Callable[[str], OnnxPolicy],
        metrics: ActorMetrics,
        rng: np.random.Generator,
        *,
        steady: bool = False,
        action_dtype: npt.DTypeLike = np.int8,
        plain: Plain = as_they_are,
    ) -> None:
        self._session, self._action_dtype, self._plain = session, action_dtype, plain
        self._plan = plan
        self._metrics, self._rng = metrics, rng
        games = len(plan.student_seat)
        self._memory = SeatMemory(games, plan.seats)
        self._opponent_policies = OpponentPolicies(games, load)
        self._adversary = plan.adversary
        self._known: tuple[list[int], Digests] | None = None
        self._crews = [
            Crew(
                trainee,
                games,
                plan.seats,
                int(np.count_nonzero(plan.part_of == number)),
                self._memory,
                steady=steady,
                plain=plain,
            )
            for number, trainee in enumerate(trainees)
        ]
        self._seat(range(games))
        self._act(first, plan.announce())

    def turn(self) -> list[Experience | None]:
        """Receives one step, answers it, and returns the experience that it completed, by trainee.

        Each one's is of the seats that its present versions held, and of no others.
        """
        with self._metrics.waiting.time():
            step = self._session.receive()
        moved = sum(crew.end(step) for crew in self._crews)
        reseat = self._plan.ended(step.ended_games, step.ended_scores)
        self._memory.forget(step.ended_games)
        if self._plan.contested and len(step.ended_games):
            self._seat(step.ended_games.tolist())
        self._act(step, reseat)
        self._metrics.agent_steps.inc(moved)
        if len(step.ended_games):
            self._metrics.episodes.inc(len(step.ended_games))
        return [crew.collect() for crew in self._crews]

    def _seat(self, games: Iterable[int]) -> None:
        """Lets the next episodes of games begin."""
        plan, chosen = self._plan, list(games)
        self._known = None
        for game in chosen:
            absent = "" if plan.mirror[game] else plan.opponent[game]
            if not self._opponent_policies.seat(game, absent):
                plan.stand_in(game)
        for number, crew in enumerate(self._crews):
            crew.take_seats(chosen, plan.trained & (plan.part_of == number))

    def _act(self, step: Step, reseat: Reseat | None) -> None:
        """Chooses and sends all actions."""
        actions = np.zeros(step.reward.shape, self._action_dtype)
        policies = [crew.current for crew in self._crews]
        opponent = self._met(policies)
        with self._metrics.inference.time():
            if self._plan.contested:
                self._opponents_move(step, actions)
            for crew, policy in zip(self._crews, policies, strict=True):
                crew.act(step, policy, opponent, actions)
        self._session.send(actions, reseat)
        self._metrics.policy_version.set(policies[0].version)

    def _met(self, policies: Sequence[OnnxPolicy]) -> Digests:
        """Whom each seat meets in this step, [B, seats]; 0 for nobody."""
        plan, present = self._plan, [policy.digest for policy in policies]
        if self._known is None or self._known[0] != present:
            met = np.repeat(self._opponent_policies.digest[:, None], plan.seats, axis=1)
            met[plan.mirror] = np.array(present, np.uint64)[self._adversary]
            self._known = present, met
        return self._known[1]

    def _opponents_move(self, step: Step, actions: npt.NDArray[Any]) -> None:
        """Writes the opponents' actions into `actions` [B, seats]."""
        held = ~self._plan.trained
        for policy, playing in self._opponent_policies.groups():
            moves = held[playing] & step.acting[playing] if len(step.acting) else held[playing]
            of_playing, seats = np.nonzero(moves)
            if not len(seats):
                continue
            games = playing[of_playing]
            mask = step.action_mask[games, seats]
            state = self._memory.read(games, seats, policy.state_size)
            seen = self._plain(step.observation[games, seats])
            logits, _, state = policy.infer(seen, mask, state)
            self._memory.write(games, seats, state)
            actions[games, seats] = opponent_actions(policy, logits, mask, self._rng)
