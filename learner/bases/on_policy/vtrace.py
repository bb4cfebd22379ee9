"""What a batch of unrolls says of the current network: value targets and advantages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from learner.bases.on_policy.unrolls import ActorCriticConfig


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


FIT = ("importance", "explained_variance")


@dataclass(frozen=True)
class Estimate:
    """V-trace of a batch, and how it fits the network.

    Attributes:
        target: Of the value, float32 [B, T].
        advantage: float32 [B, T].
        rho: min(1, pi / mu) of the current and the behaviour policy, float32 [B, T].
        fit: importance (the mean of rho) and explained_variance (of the targets, by the values),
            float32 [2].
    """

    target: Tensor
    advantage: Tensor
    rho: Tensor
    fit: Tensor


@torch.no_grad()
def estimate(
    log_probability: Tensor,
    value: Tensor,
    columns: Mapping[str, Tensor],
    config: ActorCriticConfig,
) -> Estimate:
    """V-trace under the present network.

    Args:
        log_probability: log pi(a|x) of the actions taken, float32 [B, T].
        value: Of what was seen at steps 0..T - 1 and after them, float32 [B, T + 1].
        columns: Of `unroll_signature`.
        config: Discount and trace.
    """
    value, following = value[:, :-1], value[:, 1:]
    ratio = (log_probability - columns["behaviour_log_probability"]).exp()
    truncated = columns["truncated"]
    result = vtrace(
        ratio,
        columns["reward"],
        value,
        torch.where(truncated, columns["bootstrap_value"], following),
        columns["terminated"],
        truncated,
        discount=config.discount,
        trace=config.trace,
    )
    rho = ratio.clamp(max=1.0)
    error = (result.target - value).var() / result.target.var().clamp(min=1e-8)
    fit = torch.stack([rho.mean(), 1.0 - error])
    return Estimate(result.target, result.advantage, rho, fit)
