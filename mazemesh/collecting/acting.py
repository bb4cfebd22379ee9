"""How a run's collection method acts and what it collects."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mazemesh.collecting.counting import CountingCollector, told_beside
from mazemesh.collecting.noise import CorrelatedNoise
from mazemesh.collecting.own_pace import OwnPaceUnrollCollector
from mazemesh.collecting.sequences import SequenceCollector
from mazemesh.collecting.shown import Shown
from mazemesh.collecting.step import Consequence, Decision, Experience
from mazemesh.collecting.transitions import TransitionCollector
from mazemesh.collecting.unrolls import UnrollCollector
from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSpec
from mazemesh.games.spaces import Discrete
from mazemesh.games.spaces.arrays import pack_actions
from mazemesh.games.spaces.packings import Packings
from mazemesh.policy.deciding import Deciding
from mazemesh.policy.heads import ActionDistribution, distribution_of
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.policy.sampling import (
    LARGEST_INT8,
    ape_x_epsilons,
    epsilon_greedy,
    sample,
)
from mazemesh.v1.model_pb2 import (
    CHOOSING_NOISY,
    CHOOSING_UNSPECIFIED,
    Collection,
    SequenceCollection,
    TransitionCollection,
)
from mazemesh.wire.tensors import Signature

Float = npt.NDArray[np.float32]
Mask = npt.NDArray[np.uint8]
Actions = npt.NDArray[Any]
"""int8 [n] (int32 of more than 127 actions), or of other actions than one number records [n]."""

_WRITES_A_ROUND = 4
"""In which unrolls of their own pace are written while each game fills one: so none waits long."""

WRITE_ROWS = 256
"""Of transitions in a write, where a run does not say."""

MOST_WRITE_ROWS = 65_536

LADDER = 16
"""Episodes of agents that are asked one by one explore by as many epsilons of Ape-X in turn."""

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
    """Draws from the policy; for actor-critic runs.

    Draws are counter-based (`mazemesh.policy.kernels`): the same generator gives the same ones.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        from mazemesh.policy.kernels import draw  # loads numba, which who only names it need not

        self._draw, self._rng = draw, rng
        self._key, self._step = int(rng.integers(2**64, dtype=np.uint64)), 0

    def student(self, logits: Float, mask: Mask, games: npt.NDArray[np.intp]) -> Actions:
        """From softmax(logits)."""
        if logits.shape[1] > LARGEST_INT8:
            return sample(logits, 1.0, self._rng)
        actions = np.empty(len(logits), np.int8)
        rows = np.ascontiguousarray(logits), np.ascontiguousarray(mask)
        self._draw(*rows, self._key, self._step, actions)
        self._step += 1
        return actions


class EpsilonGreedyActing:
    """Epsilon-greedy with a ladder of epsilons over the games (Ape-X); for Q-learners."""

    def __init__(self, epsilons: Float, rng: np.random.Generator) -> None:
        self._epsilons = epsilons
        self._rng = rng

    def student(self, logits: Float, mask: Mask, games: npt.NDArray[np.intp]) -> Actions:
        """Explores with each game's own epsilon."""
        return epsilon_greedy(logits, mask, self._epsilons[games], self._rng)


class DrawnActing:
    """Draws from the policy, whatever its actions are; what is drawn may go on from step to step.

    Args:
        shown: Observations and actions of the game.
        distribution: What continuous actions are drawn from.
        noise: Of continuous leaves.
        rng: Source of the draws.
    """

    def __init__(
        self,
        shown: Shown,
        distribution: ActionDistribution,
        noise: CorrelatedNoise,
        rng: np.random.Generator,
    ) -> None:
        self._shown, self._deciding = shown, Deciding(shown.action, distribution)
        self._noise, self._rng = noise, rng

    def student(self, logits: Float, mask: Mask, games: npt.NDArray[np.intp]) -> Actions:
        """From the distributions of all leaves."""
        noise = self._noise.next(games, self._deciding.noise_width)
        drawn = self._deciding.draw(logits, 1.0, self._rng, noise)
        return self._shown.pack_actions(drawn)


class NoisyActing:
    """What the policy plays greedily, with noise on continuous leaves; for TD3 and DDPG.

    Args:
        shown: Observations and actions of the game.
        distribution: What continuous actions are drawn from.
        scale: Deviation of the noise, in units of half the way between an element's bounds.
        noise: Standard normal.
        rng: Source of the draws of discrete leaves.
    """

    def __init__(
        self,
        shown: Shown,
        distribution: ActionDistribution,
        scale: float,
        noise: CorrelatedNoise,
        rng: np.random.Generator,
    ) -> None:
        self._shown, self._deciding = shown, Deciding(shown.action, distribution)
        self._scale, self._noise, self._rng = np.float32(scale), noise, rng

    def student(self, logits: Float, mask: Mask, games: npt.NDArray[np.intp]) -> Actions:
        """Means with noise."""
        noise = self._scale * self._noise.next(games, self._deciding.noise_width)
        return self._shown.pack_actions(self._deciding.noisy(logits, noise, self._rng))


def opponent_actions(
    policy: OnnxPolicy, logits: Float, mask: Mask, rng: np.random.Generator
) -> Actions:
    """Actions [n] of an opponent, as it learned to act, whatever the student is.

    Drawn from its policy, or nearly greedy where its answers are Q-values.
    """
    space = policy.deciding.space
    if not isinstance(space, Discrete):
        return pack_actions(space, policy.decide(logits, rng), (len(logits),))
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
    bits: Packings | None = None,
) -> tuple[Acting, Collector]:
    """Acting and collecting as a run wants it, for `games` games.

    `state_size` is that of the run's policies, `seats` how many of a game they may hold at once.
    Unless all of them move in every step (`steady`), unrolls are filled at each row's own pace.
    `bits`: how observations come and are written packed; None where they are plain.

    Raises:
        InvalidArgument: the collection names no method.
    """
    acting, collector = _method(
        collection, spec, games, rng, state_size, seats=seats, steady=steady, bits=bits
    )
    if told_beside(collection):
        collector = CountingCollector(collector, games * seats)
    return acting, collector


def _method(
    collection: Collection,
    spec: GameSpec,
    games: int,
    rng: np.random.Generator,
    state_size: int,
    *,
    seats: int,
    steady: bool,
    bits: Packings | None,
) -> tuple[Acting, Collector]:
    rows, shown, several = games * seats, Shown.of(spec, bits), spec.seats > 1
    distribution = distribution_of(collection.action_distribution, "collection")
    if collection.HasField("unroll"):
        correlation = collection.unroll.noise_correlation
        acting = _drawing(shown, distribution, CorrelatedNoise(games, seats, correlation, rng), rng)
        stated = spec.state_space if collection.unroll.with_state else None
        compact = _is_compact(shown) and stated is None
        collecting = _compact() if compact else UnrollCollector
        unrolls = collecting(
            rows,
            collection.unroll.length,
            shown,
            state_size,
            opponents=several,
            distribution=distribution,
            state_space=stated,
        )
        if spec.may_leave or not steady:
            ready = max(1, games // _WRITES_A_ROUND)
            own_pace = _compact_own_pace() if compact else OwnPaceUnrollCollector
            return acting, own_pace(rows, unrolls.signature, shown, ready, distribution)
        return acting, unrolls
    if collection.HasField("transition"):
        wanted = collection.transition
        collector: Collector = TransitionCollector(
            rows,
            wanted.n_step,
            wanted.discount,
            shown,
            state_size,
            opponents=several,
            q_values=wanted.choosing == CHOOSING_UNSPECIFIED,
            masks=wanted.masks,
            batch_rows=min(wanted.write_rows or WRITE_ROWS, MOST_WRITE_ROWS),
        )
        if wanted.choosing == CHOOSING_UNSPECIFIED:
            return _epsilon_greedy(wanted, games, rng), collector
        noise = CorrelatedNoise(games, seats, wanted.noise_correlation, rng)
        if wanted.choosing == CHOOSING_NOISY:
            return NoisyActing(shown, distribution, wanted.noise, noise, rng), collector
        return DrawnActing(shown, distribution, noise, rng), collector
    if collection.HasField("sequence"):
        collector = SequenceCollector(
            rows,
            collection.sequence,
            shown,
            state_size,
            opponents=several,
        )
        return _epsilon_greedy(collection.sequence, games, rng), collector
    raise InvalidArgument("collection.method is not set; expected unroll, transition or sequence")


def _is_compact(shown: Shown) -> bool:
    """Whether actions are one number that int8 has room for, and observations one column."""
    return (
        shown.as_it_comes and isinstance(shown.action, Discrete) and shown.action.n <= LARGEST_INT8
    )


def _compact() -> type[UnrollCollector]:
    from mazemesh.collecting.compact_unrolls import CompactUnrollCollector  # loads numba

    return CompactUnrollCollector


def _compact_own_pace() -> type[OwnPaceUnrollCollector]:
    from mazemesh.collecting.compact_own_pace import CompactOwnPaceCollector  # loads numba

    return CompactOwnPaceCollector


def _drawing(
    shown: Shown,
    distribution: ActionDistribution,
    noise: CorrelatedNoise,
    rng: np.random.Generator,
) -> Acting:
    if isinstance(shown.action, Discrete):
        return SoftmaxActing(rng)
    return DrawnActing(shown, distribution, noise, rng)


def _epsilon_greedy(
    wanted: TransitionCollection | SequenceCollection, games: int, rng: np.random.Generator
) -> EpsilonGreedyActing:
    epsilons = ape_x_epsilons(games, wanted.epsilon, wanted.epsilon_exponent)
    return EpsilonGreedyActing(epsilons, rng)
