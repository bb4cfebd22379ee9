"""What can be set of proximal policy optimization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from learner.bases.bounds import Cost, Rows, Updates, Within
from learner.bases.on_policy.unrolls import ActorCriticConfig
from mazemesh.errors import InvalidArgument


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

    @property
    def updates_per_batch(self) -> int:
        """Gradient steps of an update: minibatches, in all epochs."""
        return self.epochs * -(-self.unroll_length * self.unrolls_per_batch // self.minibatch_size)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.unroll_length * self.unrolls_per_batch < 2:
            raise InvalidArgument(
                "hyperparameters: unroll_length = 1 and unrolls_per_batch = 1 make a batch of one "
                "step, over which no advantage can be normalized; it should be two or more"
            )
