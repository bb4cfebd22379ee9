"""Acting and collecting for agents that come and go, and are asked whenever they have to act.

Rows are not games that are stepped together, as an actor's are: each is filled by one agent after
the other, at its own pace. Nothing here is compiled, since whoever asks does not wait for that.
"""

from __future__ import annotations

import numpy as np

from mazemesh.collecting.acting import (
    LADDER,
    Acting,
    Collector,
    DrawnActing,
    EpsilonGreedyActing,
    NoisyActing,
)
from mazemesh.collecting.counting import CountingCollector, told_beside
from mazemesh.collecting.noise import CorrelatedNoise
from mazemesh.collecting.own_pace import OwnPaceUnrollCollector
from mazemesh.collecting.sequences import SequenceCollector
from mazemesh.collecting.shown import Shown
from mazemesh.collecting.transitions import TransitionCollector
from mazemesh.errors import InvalidArgument
from mazemesh.experience import unroll_signature
from mazemesh.policy.heads import distribution_of
from mazemesh.policy.sampling import ape_x_epsilons
from mazemesh.v1.model_pb2 import CHOOSING_NOISY, CHOOSING_UNSPECIFIED, Collection


def acting(collection: Collection, shown: Shown, rows: int, rng: np.random.Generator) -> Acting:
    """How agents act, of which there are `rows` at most.

    Where epsilons are taken in turn (`explores_in_turn`) an agent's "game" is its episode's place
    among `LADDER`, elsewhere its row.
    """
    distribution = distribution_of(collection.action_distribution, "collection")
    kind = collection.WhichOneof("method")
    if kind == "unroll":
        noise = CorrelatedNoise(rows, 1, collection.unroll.noise_correlation, rng)
        return DrawnActing(shown, distribution, noise, rng)
    if explores_in_turn(collection):
        wanted = collection.sequence if kind == "sequence" else collection.transition
        epsilons = ape_x_epsilons(LADDER, wanted.epsilon, wanted.epsilon_exponent)
        return EpsilonGreedyActing(epsilons, rng)
    drawn = collection.transition
    noise = CorrelatedNoise(rows, 1, drawn.noise_correlation, rng)
    if drawn.choosing == CHOOSING_NOISY:
        return NoisyActing(shown, distribution, drawn.noise, noise, rng)
    return DrawnActing(shown, distribution, noise, rng)


def explores_in_turn(collection: Collection) -> bool:
    """Whether actions are the best but for an epsilon."""
    kind = collection.WhichOneof("method")
    return kind == "sequence" or (
        kind == "transition" and collection.transition.choosing == CHOOSING_UNSPECIFIED
    )


def collector(collection: Collection, shown: Shown, rows: int, state_size: int) -> Collector:
    """What makes rows of experience of the steps of so many agents, each as soon as it is whole.

    Raises:
        InvalidArgument: the collection names no method, or wants what a simulator does not tell.
    """
    found = _collector(collection, shown, rows, state_size)
    return CountingCollector(found, rows) if told_beside(collection) else found


def _collector(collection: Collection, shown: Shown, rows: int, state_size: int) -> Collector:
    spaces = shown.observation, shown.action
    distribution = distribution_of(collection.action_distribution, "collection")
    if collection.HasField("unroll"):
        wanted = collection.unroll
        if wanted.with_state:
            raise InvalidArgument(
                "collection.unroll.with_state is set; a simulator tells nothing of the whole game"
            )
        signature = unroll_signature(wanted.length, *spaces, state_size=state_size)
        return OwnPaceUnrollCollector(
            rows, shown.signature(signature), shown, ready=1, distribution=distribution
        )
    if collection.HasField("transition"):
        one = collection.transition
        return TransitionCollector(
            rows,
            one.n_step,
            one.discount,
            shown,
            state_size,
            q_values=one.choosing == CHOOSING_UNSPECIFIED,
            masks=one.masks,
            batch_rows=1,
        )
    if collection.HasField("sequence"):
        return SequenceCollector(rows, collection.sequence, shown, state_size)
    raise InvalidArgument("collection.method is not set; expected unroll, transition or sequence")
