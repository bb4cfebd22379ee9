"""Double dueling deep Q-learning from a prioritized table of n-step transitions.

One update, from a batch of transitions to new weights and priorities, reads from top to bottom in
`DQN._step`: the targets of double Q-learning (van Hasselt et al. 2016, equation 4) with the legal
actions alone, importance weights that undo the prioritized draw (Schaul et al. 2016, section 3.4),
Huber loss, and |TD error| as the new priority.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from learner.algorithms.dqn import DQNConfig
from learner.bases.observed import observed
from learner.bases.off_policy.q_learning import QLearning
from learner.device.place import Place
from learner.device.ranks import Ranks
from learner.network.architecture import Architecture, Parameters
from learner.network.gradients.descent import ALONE
from learner.network.network import Network
from learner.network.networks import make


def double_q_target(
    n_step_return: Tensor,
    bootstrap_discount: Tensor,
    next_online: Tensor,
    next_target: Tensor,
    next_legal: Tensor,
) -> Tensor:
    """R + discount * Q_target(s', argmax over legal a of Q_online(s', a)), float32 [rows].

    Args:
        n_step_return: float32 [rows].
        bootstrap_discount: float32 [rows]; 0 where the episode terminated.
        next_online: Q-values of s' by the trained network, float32 [rows, A].
        next_target: The same by the target network.
        next_legal: bool [rows, A].
    """
    best = next_online.masked_fill(~next_legal, -torch.inf).argmax(dim=1, keepdim=True)
    return n_step_return + bootstrap_discount * next_target.gather(1, best).squeeze(1)


class DQN(QLearning[Network, DQNConfig]):
    """A dueling network that learns from rows of `transition_signature`."""

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        config: DQNConfig,
        place: Place,
        ranks: Ranks = ALONE,
    ) -> None:
        super().__init__(make(architecture), parameters, config, place, ranks)

    def _step(self, rows: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """One gradient step; the absolute TD errors [rows], and the statistics."""
        following = observed(rows, "next_")
        with torch.no_grad(), self._place.rounding():
            target = double_q_target(
                rows["n_step_return"],
                rows["bootstrap_discount"],
                self.network.q_values(following, rows.get("next_state")),
                self._target.network.q_values(following, rows.get("next_state")),
                rows["next_action_mask"].bool(),
            )
        action = rows["action"].long().unsqueeze(1)
        with self._place.rounding():
            values = self.network.q_values(observed(rows), rows.get("state"))
        q = values.gather(1, action).squeeze(1)
        loss = (rows["weight"] * torch.nn.functional.huber_loss(q, target, reduction="none")).mean()
        self._descent.clear()
        loss.backward()
        norm = self._descent.step()
        with torch.no_grad():
            error = (q - target).abs()
            means = torch.stack([loss, error.mean(), q.mean(), rows["weight"].mean(), norm])
        return error, means
