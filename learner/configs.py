"""The settings of the algorithms, apart from torch: actors' instructions follow from them too."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PPOConfig:
    """How PPO learns.

    Attributes:
        unroll_length: Steps of an unroll, T.
        unrolls_per_batch: Unrolls that one update learns from, B.
        minibatch_size: Steps of a gradient step.
        epochs: How often an update goes through its B * T steps.
        learning_rate: Of Adam at the start; it goes linearly ...
        final_learning_rate: ... to this one, where it stays, ...
        anneal_updates: ... over so many gradient steps.
        discount: gamma.
        trace: lambda of V-trace.
        clip: How far the probability ratio may move in an update.
        entropy_cost: Weight of the policy's entropy, in nats.
        value_cost: Weight of the value's squared error.
        max_gradient_norm: Gradients are clipped to this norm.
    """

    unroll_length: int = 32
    unrolls_per_batch: int = 256
    minibatch_size: int = 1024
    epochs: int = 3
    learning_rate: float = 1e-3
    final_learning_rate: float = 3e-4
    anneal_updates: int = 3_000
    discount: float = 0.95
    trace: float = 0.95
    clip: float = 0.2
    entropy_cost: float = 0.01
    value_cost: float = 0.5
    max_gradient_norm: float = 0.5


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


Config = PPOConfig | DQNConfig
