"""Soft actor-critic on discrete actions (Christodoulou 2019).

As `update`, with expectations over all legal actions in place of drawn ones: the critics tell
Q(s, .), so nothing has to be drawn, and the policy's gradient needs no way through noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from learner.algorithms.algorithm import Start
from learner.algorithms.sac import SACConfig
from learner.algorithms.sac.temperature import Temperature
from learner.bases.off_policy.actor_and_critics import ActorAndCritics, Rows, q_target
from learner.network.distributions import Categorical


class DiscreteSAC(ActorAndCritics[SACConfig]):
    """A policy over A actions, two critics and a temperature; learns from transitions."""

    policy_means: ClassVar = ("policy_loss", "entropy", "temperature", "gradient_norm")

    def __init__(self, start: Start[SACConfig]) -> None:
        super().__init__(start, critics=2, outputs=start.architecture.num_actions)
        self._temperature = Temperature(start)

    def _noise(self, rows: int) -> Tensor:
        """Nothing is drawn."""
        return torch.zeros(rows, 0)

    def _learn_critics(self, rows: Rows) -> Tensor:
        """Equations 4 and 12 there: V(s') = sum over a of pi(a|s') (Q(s', a) - alpha log pi)."""
        with torch.no_grad(), self._place.rounding():
            now = self._policy(rows, "next_")
            q = self._targets.network.of_all(self._state(rows, "next_")).amin(dim=0)
            soft = q - self._temperature.value * now.log_probs
            target = q_target(rows, (now.probs * soft).sum(dim=1))
        with self._place.rounding():
            q = self.critics.of_all(self._state(rows))
        action = rows["action"].long().view(1, -1, 1).expand(len(q), -1, 1)
        return self._descend_critics(q.gather(2, action).squeeze(2), target)

    def _learn_policy(self, rows: Rows) -> Tensor:
        """Equation 13: sum over a of pi(a|s) (alpha log pi(a|s) - Q(s, a)); and the temperature."""
        alpha, legal = self._temperature.value, rows["action_mask"]
        with torch.no_grad(), self._place.rounding():
            q = self.critics.of_all(self._state(rows)).amin(dim=0)
        with self._place.rounding():
            now = self._policy(rows)
        loss = (now.probs * (alpha * now.log_probs - q)).sum(dim=1).mean()
        norm = self._descend_policy(loss)
        entropy = now.entropy().detach().mean()
        most = legal.float().sum(dim=1).log().mean()
        self._temperature.step(entropy - self.config.target_entropy_share * most)
        return torch.stack([loss.detach(), entropy, alpha, norm])

    def _policy(self, rows: Rows, which: str = "") -> Categorical:
        logits = self._outputs(self.network, rows, which)[:, :-1]
        return Categorical(logits, rows[f"{which}action_mask"])

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {**super().state(), "temperature": self._temperature.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state`."""
        super().restore(state)
        self._temperature.restore(state["temperature"])
