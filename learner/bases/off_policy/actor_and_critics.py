"""What SAC, TD3 and DDPG share: a policy, critics beside it, and targets that follow slowly."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor, nn

from learner.algorithms.algorithm import Start
from learner.bases.learner import OneNetwork, Update, statistics
from learner.bases.observed import observed
from learner.bases.off_policy.critics import Critics
from learner.bases.off_policy.state_encoder import Leaves, StateEncoder, normalized
from learner.bases.off_policy.target_network import TargetNetwork
from learner.bases.off_policy.uniform import OffPolicyConfig
from learner.network.gradients.descent import Descent
from learner.network.network import Network
from learner.network.networks import make
from learner.ports import Batch

ADAM_EPS = 1e-8

CRITIC_UNITS = (256,)
"""Of hidden layers between an image's features with an action and what a critic says of them."""

C = TypeVar("C", bound=OffPolicyConfig)
Rows = Mapping[str, Tensor]


class ActorAndCritics(OneNetwork[Network, C], ABC, Generic[C]):
    """The published policy, its critics, their targets and optimizers, and the update around them.

    What an update draws is drawn before it, on the processor: a recorded one reads nothing back
    (`learner.device.recording`), and a seed draws the same everywhere.

    Attributes:
        critics: The Q-functions.
        critic_means: What `_learn_critics` tells, by name.
        policy_means: What `_learn_policy` tells, by name; its `gradient_norm` is the last.
    """

    critic_means: ClassVar[Sequence[str]] = ("critic_loss", "q_value", "critic_gradient_norm")
    policy_means: ClassVar[Sequence[str]]

    def __init__(
        self, start: Start[C], *, critics: int, action_size: int = 0, outputs: int = 1
    ) -> None:
        """`critics` Q(s, a) of actions [action_size], or Q(s, .) of as many as `outputs`."""
        config, place, shape = start.config, start.place, start.architecture
        network = make(shape, start.seed)
        super().__init__(network, start.parameters, config, place, start.ranks, eps=ADAM_EPS)
        self._ranks = start.ranks
        self._generator = torch.Generator().manual_seed(start.seed)
        encoder = StateEncoder(shape, start.seed)
        # Of an image the policy needs no more layers; without one Q(s, a) would be a sum of both.
        hidden = shape.hidden or (CRITIC_UNITS if action_size else ())
        sizes = encoder.width + action_size, hidden, outputs
        self.critics = Critics(encoder, *sizes, count=critics, seed=start.seed).to(place.device)
        self._critics_descent = self._descending(self.critics, config.critic_learning_rate)
        self._targets = self._target(self.critics, self._critics_descent)
        self._learn = place.recorded(self._passes)

    def update(self, batch: Batch) -> Update:
        """Learns from the rows of a batch, one gradient step of the critics a minibatch.

        Returns:
            Means over the batch, as `critic_means` and `policy_means` name them.
        """
        columns = self._intake(batch)
        self.network.observe(observed(columns), self._ranks)
        noise = self._noise(len(batch.keys)).to(self._place.device)
        (means,) = self._learn(columns, noise)
        self.updates += -(-len(noise) // self.config.minibatch_size)
        return Update(statistics((*self.critic_means, *self.policy_means), means))

    def _passes(self, columns: Rows, noise: Tensor) -> tuple[Tensor]:
        """All minibatches in order; the means over the steps."""
        critics, policy, config = [], [], self.config
        for index, rows in enumerate(minibatches({**columns, "noise": noise}, config)):
            critics.append(self._learn_critics(rows))
            if (index + 1) % config.policy_delay == 0:
                policy.append(self._learn_policy(rows))
                self._follow()
        return (torch.cat([torch.stack(critics).mean(dim=0), torch.stack(policy).mean(dim=0)]),)

    @abstractmethod
    def _noise(self, rows: int) -> Tensor:
        """What an update on so many rows draws, float32 [rows, ...]."""

    @abstractmethod
    def _learn_critics(self, rows: Rows) -> Tensor:
        """One gradient step of the critics; its `critic_means`."""

    @abstractmethod
    def _learn_policy(self, rows: Rows) -> Tensor:
        """One gradient step of the policy; its `policy_means`."""

    def _state(self, rows: Rows, which: str = "") -> Leaves:
        """What the critics look at: observations by leaf, as the policy's statistics scale them."""
        return normalized(self.network, observed(rows, which), rows.get(f"{which}state"))

    def _outputs(self, network: Network, rows: Rows, which: str = "") -> Tensor:
        """A policy's outputs [n, W + 1] for what the rows show, with earlier frames if it has any.

        `which` is next_ for what came after.
        """
        return network.step(observed(rows, which), rows.get(f"{which}state"))[0]

    def _follow(self) -> None:
        """Lets the targets follow."""
        self._targets.drift(self.config.target_share)

    def _descend_critics(self, q: Tensor, target: Tensor) -> Tensor:
        """One step on the squared errors of Q-values [n, rows] from targets [rows]."""
        loss = 0.5 * (q - target).square().mean(dim=1).sum()
        self._critics_descent.clear()
        loss.backward()
        norm = self._critics_descent.step()
        return torch.stack([loss.detach(), q.detach().mean(), norm])

    def _descend_policy(self, loss: Tensor) -> Tensor:
        """One step; the norm of the gradient, float32 []."""
        self._descent.clear()
        loss.backward()
        return self._descent.step()

    def _descending(self, module: nn.Module, rate: float) -> Descent:
        most, on_gpu = self.config.max_gradient_norm, self._place.on_gpu
        settings: dict[str, Any] = {"ranks": self._ranks, "recordable": on_gpu}
        return Descent(module, rate, most, eps=ADAM_EPS, **settings)

    def _target(self, module: nn.Module, descent: Descent) -> TargetNetwork[Any]:
        return TargetNetwork(module, descent.vector, recordable=self._place.on_gpu)

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {
            **super().state(),
            "critics": self.critics.state_dict(),
            "critics_optimizer": self._critics_descent.state(),
            "targets": self._targets.network.state_dict(),
            "random": self._generator.get_state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state`."""
        super().restore(state)
        self.critics.load_state_dict(state["critics"])
        self._critics_descent.restore(state["critics_optimizer"])
        self._targets.network.load_state_dict(state["targets"])
        self._generator.set_state(state["random"].cpu())


def minibatches(columns: Rows, config: OffPolicyConfig) -> list[dict[str, Tensor]]:
    """A batch's rows in order, `minibatch_size` at a time."""
    parts = {name: value.split(config.minibatch_size) for name, value in columns.items()}
    return [dict(zip(parts, rows, strict=True)) for rows in zip(*parts.values(), strict=True)]


def q_target(rows: Rows, value: Tensor) -> Tensor:
    """R + discount * V(s'), float32 [rows]; V counts for nothing where the episode terminated."""
    return rows["n_step_return"] + rows["bootstrap_discount"] * value
