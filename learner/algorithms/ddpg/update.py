"""Deep deterministic policy gradient (Lillicrap et al. 2016, algorithm 1).

One gradient step reads from top to bottom in `DDPG`:

1. The critic learns Q of the present policy: from what its target says of the next state and of the
   target policy's action there.
2. The policy goes where the critic sees more, and both targets follow
   (`learner.bases.off_policy.deterministic`).

Actions are scaled to -1..1 here, by tanh. `td3` is what became of it, and learns more steadily.
"""

from __future__ import annotations

import torch
from torch import Tensor

from learner.algorithms.algorithm import Start
from learner.algorithms.ddpg import DDPGConfig
from learner.bases.off_policy.actor_and_critics import Rows, q_target
from learner.bases.off_policy.deterministic import Deterministic


class DDPG(Deterministic[DDPGConfig]):
    """A deterministic policy and its critic; learns from transitions."""

    def __init__(self, start: Start[DDPGConfig]) -> None:
        super().__init__(start, critics=1)

    def _noise(self, rows: int) -> Tensor:
        """Nothing is drawn."""
        return torch.zeros(rows, 0)

    def _learn_critics(self, rows: Rows) -> Tensor:
        """Step 1."""
        with torch.no_grad(), self._place.rounding():
            following = self._outputs(self._target_policy.network, rows, "next_")
            action = self._actions.greedy(following)
            target = q_target(
                rows, self._targets.network.of_action(self._state(rows, "next_"), action)[0]
            )
        with self._place.rounding():
            q = self.critics.of_action(self._state(rows), self._actions.scaled(rows))
        return self._descend_critics(q, target)
