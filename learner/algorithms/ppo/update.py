"""Proximal policy optimization over unrolls that actors collected with slightly older policies.

One update, from a batch of unrolls to new weights, reads from top to bottom in `PPO`:

1. The current network evaluates the batch; V-trace (Espeholt et al. 2018, section 4.1) corrects for
   what it has learned since the actors got their weights and gives value targets and advantages.
2. A few epochs of minibatches on the clipped surrogate (Schulman et al. 2017, equation 7), clipped
   around the behaviour policy, the one that acted. That keeps a lagging loop stable: where earlier
   batches have moved the policy already, this one pushes no further. (Clipping around the policy at
   the start of the update instead, as in Hilton et al. 2022, overshoots: with four batches of lag,
   success in solo stays at 0.87 where this reaches 0.94.)
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from learner.algorithms.ppo.config import PPOConfig
from learner.bases.actions import AnyActions, OneChoice, actions_of
from learner.bases.learner import Update
from learner.bases.observed import cut, each, observed
from learner.bases.on_policy.epochs import Epochs
from learner.bases.on_policy.policy_gradient import Policy, differentiated, gradient, in_units
from learner.bases.on_policy.vtrace import estimate
from learner.device.place import Place
from learner.device.ranks import Ranks
from learner.network.architecture import ILLEGAL, Architecture, Parameters
from learner.network.gradients.descent import ALONE
from learner.network.gradients.passes import passes
from learner.network.network import Network, Seen
from learner.network.networks import make
from learner.ports import Batch


@dataclass(frozen=True)
class Steps:
    """n steps, each a row of everything; `advantage` is normalized over the batch.

    Attributes:
        observation: [n, ...] as it was recorded; of several columns, by name.
        illegal: bool [n, A]; of other actions than one choice, [n, M] (`learner.bases.actions`).
        action: int64 [n, 1]; of others, float32 [n, E].
        behaviour_log_probability: float32 [n].
        advantage: float32 [n].
        target: Of the value, float32 [n].
        magnet: log rho(.|x) of the policy that draws the trained one, float32 [n, A]; [n, 0] where
            there is none.
    """

    observation: Seen
    illegal: Tensor
    action: Tensor
    behaviour_log_probability: Tensor
    advantage: Tensor
    target: Tensor
    magnet: Tensor


@dataclass(frozen=True)
class Surrogate:
    """The loss of a minibatch of n steps: its gradient, and what it consists of.

    Attributes:
        gradient: By the network's `outputs`, float32 [n, W + 1].
        statistics: policy_loss, value_loss, entropy, kl, clip_fraction: float32 [5].
    """

    gradient: Tensor
    statistics: Tensor


@torch.no_grad()
def surrogate(outputs: Tensor, steps: Steps, config: PPOConfig) -> Surrogate:
    """PPO's loss and its gradient.

    With r = pi(a|x) / mu(a|x) of the trained and the behaviour policy, advantage A, entropy H and
    magnet rho:

        loss = mean(-min(r A, clip(r, 1 - e, 1 + e) A) + value_cost / 2 (V - target)^2
                    - entropy_cost H + magnet_cost KL(pi, rho))

    (Schulman et al. 2017, equations 7 and 9; the last term after Sokota et al. 2023, equation 12).
    The first term's gradient is that of -r A, which is -r A times that of log pi(a|x), where the
    minimum is the unclipped one; elsewhere it is 0.

    Args:
        outputs: Of the network, float32 [n, A + 1].
        steps: The n steps.
        config: Clip and costs.
    """
    now = Policy.of(outputs, steps.illegal, steps.action)
    log_ratio = now.chosen - steps.behaviour_log_probability
    ratio = log_ratio.exp()
    gain = ratio * steps.advantage
    clipped = ratio.clamp(1 - config.clip, 1 + config.clip) * steps.advantage
    error = now.value - steps.target

    push = torch.where(gain <= clipped, gain, 0.0)
    by_outputs = gradient(now, steps.action, push, error * config.value_cost, config.entropy_cost)
    parts = [
        -torch.minimum(gain, clipped),
        0.5 * error.square(),
        now.entropy,
        ratio - 1 - log_ratio,
        ((ratio - 1).abs() > config.clip).float(),
    ]
    if config.magnet_cost:
        away = now.log_policy - steps.magnet
        divergence = (now.policy * away).sum(dim=1, keepdim=True)
        by_outputs[:, :-1] += (config.magnet_cost / len(outputs)) * now.policy * (away - divergence)
    return Surrogate(by_outputs, torch.stack(parts).mean(dim=1))


def compiled_surrogate(outputs: Tensor, steps: Steps, config: PPOConfig) -> Surrogate:
    """`surrogate` of tensors on the processor, in one pass."""
    from learner.network.gradients import kernels

    gradient = torch.empty_like(outputs)
    means = torch.empty(5, dtype=torch.float64)
    kernels.surrogate(
        outputs.detach().numpy(),
        steps.illegal.numpy(),
        steps.action.squeeze(1).numpy(),
        steps.behaviour_log_probability.numpy(),
        steps.advantage.numpy(),
        steps.target.numpy(),
        steps.magnet.numpy(),
        *(config.clip, config.value_cost, config.entropy_cost, config.magnet_cost),
        gradient.numpy(),
        means.numpy(),
    )
    return Surrogate(gradient, means.float())


def any_surrogate(actions: AnyActions) -> SurrogateOf:
    """`surrogate` for actions of any kind, by automatic differentiation; without a magnet."""

    def found(outputs: Tensor, steps: Steps, config: PPOConfig) -> Surrogate:
        def loss(outputs: Tensor) -> tuple[Tensor, Tensor]:
            policy = actions.policy(outputs, steps.illegal)
            log_ratio = actions.chosen(policy, steps.action) - steps.behaviour_log_probability
            ratio = log_ratio.exp()
            clipped = ratio.clamp(1 - config.clip, 1 + config.clip) * steps.advantage
            policy_loss = -torch.minimum(ratio * steps.advantage, clipped).mean()
            value_loss = 0.5 * (outputs[:, -1] - steps.target).square().mean()
            entropy = policy.entropy().mean()
            kl = (ratio - 1 - log_ratio).mean()
            outside = ((ratio - 1).abs() > config.clip).float().mean()
            total = policy_loss + config.value_cost * value_loss - config.entropy_cost * entropy
            return total, torch.stack([policy_loss, value_loss, entropy, kl, outside])

        return Surrogate(*differentiated(outputs, loss))

    return found


SurrogateOf = Callable[[Tensor, Steps, PPOConfig], Surrogate]


class PPO(Epochs[Network, PPOConfig, Steps]):
    """An actor-critic network, its optimizer, and the update."""

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        config: PPOConfig,
        place: Place,
        seed: int,
        ranks: Ranks = ALONE,
    ) -> None:
        super().__init__(make(architecture), parameters, config, place, seed, ranks)
        self._magnet = copy.deepcopy(self.network) if config.magnet_cost else None
        self._magnet_from = 0
        self._both = passes(self.network, config.minibatch_size, place, self._descent)
        self._actions = actions_of(self.network)
        self._surrogate = surrogate_of(self._actions, place)

    def update(self, batch: Batch) -> Update:
        """See `Epochs.update`."""
        self._renew_magnet()
        return super().update(batch)

    def _pieces(self, unrolls: int, length: int) -> tuple[int, int]:
        """Steps."""
        return unrolls * length, self.config.minibatch_size

    @torch.no_grad()
    def _prepare(self, column: Mapping[str, Tensor]) -> tuple[Steps, Tensor]:
        """Step 1: everything the epochs need, flattened to B * T rows; and how V-trace fits."""
        n, observation = column["reward"].numel(), observed(column)
        observation = each(observation, lambda columns: columns.flatten(0, 1))
        outputs = self._in_chunks(self._both.outputs, observation)
        illegal, action = self._actions.illegal(column, n), self._actions.rows(column, n)
        log_probability = self._actions.log_prob(outputs, illegal, action)
        shape = column["reward"].shape
        value = self._values(outputs, column)
        found = estimate(log_probability.view(shape), value, column, self.config)
        self.network.observe_returns(found.target, self._ranks)
        steps = Steps(
            observation=observation,
            illegal=illegal,
            action=action,
            behaviour_log_probability=column["behaviour_log_probability"].flatten(),
            advantage=normalized(found.advantage).flatten(),
            target=found.target.flatten(),
            magnet=self._attraction(observation, illegal),
        )
        return steps, found.fit

    def _values(self, outputs: Tensor, column: Mapping[str, Tensor]) -> Tensor:
        """Of what was seen before, between and after all steps, float32 [B, T + 1]."""
        last = self.network.outputs(observed(column, "last_"))
        return torch.cat([outputs[:, -1].view(len(last), -1), last[:, -1:]], dim=1)

    def _step(self, minibatch: Steps) -> Tensor:
        """Step 2: one gradient step on a minibatch."""
        outputs = self._both.outputs(minibatch.observation)
        loss = self._surrogate(outputs, minibatch, self.config)
        self._both.backward(in_units(self.network, loss.gradient))
        norm = self._descent.step()
        return torch.cat([loss.statistics, norm.view(1)])

    def _in_chunks(self, outputs: Callable[[Seen], Tensor], observation: Seen) -> Tensor:
        """Outputs for many rows, a minibatch at a time so that it stays in the cache."""
        parts = cut(observation, self.config.minibatch_size)
        return torch.cat([outputs(rows).clone() for rows in parts])

    def _attraction(self, observation: Seen, illegal: Tensor) -> Tensor:
        """The magnet's log-probabilities; it is the policy of up to `magnet_updates` ago."""
        if self._magnet is None:
            return illegal.new_zeros(len(illegal), 0, dtype=torch.float32)
        logits = self._in_chunks(self._magnet.outputs, observation)[:, :-1]
        return functional.log_softmax(logits.masked_fill(illegal, float(ILLEGAL)), dim=1)

    def _renew_magnet(self) -> None:
        if self._magnet is None or self.updates - self._magnet_from < self.config.magnet_updates:
            return
        self._magnet.load_state_dict(self.network.state_dict())
        self._magnet_from = self.updates

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        state = super().state()
        if self._magnet is not None:
            state |= {"magnet": self._magnet.state_dict(), "magnet_from": self._magnet_from}
        return state

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state`. A magnet that it does not have begins at its network."""
        super().restore(state)
        if self._magnet is not None:
            self._magnet.load_state_dict(state.get("magnet", state["network"]))
            self._magnet_from = state.get("magnet_from", self.updates)


def surrogate_of(actions: OneChoice | AnyActions, place: Place) -> SurrogateOf:
    """The loss on a place: written out where there is one choice."""
    if isinstance(actions, AnyActions):
        return any_surrogate(actions)
    return place.fused(surrogate) if place.on_gpu else compiled_surrogate


def normalized(advantage: Tensor) -> Tensor:
    """Mean 0 and standard deviation 1."""
    return (advantage - advantage.mean()) / (advantage.std() + 1e-8)
