"""Q-learning from a prioritized table, apart from torch: config, tables, what actors must know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from learner.bases.bounds import Cost, Norm, Rows, Share, Steps, Updates, Within, check
from learner.network.architecture import Architecture
from mazemesh.client.replay import tables
from mazemesh.errors import InvalidArgument
from mazemesh.experience import sequence_signature, transition_signature
from mazemesh.returns import PRIORITY_FLOOR
from mazemesh.v1 import model_pb2, replay_pb2
from mazemesh.wire.tensors import Signature


@dataclass(frozen=True)
class QLearningConfig:
    """How Q-values are learned, and how their actors explore.

    Attributes:
        n_step: Steps of a transition.
        discount: gamma.
        minibatch_size: Transitions of a gradient step.
        minibatches_per_batch: Minibatches that one request to Replay brings.
        learning_rate: Of Adam.
        max_gradient_norm: Gradients are clipped to this norm.
        target_every: Updates after which the target network takes over the weights.
        priority_exponent: alpha.
        importance_exponent: beta at the start; it goes linearly ...
        final_importance_exponent: ... to this one, where it stays, ...
        importance_anneal_updates: ... over so many updates.
        priority_floor: Added to |TD error|, so that no transition is shut out for ever.
        epsilon: Exploration of the boldest game; game i of N takes
            epsilon^(1 + i / (N - 1) * epsilon_exponent).
        epsilon_exponent: See `epsilon`.
        table_capacity: Transitions that Replay holds.
        min_size: Transitions before the first update.
        samples_per_insert: How often a transition is drawn on average.
    """

    n_step: Annotated[int, Within(1, 1024)] = 3
    discount: Share = 0.9
    minibatch_size: Rows = 512
    minibatches_per_batch: Annotated[int, Within(1, 1024)] = 4
    learning_rate: Share = 1e-3
    max_gradient_norm: Norm = 10.0
    target_every: Updates = 50
    priority_exponent: Share = 0.6
    importance_exponent: Share = 0.4
    final_importance_exponent: Share = 1.0
    importance_anneal_updates: Updates = 20_000
    priority_floor: Annotated[float, Within(0, 1, above=True)] = PRIORITY_FLOOR
    epsilon: Share = 0.4
    epsilon_exponent: Cost = 2.0
    table_capacity: Annotated[int, Within(1, 1_000_000_000)] = 500_000
    min_size: Annotated[int, Within(1, 1_000_000_000)] = 10_000
    samples_per_insert: Annotated[float, Within(0.001, 1000)] = 8.0

    def __post_init__(self) -> None:
        check(self)
        if self.min_size > self.table_capacity:
            raise InvalidArgument(
                f"hyperparameters: min_size = {self.min_size} rows are waited for in a table that "
                f"holds table_capacity = {self.table_capacity}; it should be at most as many"
            )


class _Prioritized:
    """Rows that are drawn by priority, each several times, in an order that arrival decides."""

    def table(self, config: QLearningConfig, policy: str, signature: Signature) -> replay_pb2.Table:
        """A prioritized table."""
        return tables.prioritized(
            policy,
            signature,
            config.table_capacity,
            alpha=config.priority_exponent,
            min_size=config.min_size,
            samples_per_insert=config.samples_per_insert,
            # Where no batch may be sampled any more, a write of as many rows must be allowed.
            error_buffer=max(
                self.batch_rows(config) * max(4.0, (1.0 + config.samples_per_insert) / 2.0),
                0.1 * config.min_size,
            ),
        )

    def turns(self, config: QLearningConfig) -> None:
        """There are none: what is drawn next depends on when priorities arrive."""

    def batch_rows(self, config: QLearningConfig) -> int:
        """Several minibatches."""
        return config.minibatch_size * config.minibatches_per_batch

    def fitting(self, config: QLearningConfig, batch: int, table: int) -> dict[str, int]:
        """A batch of whole minibatches, and a table that holds one at least."""
        minibatch = min(config.minibatch_size, batch)
        table = max(table, minibatch)
        return {
            "minibatch_size": minibatch,
            "minibatches_per_batch": max(1, batch // minibatch),
            "table_capacity": table,
            "min_size": max(1, min(table, config.table_capacity) // 4),
        }


class Transitions(_Prioritized):
    """n-step transitions."""

    def signature(
        self, config: QLearningConfig, shape: Architecture, *, opponents: bool
    ) -> Signature:
        """Of a transition."""
        spaces, state = (shape.observation_space, shape.action_space), shape.state_size
        return transition_signature(*spaces, state_size=state, opponents=opponents)

    def steps_per_row(self, config: QLearningConfig) -> float:
        """Less than one, as each step is drawn several times."""
        return 1 / config.samples_per_insert

    def tell(self, config: QLearningConfig, collection: model_pb2.Collection) -> None:
        """n, the discount, and how to explore."""
        _tell(config, collection.transition)


@dataclass(frozen=True)
class SequencesConfig(QLearningConfig):
    """Q-learning on sequences, with memory: what is counted in transitions there is sequences here.

    Attributes:
        memory: Width of the gated recurrent unit.
        sequence_length: Steps of a sequence, burn-in and all, T.
        burn_in: Steps at its beginning that only bring the memory up to date.
        max_error_share: eta: the share of the largest error in a sequence's priority; the rest is
            the mean error's.
    """

    memory: Annotated[int, Within(1, 4096)] = 128
    sequence_length: Steps = 24
    burn_in: Annotated[int, Within(0, 4095)] = 4
    max_error_share: Share = 0.9
    n_step: Annotated[int, Within(1, 1024)] = 5
    minibatch_size: Rows = 32
    minibatches_per_batch: Annotated[int, Within(1, 1024)] = 4
    priority_exponent: Share = 0.9
    importance_exponent: Share = 0.6
    final_importance_exponent: Share = 0.6
    table_capacity: Annotated[int, Within(1, 1_000_000_000)] = 25_000
    min_size: Annotated[int, Within(1, 1_000_000_000)] = 500
    samples_per_insert: Annotated[float, Within(0.001, 1000)] = 4.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.burn_in >= self.sequence_length:
            raise InvalidArgument(
                f"hyperparameters: burn_in = {self.burn_in} leaves nothing of sequences of "
                f"{self.sequence_length} steps; it should be less"
            )


class Sequences(_Prioritized):
    """Overlapping sequences, for networks with memory."""

    def signature(
        self, config: SequencesConfig, shape: Architecture, *, opponents: bool
    ) -> Signature:
        """Of a sequence."""
        spaces, state = (shape.observation_space, shape.action_space), shape.state_size
        length = config.sequence_length
        return sequence_signature(length, *spaces, state_size=state, opponents=opponents)

    def steps_per_row(self, config: SequencesConfig) -> float:
        """Those after the burn-in, by how often they are drawn."""
        return (config.sequence_length - config.burn_in) / config.samples_per_insert

    def tell(self, config: SequencesConfig, collection: model_pb2.Collection) -> None:
        """How to cut and to weigh them, and what transitions need."""
        method = collection.sequence
        method.length, method.burn_in = config.sequence_length, config.burn_in
        method.max_error_share = config.max_error_share
        _tell(config, method)


def _tell(
    config: QLearningConfig, method: model_pb2.TransitionCollection | model_pb2.SequenceCollection
) -> None:
    method.n_step, method.discount = config.n_step, config.discount
    method.epsilon, method.epsilon_exponent = config.epsilon, config.epsilon_exponent


TRANSITIONS = Transitions()
SEQUENCES = Sequences()
