"""How a run's collection method acts and what it collects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from actor.collecting.own_pace import OwnPaceUnrollCollector
from actor.collecting.sequences import SequenceCollector
from actor.collecting.step import Consequence, Decision, Experience
from actor.collecting.transitions import TransitionCollector
from actor.collecting.unrolls import UnrollCollector
from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSpec
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.policy.sampling import (
    ape_x_epsilons,
    epsilon_greedy,
    gumbel_noise,
    perturbed_best,
    sample,
)
from mazemesh.v1.model_pb2 import Collection, SequenceCollection, TransitionCollection
from mazemesh.wire.tensors import Signature

Float = npt.NDArray[np.float32]
Mask = npt.NDArray[np.uint8]
Actions = npt.NDArray[np.int8]

_NOISE_STEPS = 16

_WRITES_A_ROUND = 4
"""In which unrolls of their own pace are written while each game fills one: so none waits long."""

OPPONENT_EPSILON = 0.05
"""Exploration of a Q-network that plays as opponent: enough to leave a loop."""


class Collector(Protocol):
    """Turns steps into rows for Replay."""

    signature: Signature

    def add(self, decision: Decision, consequence: Consequence) -> Experience | None:
        """Adds one step of all games; rows when a batch of them is full."""
        ...

    def clear(self) -> None:
        """Forgets what is unfinished."""
        ...


class Acting(Protocol):
    """Chooses the student's actions from its network's outputs."""

    def student(self, logits: Float, mask: Mask, games: npt.NDArray[np.intp]) -> Actions:
        """Actions [n] in n seats of games [n]."""
        ...


class SoftmaxActing:
    """Draws from the policy, by noise made for several steps at once; for actor-critic runs."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._noise: Iterator[Float] = iter(())
        self._rows = 0

    def student(self, logits: Float, mask: Mask, games: npt.NDArray[np.intp]) -> Actions:
        """From softmax(logits)."""
        noise = next(self._noise, None) if len(logits) <= self._rows else None
        if noise is None:
            self._rows = max(self._rows, len(logits))
            shape = _NOISE_STEPS, self._rows, logits.shape[1]
            self._noise = iter(gumbel_noise(shape, self._rng))
            noise = next(self._noise)
        return perturbed_best(logits, noise[: len(logits)])


class EpsilonGreedyActing:
    """Epsilon-greedy with a ladder of epsilons over the games (Ape-X); for Q-learners."""

    def __init__(self, epsilons: Float, rng: np.random.Generator) -> None:
        self._epsilons = epsilons
        self._rng = rng

    def student(self, logits: Float, mask: Mask, games: npt.NDArray[np.intp]) -> Actions:
        """Explores with each game's own epsilon."""
        return epsilon_greedy(logits, mask, self._epsilons[games], self._rng)


def opponent_actions(
    policy: OnnxPolicy, logits: Float, mask: Mask, rng: np.random.Generator
) -> Actions:
    """Actions [n] of an opponent, as it learned to act, whatever the student is.

    Drawn from softmax(logits), or nearly greedy where they are Q-values.
    """
    if not policy.greedy:
        return sample(logits, 1.0, rng)
    return epsilon_greedy(logits, mask, np.full(len(logits), OPPONENT_EPSILON, np.float32), rng)


def method(
    collection: Collection,
    spec: GameSpec,
    games: int,
    rng: np.random.Generator,
    state_size: int = 0,
    *,
    seats: int = 1,
    steady: bool = True,
) -> tuple[Acting, Collector]:
    """Acting and collecting as a run wants it, for `games` games.

    `state_size` is that of the run's policies, `seats` how many of a game they may hold at once.
    Unless all of them move in every step (`steady`), unrolls are filled at each row's own pace.

    Raises:
        InvalidArgument: the collection names no method.
    """
    rows = games * seats
    if collection.HasField("unroll"):
        unrolls = UnrollCollector(
            rows,
            collection.unroll.length,
            spec.observation_size,
            spec.num_actions,
            spec.observation_dtype,
            state_size,
            opponents=spec.seats > 1,
        )
        if spec.may_leave or not steady:
            ready = max(1, games // _WRITES_A_ROUND)
            return SoftmaxActing(rng), OwnPaceUnrollCollector(rows, unrolls.signature, ready)
        return SoftmaxActing(rng), unrolls
    if collection.HasField("transition"):
        wanted = collection.transition
        return _epsilon_greedy(wanted, games, rng), TransitionCollector(
            rows,
            wanted.n_step,
            wanted.discount,
            spec.observation_size,
            spec.num_actions,
            spec.observation_dtype,
            opponents=spec.seats > 1,
        )
    if collection.HasField("sequence"):
        return _epsilon_greedy(collection.sequence, games, rng), SequenceCollector(
            rows,
            collection.sequence,
            spec.observation_size,
            spec.num_actions,
            spec.observation_dtype,
            state_size,
            opponents=spec.seats > 1,
        )
    raise InvalidArgument("collection.method is not set; expected unroll, transition or sequence")


def _epsilon_greedy(
    wanted: TransitionCollection | SequenceCollection, games: int, rng: np.random.Generator
) -> EpsilonGreedyActing:
    epsilons = ape_x_epsilons(games, wanted.epsilon, wanted.epsilon_exponent)
    return EpsilonGreedyActing(epsilons, rng)
