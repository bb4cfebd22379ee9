"""Proximal policy optimization over unrolls that actors collected with slightly older policies.

One update, from a batch of unrolls to new weights, reads from top to bottom in `PPO.update`:

1. The current network evaluates the batch; V-trace (Espeholt et al. 2018, section 4.1) corrects for
   what it has learned since the actors got their weights and gives value targets and advantages.
2. A few epochs of minibatches on the clipped surrogate (Schulman et al. 2017, equation 7), clipped
   around the behaviour policy, the one that acted. That keeps a lagging loop stable: where earlier
   batches have moved the policy already, this one pushes no further. (Clipping around the policy at
   the start of the update instead, as in Hilton et al. 2022, overshoots: with four batches of lag,
   success in solo stays at 0.87 where this reaches 0.94.)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from learner.algorithm import Update
from learner.architecture import ILLEGAL, Architecture, Parameters
from learner.configs import PPOConfig
from learner.descent import Descent
from learner.networks import ActorCritic
from learner.ports import Batch, Columns
from learner.tensors import as_tensor


@dataclass(frozen=True)
class Steps:
    """n steps, each a row of everything; `advantage` is normalized over the batch.

    Attributes:
        observation: [n, D] as it was recorded.
        illegal: bool [n, A].
        action: int64 [n, 1].
        behaviour_log_probability: float32 [n].
        advantage: float32 [n].
        target: Of the value, float32 [n].
    """

    observation: Tensor
    illegal: Tensor
    action: Tensor
    behaviour_log_probability: Tensor
    advantage: Tensor
    target: Tensor


@dataclass(frozen=True)
class VTrace:
    """Value targets and advantages, float32 [B, T] both."""

    target: Tensor
    advantage: Tensor


def vtrace(
    ratio: Tensor,
    reward: Tensor,
    value: Tensor,
    next_value: Tensor,
    terminated: Tensor,
    truncated: Tensor,
    *,
    discount: float,
    trace: float,
) -> VTrace:
    """V-trace with rho-bar = c-bar = 1 over unrolls in which episodes may end.

    With rho_t = min(1, ratio_t), gamma_t = discount, or 0 where the episode terminated, and c_t =
    trace * rho_t, or 0 where the episode ended in either way:

        target_t - V_t = rho_t (r_t + gamma_t V'_t - V_t) + gamma_t c_t (target_{t+1} - V_{t+1})
        advantage_t    = r_t + gamma_t V'_t - V_t + gamma_t c'_t (target_{t+1} - V_{t+1})

    where c'_t = trace, or 0 where the episode ended. The advantage leaves rho_t out because the
    surrogate has the ratio in it (as in section 4.2 there). On policy both are the ones of
    generalized advantage estimation with lambda = trace (Schulman et al. 2016, equation 16).

    Args:
        ratio: pi(a|x) / mu(a|x) of the current and the behaviour policy, float32 [B, T].
        reward: float32 [B, T].
        value: V(x_t), float32 [B, T].
        next_value: V'_t: the value of what follows step t in the same episode, float32 [B, T].
        terminated: bool [B, T].
        truncated: bool [B, T].
        discount: gamma.
        trace: lambda.
    """
    rho = ratio.clamp(max=1.0)
    gamma = discount * (~terminated).float()
    advantage = reward + gamma * next_value - value
    trace_weight = (gamma * trace * (~truncated).float())[:, :-1] * rho[:, 1:]
    # Step by step backwards over columns that lie in one piece.
    column, weight = advantage.T.contiguous(), trace_weight.T.contiguous()
    for t in range(len(weight) - 1, -1, -1):
        column[t].addcmul_(weight[t], column[t + 1])
    advantage = column.T.contiguous()
    return VTrace(value + rho * advantage, advantage)


@dataclass(frozen=True)
class Surrogate:
    """The loss of a minibatch of n steps: its gradient, and what it consists of.

    Attributes:
        gradient: By the network's `outputs`, float32 [n, A + 1].
        statistics: policy_loss, value_loss, entropy, kl, clip_fraction: float32 [5].
    """

    gradient: Tensor
    statistics: Tensor


@torch.no_grad()
def surrogate(outputs: Tensor, steps: Steps, config: PPOConfig) -> Surrogate:
    """PPO's loss, differentiated by hand.

    With r = pi(a|x) / mu(a|x) of the trained and the behaviour policy, advantage A, entropy H:

        loss = mean(-min(r A, clip(r, 1 - e, 1 + e) A) + value_cost / 2 (V - target)^2
                    - entropy_cost H)

    (Schulman et al. 2017, equations 7 and 9). The first term's gradient is -r A where the minimum
    is the unclipped one and 0 elsewhere, times that of log pi(a|x): one at a, less pi(.|x). That of
    -H is pi(.|x) (log pi(.|x) + H). Automatic differentiation says the same (a test compares them)
    and takes longer, as these arrays are small and its operations many.

    Args:
        outputs: Of the network, float32 [n, A + 1].
        steps: The n steps.
        config: Clip and costs.
    """
    logits, value = outputs[:, :-1].masked_fill(steps.illegal, float(ILLEGAL)), outputs[:, -1]
    log_policy = functional.log_softmax(logits, dim=1)
    policy = log_policy.exp()
    log_ratio = log_policy.gather(1, steps.action).squeeze(1) - steps.behaviour_log_probability
    ratio = log_ratio.exp()
    gain = ratio * steps.advantage
    clipped = ratio.clamp(1 - config.clip, 1 + config.clip) * steps.advantage
    entropy = -(policy * log_policy).sum(dim=1)
    error = value - steps.target

    n, gradient = len(outputs), torch.empty_like(outputs)
    pull = torch.where(gain <= clipped, -gain, 0.0).unsqueeze(1)
    by_logits = (log_policy + entropy.unsqueeze(1)).mul_(config.entropy_cost).sub_(pull)
    gradient[:, :-1] = by_logits.mul_(policy).scatter_add_(1, steps.action, pull).div_(n)
    gradient[:, -1] = error * (config.value_cost / n)
    statistics = torch.stack(
        [
            -torch.minimum(gain, clipped),
            0.5 * error.square(),
            entropy,
            ratio - 1 - log_ratio,
            ((ratio - 1).abs() > config.clip).float(),
        ]
    ).mean(dim=1)
    return Surrogate(gradient, statistics)


class PPO:
    """An actor-critic network, its optimizer, and the update.

    `network` holds the weights that are published.
    """

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        config: PPOConfig,
        device: torch.device,
        seed: int,
    ) -> None:
        self.config = config
        self.updates = 0
        self._device = device
        self._generator = torch.Generator().manual_seed(seed)
        self.network = ActorCritic(architecture)
        self.network.load(parameters)
        self.network.to(device)
        self._descent = Descent(
            self.network, config.learning_rate, config.max_gradient_norm, eps=1e-5
        )

    def update(self, batch: Batch) -> Update:
        """Learns from B unrolls (rows of `unroll_signature`).

        Returns:
            Means over the update: policy_loss, value_loss, entropy, kl (of the behaviour and the
            trained policy), clip_fraction, gradient_norm, importance (min(1, ratio) before the
            update), explained_variance.
        """
        self._set_learning_rate()
        steps, statistics_before = self._prepare(batch.columns)
        statistics = [
            self._step(minibatch)
            for _ in range(self.config.epochs)
            for minibatch in self._minibatches(steps)
        ]
        mean = torch.stack(statistics).mean(dim=0).tolist()
        return Update({**statistics_before, **dict(zip(_STATISTICS, mean, strict=True))})

    def _set_learning_rate(self) -> None:
        config = self.config
        left = max(0.0, 1.0 - self.updates / max(config.anneal_updates, 1))
        rate = config.final_learning_rate
        rate += left * (config.learning_rate - config.final_learning_rate)
        self._descent.set_learning_rate(rate)

    @torch.no_grad()
    def _prepare(self, columns: Columns) -> tuple[Steps, dict[str, float]]:
        """Step 1: everything the epochs need, flattened to B * T rows."""
        column = {name: as_tensor(value, self._device) for name, value in columns.items()}
        observation = column["observation"].flatten(0, 1)
        legal = column["action_mask"].flatten(0, 1).bool()
        action = column["action"].flatten().long().unsqueeze(1)

        logits, value = self._in_chunks(observation, legal)
        log_probability = functional.log_softmax(logits, dim=1).gather(1, action).squeeze(1)
        shape = column["reward"].shape
        value = value.view(shape)
        behaviour = column["behaviour_log_probability"]
        ratio = (log_probability.view(shape) - behaviour).exp()

        _, last_value = self.network.policy(
            column["last_observation"], column["last_action_mask"].bool()
        )
        following = torch.cat([value[:, 1:], last_value.unsqueeze(1)], dim=1)
        truncated = column["truncated"]
        next_value = torch.where(truncated, column["bootstrap_value"], following)
        result = vtrace(
            ratio,
            column["reward"],
            value,
            next_value,
            column["terminated"],
            truncated,
            discount=self.config.discount,
            trace=self.config.trace,
        )
        advantage = result.advantage
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        error = (result.target - value).var() / result.target.var().clamp(min=1e-8)
        steps = Steps(
            observation=observation,
            illegal=~legal,
            action=action,
            behaviour_log_probability=behaviour.flatten(),
            advantage=advantage.flatten(),
            target=result.target.flatten(),
        )
        return steps, {
            "importance": ratio.clamp(max=1.0).mean().item(),
            "explained_variance": 1.0 - error.item(),
        }

    def _in_chunks(self, observation: Tensor, legal: Tensor) -> tuple[Tensor, Tensor]:
        """The network on many rows, a minibatch at a time so that it stays in the cache."""
        size = self.config.minibatch_size
        parts = [
            self.network.policy(rows, mask)
            for rows, mask in zip(observation.split(size), legal.split(size), strict=True)
        ]
        return torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])

    def _minibatches(self, steps: Steps) -> Iterator[Steps]:
        """All steps in a fresh order, `minibatch_size` at a time; gathered once, then cut."""
        order = torch.randperm(len(steps.action), generator=self._generator).to(self._device)
        columns = [getattr(steps, field.name) for field in dataclasses.fields(Steps)]
        gathered = [column.index_select(0, order) for column in columns]
        parts = [column.split(self.config.minibatch_size) for column in gathered]
        return (Steps(*minibatch) for minibatch in zip(*parts, strict=True))

    def _step(self, minibatch: Steps) -> Tensor:
        """Step 2: one gradient step on a minibatch."""
        outputs = self.network.outputs(minibatch.observation)
        loss = surrogate(outputs, minibatch, self.config)
        self._descent.clear()
        outputs.backward(loss.gradient)
        norm = self._descent.step()
        self.updates += 1
        return torch.cat([loss.statistics, norm.view(1)])

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self._descent.state(),
            "updates": self.updates,
            "random": self._generator.get_state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state`."""
        self.network.load_state_dict(state["network"])
        self._descent.restore(state["optimizer"])
        self.updates = state["updates"]
        self._generator.set_state(state["random"])


_STATISTICS = ("policy_loss", "value_loss", "entropy", "kl", "clip_fraction", "gradient_norm")
