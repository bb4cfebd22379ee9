"""The settings of the algorithms, apart from torch: actors' instructions follow from them too.

Each field has bounds in its type, and a config that is beyond them cannot be made
(`learner.bases.bounds`); what holds between two fields is checked beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from learner.bases.bounds import Within, check
from mazemesh.errors import InvalidArgument

Steps = Annotated[int, Within(1, 4096)]
"""Of a piece of play that is stored as one row."""

Rows = Annotated[int, Within(1, 65_536)]
"""Of a request to Replay, a minibatch, or what makes them."""

Updates = Annotated[int, Within(1, 1_000_000_000)]
"""Gradient steps that something takes; 0 of them would be a division by zero, or never."""

Share = Annotated[float, Within(0, 1)]
Cost = Annotated[float, Within(0, 100)]
Norm = Annotated[float, Within(0, 1_000_000, above=True)]


@dataclass(frozen=True)
class ActorCriticConfig:
    """What all learning from unrolls needs.

    Attributes:
        unroll_length: Steps of an unroll, T.
        unrolls_per_batch: Unrolls that one update learns from, B.
        learning_rate: Of Adam at the start; it goes linearly ...
        final_learning_rate: ... to this one, where it stays, ...
        anneal_updates: ... over so many gradient steps.
        discount: gamma.
        trace: lambda of V-trace.
        entropy_cost: Weight of the policy's entropy, in nats.
        value_cost: Weight of the value's squared error.
        max_gradient_norm: Gradients are clipped to this norm.
    """

    unroll_length: Steps = 32
    unrolls_per_batch: Rows = 256
    learning_rate: Share = 1e-3
    final_learning_rate: Share = 3e-4
    anneal_updates: Updates = 3_000
    discount: Share = 0.95
    trace: Share = 0.95
    entropy_cost: Cost = 0.01
    value_cost: Cost = 0.5
    max_gradient_norm: Norm = 0.5

    def __post_init__(self) -> None:
        check(self)

    def rate_at(self, updates: int) -> float:
        """The learning rate after so many gradient steps."""
        left = max(0.0, 1.0 - updates / self.anneal_updates)
        return self.final_learning_rate + left * (self.learning_rate - self.final_learning_rate)


@dataclass(frozen=True)
class PPOConfig(ActorCriticConfig):
    """How PPO learns.

    Attributes:
        minibatch_size: Steps of a gradient step.
        epochs: How often an update goes through its B * T steps.
        clip: How far the probability ratio may move in an update.
        magnet_cost: Weight of the divergence from the magnet, an earlier policy; 0 for none.
        magnet_updates: Gradient steps after which the magnet becomes the present policy.
    """

    minibatch_size: Rows = 1024
    epochs: Annotated[int, Within(1, 100)] = 3
    clip: Annotated[float, Within(0, 1, above=True)] = 0.2
    magnet_cost: Cost = 0.0
    magnet_updates: Updates = 1_000

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.unroll_length * self.unrolls_per_batch < 2:
            raise InvalidArgument(
                "hyperparameters: unroll_length = 1 and unrolls_per_batch = 1 make a batch of one "
                "step, over which no advantage can be normalized; it should be two or more"
            )


@dataclass(frozen=True)
class RecurrentPPOConfig(PPOConfig):
    """How PPO learns a policy with memory.

    Attributes:
        memory: Width of the gated recurrent unit.
    """

    memory: Annotated[int, Within(1, 4096)] = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.magnet_cost:
            raise InvalidArgument(
                f"hyperparameters: magnet_cost = {self.magnet_cost:g} is for ppo; with memory it "
                "should be 0"
            )


@dataclass(frozen=True)
class ImpalaConfig(ActorCriticConfig):
    """How IMPALA learns: every batch once, in one gradient step."""

    unrolls_per_batch: Rows = 32
    anneal_updates: Updates = 10_000


@dataclass(frozen=True)
class DQNConfig:
    """How DQN learns and its actors explore.

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
    priority_floor: Annotated[float, Within(0, 1, above=True)] = 1e-3
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


@dataclass(frozen=True)
class R2D2Config(DQNConfig):
    """How R2D2 learns: DQN on sequences, with memory. What DQN counts in transitions is sequences.

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


Config = PPOConfig | RecurrentPPOConfig | ImpalaConfig | DQNConfig | R2D2Config
