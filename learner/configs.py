"""The settings of the algorithms, apart from torch: actors' instructions follow from them too."""

from __future__ import annotations

from dataclasses import dataclass


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

    unroll_length: int = 32
    unrolls_per_batch: int = 256
    learning_rate: float = 1e-3
    final_learning_rate: float = 3e-4
    anneal_updates: int = 3_000
    discount: float = 0.95
    trace: float = 0.95
    entropy_cost: float = 0.01
    value_cost: float = 0.5
    max_gradient_norm: float = 0.5

    def rate_at(self, updates: int) -> float:
        """The learning rate after so many gradient steps."""
        left = max(0.0, 1.0 - updates / max(self.anneal_updates, 1))
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

    minibatch_size: int = 1024
    epochs: int = 3
    clip: float = 0.2
    magnet_cost: float = 0.0
    magnet_updates: int = 1_000


@dataclass(frozen=True)
class RecurrentPPOConfig(PPOConfig):
    """How PPO learns a policy with memory.

    Attributes:
        memory: Width of the gated recurrent unit.
        burn_in: Steps at the beginning of each unroll that only bring the memory up to date.
    """

    memory: int = 128
    burn_in: int = 0


@dataclass(frozen=True)
class ImpalaConfig(ActorCriticConfig):
    """How IMPALA learns: every batch once, in one gradient step."""

    unrolls_per_batch: int = 32
    anneal_updates: int = 10_000


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
        importance_exponent: beta at the start; it goes to 1 linearly ...
        importance_anneal_updates: ... over so many updates.
        priority_floor: Added to |TD error|, so that no transition is shut out for ever.
        epsilon: Exploration of the boldest game; game i of N takes
            epsilon^(1 + i / (N - 1) * epsilon_exponent).
        epsilon_exponent: See `epsilon`.
        table_capacity: Transitions that Replay holds.
        min_size: Transitions before the first update.
        samples_per_insert: How often a transition is drawn on average.
    """

    n_step: int = 3
    discount: float = 0.9
    minibatch_size: int = 512
    minibatches_per_batch: int = 4
    learning_rate: float = 1e-3
    max_gradient_norm: float = 10.0
    target_every: int = 50
    priority_exponent: float = 0.6
    importance_exponent: float = 0.4
    importance_anneal_updates: int = 20_000
    priority_floor: float = 1e-3
    epsilon: float = 0.4
    epsilon_exponent: float = 2.0
    table_capacity: int = 500_000
    min_size: int = 10_000
    samples_per_insert: float = 8.0


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

    memory: int = 128
    sequence_length: int = 24
    burn_in: int = 4
    max_error_share: float = 0.9
    n_step: int = 5
    minibatch_size: int = 32
    minibatches_per_batch: int = 4
    priority_exponent: float = 0.9
    importance_exponent: float = 0.6
    table_capacity: int = 25_000
    min_size: int = 500
    samples_per_insert: float = 4.0


Config = PPOConfig | RecurrentPPOConfig | ImpalaConfig | DQNConfig | R2D2Config
