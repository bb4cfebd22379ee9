"""Twin delayed deep deterministic policy gradient (Fujimoto et al. 2018, algorithm 1).

DDPG with what keeps its critics from believing in values that are not there. One gradient
step reads from top to bottom in `TD3`:

1. Two critics learn from the smaller of what their targets say of the next state (clipped double
   Q-learning), and of an action near the target policy's: noise that is the target's own smooths
   over peaks of what they believe.
2. After every `policy_delay` of those, the policy goes where the first critic sees more, and all
   targets follow (`learner.bases.off_policy.deterministic`, as in DDPG).

Actions are scaled to -1..1 here, by tanh. The noise that actors explore by is not the target's.
"""

from __future__ import annotations

import torch
from torch import Tensor

from learner.algorithms.algorithm import Start
from learner.algorithms.td3 import TD3Config
from learner.bases.off_policy.actor_and_critics import Rows, q_target
from learner.bases.off_policy.deterministic import Deterministic


class TD3(Deterministic[TD3Config]):
    """A deterministic policy and two critics; learns from transitions."""

    def __init__(self, start: Start[TD3Config]) -> None:
        super().__init__(start, critics=2)

    def _noise(self, rows: int) -> Tensor:
        """Of the target's actions, clipped: float32 [rows, K]."""
        config = self.config
        most = config.target_noise_clip
        noise = torch.randn(rows, self._actions.size, generator=self._generator)
        return (noise * config.target_noise).clamp(-most, most)

    def _learn_critics(self, rows: Rows) -> Tensor:
        """Step 1."""
        with torch.no_grad(), self._place.rounding():
            following = self._outputs(self._target_policy.network, rows, "next_")
            action = self._actions.greedy(following)
            near = (action + rows["noise"]).clamp(-1.0, 1.0)
            q = self._targets.network.of_action(self._state(rows, "next_"), near)
            target = q_target(rows, q.amin(dim=0))
        with self._place.rounding():
            q = self.critics.of_action(self._state(rows), self._actions.scaled(rows))
        return self._descend_critics(q, target)
