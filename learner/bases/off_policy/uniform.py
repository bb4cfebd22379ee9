"""Learning from a uniform table of transitions, apart from torch: config, table, what actors do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from learner.bases.bounds import Norm, Rows, Share, Within, check
from learner.network.architecture import Architecture
from mazemesh.client.replay import tables
from mazemesh.errors import InvalidArgument
from mazemesh.experience import transition_signature
from mazemesh.v1 import model_pb2, replay_pb2
from mazemesh.wire.tensors import Signature


@dataclass(frozen=True)
class OffPolicyConfig:
    """What actors with critics need that learn from whatever policy acted.

    Attributes:
        n_step: Steps of a transition.
        discount: gamma.
        minibatch_size: Transitions of a gradient step.
        minibatches_per_batch: Minibatches that one request to Replay brings; a multiple of
            `policy_delay`.
        learning_rate: Of Adam, for the policy.
        critic_learning_rate: Of Adam, for the critics.
        max_gradient_norm: Gradients are clipped to this norm; by default they never are.
        policy_delay: Gradient steps of the critics to one of the policy and the targets.
        target_share: tau: how far the targets go towards the trained networks at a gradient step.
        noise_correlation: Of what the actor draws, from step to step of an episode: 0 is white
            noise; x_t = c x_(t-1) + (1 - c^2)^(1/2) xi_t. Where single moves lead nowhere, it
            explores by whole stretches.
        table_capacity: Transitions that Replay holds.
        min_size: Transitions before the first update.
        samples_per_insert: How often a transition is drawn on average.
    """

    n_step: Annotated[int, Within(1, 1024)] = 1
    discount: Share = 0.99
    minibatch_size: Rows = 256
    minibatches_per_batch: Annotated[int, Within(1, 1024)] = 8
    learning_rate: Share = 1e-3
    critic_learning_rate: Share = 1e-3
    max_gradient_norm: Norm = 1_000_000.0
    policy_delay: Annotated[int, Within(1, 1024)] = 1
    target_share: Annotated[float, Within(0, 1, above=True)] = 0.005
    noise_correlation: Annotated[float, Within(0, 0.999)] = 0.0
    table_capacity: Annotated[int, Within(1, 1_000_000_000)] = 500_000
    min_size: Annotated[int, Within(1, 1_000_000_000)] = 1_000
    samples_per_insert: Annotated[float, Within(0.001, 1000)] = 128.0

    def __post_init__(self) -> None:
        check(self)
        if self.min_size > self.table_capacity:
            raise InvalidArgument(
                f"hyperparameters: min_size = {self.min_size} rows are waited for in a table that "
                f"holds table_capacity = {self.table_capacity}; it should be at most as many"
            )
        if self.minibatches_per_batch % self.policy_delay:
            raise InvalidArgument(
                f"hyperparameters: minibatches_per_batch = {self.minibatches_per_batch} should be "
                f"a multiple of policy_delay = {self.policy_delay}"
            )


@dataclass(frozen=True)
class NoisyConfig(OffPolicyConfig):
    """What a deterministic policy needs besides.

    Attributes:
        noise: Standard deviation of what actors add to its actions, which are scaled to -1..1.
    """

    noise: Annotated[float, Within(0, 10)] = 0.1


class UniformTransitions:
    """n-step transitions, of which each is as likely to be drawn as any."""

    def signature(
        self, config: OffPolicyConfig, shape: Architecture, *, opponents: bool
    ) -> Signature:
        """Of a transition, with the mask of its start where there is one."""
        spaces, state = (shape.observation_space, shape.action_space), shape.state_size
        return transition_signature(*spaces, state_size=state, masks=True, opponents=opponents)

    def table(self, config: OffPolicyConfig, policy: str, signature: Signature) -> replay_pb2.Table:
        """A uniform table."""
        batch = self.batch_rows(config)
        return tables.uniform(
            policy,
            signature,
            config.table_capacity,
            min_size=config.min_size,
            samples_per_insert=config.samples_per_insert,
            ahead=max(batch, config.samples_per_insert, 1.0),
            # Where no batch may be sampled any more, a write of as many rows must be allowed.
            behind=2.0 * max(batch, _write_rows(config) * config.samples_per_insert, 1.0),
        )

    def batch_rows(self, config: OffPolicyConfig) -> int:
        """Several minibatches."""
        return config.minibatch_size * config.minibatches_per_batch

    def turns(self, config: OffPolicyConfig) -> tuple[int, int]:
        """Rows before the first batch, and between two.

        Raises:
            InvalidArgument: there is no whole number of them.
        """
        rows = self.batch_rows(config) / config.samples_per_insert
        if not rows.is_integer():
            raise InvalidArgument(
                f"lockstep: a batch of {self.batch_rows(config)} rows is drawn after every "
                f"{rows:g} that are written (samples_per_insert = {config.samples_per_insert:g}); "
                "it should be a whole number"
            )
        return config.min_size, int(rows)

    def steps_per_row(self, config: OffPolicyConfig) -> float:
        """Less than one, as each step is drawn several times."""
        return 1 / config.samples_per_insert

    def tell(self, config: OffPolicyConfig, collection: model_pb2.Collection) -> None:
        """How to cut transitions, and what draws go on from step to step."""
        method = collection.transition
        method.n_step, method.discount, method.masks = config.n_step, config.discount, True
        method.write_rows = _write_rows(config)
        method.noise_correlation = config.noise_correlation

    def fitting(self, config: OffPolicyConfig, batch: int, table: int) -> dict[str, int]:
        """A batch of whole minibatches, and a table that holds one at least."""
        together = config.policy_delay
        minibatch = min(config.minibatch_size, max(1, batch // together))
        table = max(table, minibatch)
        return {
            "minibatch_size": minibatch,
            "minibatches_per_batch": together * max(1, batch // (minibatch * together)),
            "table_capacity": table,
            "min_size": max(1, min(table, config.table_capacity) // 4),
        }


class SoftTransitions(UniformTransitions):
    """Of policies that explore by themselves."""

    def tell(self, config: OffPolicyConfig, collection: model_pb2.Collection) -> None:
        """That actions are drawn."""
        super().tell(config, collection)
        collection.transition.choosing = model_pb2.CHOOSING_DRAWN


class NoisyTransitions(UniformTransitions):
    """Of policies without chance."""

    def tell(self, config: NoisyConfig, collection: model_pb2.Collection) -> None:  # type: ignore[override]
        """With what noise they act."""
        super().tell(config, collection)
        collection.transition.choosing = model_pb2.CHOOSING_NOISY
        collection.transition.noise = config.noise


def _write_rows(config: OffPolicyConfig) -> int:
    """Rows that as many samples are drawn for as a batch has, up to what is written elsewhere."""
    batch = config.minibatch_size * config.minibatches_per_batch
    return max(1, min(256, round(batch / config.samples_per_insert)))


SOFT, NOISY = SoftTransitions(), NoisyTransitions()
