"""What TD3 and DDPG share: a policy without chance, and the climb on its critic."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor

from learner.algorithms.algorithm import Start
from learner.bases.off_policy.actor_and_critics import ActorAndCritics, Rows
from learner.bases.off_policy.continuous import ContinuousActions
from learner.bases.off_policy.uniform import OffPolicyConfig

C = TypeVar("C", bound=OffPolicyConfig)


class Deterministic(ActorAndCritics[C], ABC, Generic[C]):
    """A deterministic policy with critics; the targets are of both."""

    policy_means: ClassVar = ("policy_loss", "gradient_norm")

    def __init__(self, start: Start[C], *, critics: int) -> None:
        self._actions = ContinuousActions(start.architecture.action_space, start.place.device)
        super().__init__(start, critics=critics, action_size=self._actions.size)
        self._target_policy = self._target(self.network, self._descent)

    def _learn_policy(self, rows: Rows) -> Tensor:
        """One step up the first critic: the gradient of mean Q_1(s, mu(s)) by the policy."""
        with self._place.rounding():
            action = self._actions.greedy(self._outputs(self.network, rows))
            q = self.critics.of_action(self._state(rows), action, frozen=True)[0]
        loss = -q.mean()
        return torch.stack([loss.detach(), self._descend_policy(loss)])

    def _follow(self) -> None:
        super()._follow()
        self._target_policy.drift(self.config.target_share)

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {**super().state(), "target_policy": self._target_policy.network.state_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state`."""
        super().restore(state)
        self._target_policy.network.load_state_dict(state["target_policy"])
