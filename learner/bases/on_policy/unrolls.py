"""Learning from unrolls, apart from torch: config, queue, and what actors must know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from learner.bases.bounds import Cost, Norm, Rows, Share, Steps, Updates, Within, check
from learner.network.architecture import Architecture
from mazemesh.client.replay import tables
from mazemesh.experience import most_write_rows, unroll_signature
from mazemesh.v1 import model_pb2, replay_pb2
from mazemesh.wire.tensors import Signature


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
        noise_correlation: Of what the actor draws for continuous actions, from step to step: 0 is
            white noise; x_t = c x_(t-1) + (1 - c^2)^(1/2) xi_t. Each action alone is of the
            policy's distribution still, which is what its probability is taken from (Hollenstein
            et al. 2024); where single moves lead nowhere, whole stretches are explored.
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
    noise_correlation: Annotated[float, Within(0, 0.999)] = 0.0

    def __post_init__(self) -> None:
        check(self)

    def updates_of(self, agent_steps: int) -> int:
        """Gradient steps that so many agent steps are learned from by, at least 1."""
        batches = agent_steps / (self.unroll_length * self.unrolls_per_batch)
        return max(1, round(batches * self.updates_per_batch))

    @property
    def updates_per_batch(self) -> int:
        """Gradient steps of an update."""
        return 1

    def rate_at(self, updates: int) -> float:
        """The learning rate after so many gradient steps."""
        left = max(0.0, 1.0 - updates / self.anneal_updates)
        return self.final_learning_rate + left * (self.learning_rate - self.final_learning_rate)


class Unrolls:
    """Unrolls in a queue: each is learned from once, in the order of arrival."""

    def signature(
        self, config: ActorCriticConfig, shape: Architecture, *, opponents: bool
    ) -> Signature:
        """Of an unroll."""
        spaces, state = (shape.observation_space, shape.action_space), shape.state_size
        length = config.unroll_length
        return unroll_signature(length, *spaces, state_size=state, opponents=opponents)

    def table(
        self, config: ActorCriticConfig, policy: str, signature: Signature
    ) -> replay_pb2.Table:
        """A queue of a batch and what is written beside it.

        No more: what waits is experience of ever older policies.
        """
        rows = self.batch_rows(config)
        return tables.queue(policy, signature, rows + most_write_rows(rows))

    def batch_rows(self, config: ActorCriticConfig) -> int:
        """Unrolls of an update."""
        return config.unrolls_per_batch

    def turns(self, config: ActorCriticConfig) -> tuple[int, int]:
        """Rows before the first batch, and between two: those of a batch."""
        return config.unrolls_per_batch, config.unrolls_per_batch

    def steps_per_row(self, config: ActorCriticConfig) -> float:
        """All of an unroll's."""
        return float(config.unroll_length)

    def tell(self, config: ActorCriticConfig, collection: model_pb2.Collection) -> None:
        """How long unrolls are, and what draws go on from step to step."""
        collection.unroll.length = config.unroll_length
        collection.unroll.noise_correlation = config.noise_correlation

    def fitting(self, config: ActorCriticConfig, batch: int, table: int) -> dict[str, int]:
        """Two steps are the fewest that PPO can normalize over."""
        return {"unrolls_per_batch": max(batch, -(-2 // config.unroll_length))}


UNROLLS = Unrolls()
