"""Soft actor-critic on continuous actions (Haarnoja et al. 2018, "Algorithms and Applications").

One gradient step reads from top to bottom in `SAC`:

1. Two critics learn the soft Q-function of the present policy (equation 5 there), from the smaller
   of what their targets say of the next state and an action drawn there.
2. The policy goes where that is larger, and its entropy (equation 9): the action is a function of
   noise, through which the gradient passes.
3. The temperature rises where the policy's entropy is below its target, and falls where it is above
   (equation 18).

Actions are scaled to -1..1 here, by tanh; log-probabilities are those of scaled actions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from learner.algorithms.algorithm import Start
from learner.algorithms.sac import SACConfig
from learner.algorithms.sac.temperature import Temperature
from learner.bases.off_policy.actor_and_critics import ActorAndCritics, Rows, q_target
from learner.bases.off_policy.continuous import ContinuousActions

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def squashed(mean: Tensor, log_std: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """A = tanh(u) with u = mean + std * noise, float32 [n, K], and log pi(a|s), float32 [n].

    log pi(a|s) = sum over elements of log N(u) - log(1 - tanh(u)^2) (appendix C there), where
    log(1 - tanh(u)^2) = 2 (log 2 - u - softplus(-2u)), which is a number for every u.

    Args:
        mean: Of u, float32 [n, K].
        log_std: Of u, float32 [n, K].
        noise: Standard normal, float32 [n, K].
    """
    drawn = mean + log_std.exp() * noise
    log_density = -0.5 * noise.square() - log_std - HALF_LOG_2PI
    log_slope = 2.0 * (math.log(2.0) - drawn - functional.softplus(-2.0 * drawn))
    return drawn.tanh(), (log_density - log_slope).sum(dim=1)


class SAC(ActorAndCritics[SACConfig]):
    """A squashed Gaussian policy, two critics and a temperature; learns from transitions."""

    policy_means: ClassVar = ("policy_loss", "entropy", "temperature", "gradient_norm")

    def __init__(self, start: Start[SACConfig]) -> None:
        self._actions = ContinuousActions(start.architecture.action_space, start.place.device)
        super().__init__(start, critics=2, action_size=self._actions.size)
        self._temperature = Temperature(start)
        self._target_entropy = start.config.target_entropy * self._actions.size

    def _noise(self, rows: int) -> Tensor:
        """Standard normal, for the next states and for the present ones: [rows, 2, K]."""
        return torch.randn(rows, 2, self._actions.size, generator=self._generator)

    def _learn_critics(self, rows: Rows) -> Tensor:
        """Step 1."""
        with torch.no_grad(), self._place.rounding():
            following = self._outputs(self.network, rows, "next_")
            gaussian = self._actions.gaussian(following)
            action, log_prob = squashed(*gaussian, rows["noise"][:, 0])
            smaller = self._targets.network.of_action(self._state(rows, "next_"), action).amin(
                dim=0
            )
            target = q_target(rows, smaller - self._temperature.value * log_prob)
        with self._place.rounding():
            q = self.critics.of_action(self._state(rows), self._actions.scaled(rows))
        return self._descend_critics(q, target)

    def _learn_policy(self, rows: Rows) -> Tensor:
        """Steps 2 and 3."""
        alpha = self._temperature.value
        with self._place.rounding():
            outputs = self._outputs(self.network, rows)
            action, log_prob = squashed(*self._actions.gaussian(outputs), rows["noise"][:, 1])
            smaller = self.critics.of_action(self._state(rows), action, frozen=True).amin(dim=0)
        loss = (alpha * log_prob - smaller).mean()
        norm = self._descend_policy(loss)
        entropy = -log_prob.detach().mean()
        self._temperature.step(entropy - self._target_entropy)
        return torch.stack([loss.detach(), entropy, alpha, norm])

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {**super().state(), "temperature": self._temperature.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state`."""
        super().restore(state)
        self._temperature.restore(state["temperature"])
