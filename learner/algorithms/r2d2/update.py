"""Recurrent replay distributed DQN: Q-learning with memory (Kapturowski et al. 2019, section 2.3).

As `dqn`, with sequences in place of transitions. One gradient step reads from top to bottom
in `R2D2.loss`:

1. A sequence begins with what the actor remembered (stored state). Its first `burn_in` steps only
   bring that state up to date, in the trained and in the target network.
2. Both networks run over the rest, forgetting where an episode begins.
3. Targets are n-step returns of double Q-learning on the scale of `mazemesh.returns`.
4. A sequence weighs and is drawn by eta max |error| + (1 - eta) mean |error| over its steps.

Unlike there, sequences run on over episode ends, as episodes in small mazes are shorter than they;
and neighbours overlap by the burn-in, so that every step is trained on once in each pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from learner.algorithms.r2d2 import R2D2Config
from learner.bases.observed import each, ended_before, observed
from learner.bases.off_policy.q_learning import QLearning
from learner.device.place import Place
from learner.device.ranks import Ranks
from learner.network.architecture import Architecture, Parameters
from learner.network.gradients.descent import ALONE
from learner.network.network import Network, Seen, dueling
from learner.network.networks import make
from mazemesh.returns import rescale, unscale


def n_step_targets(
    reward: Tensor,
    value: Tensor,
    terminated: Tensor,
    truncated: Tensor,
    *,
    n_step: int,
    discount: float,
) -> Tensor:
    """n-step returns over sequences in which episodes may end, float32 [B, T].

    With G^0_t = V_t and gamma = discount,

        G^k_t = r_t + gamma G^(k-1)_(t+1), or r_t where the episode terminated by step t,

    and G^k_t = V_t at the end of the sequence (t = T) and where the episode was truncated by step
    t: its last observation is not known, so the return is bootstrapped one step earlier.

    Args:
        reward: float32 [B, T].
        value: V_t: the value of what was seen before step t, float32 [B, T + 1].
        terminated: bool [B, T].
        truncated: bool [B, T].
        n_step: n.
        discount: gamma.
    """
    result = value
    for _ in range(n_step):
        following = result[:, 1:].masked_fill(terminated, 0.0)
        known = torch.where(truncated, value[:, :-1], reward + discount * following)
        result = torch.cat([known, value[:, -1:]], dim=1)
    return result[:, :-1]


Sequence = Callable[[Seen, Tensor, Tensor], tuple[Tensor, Tensor]]
"""`Network.sequence` of a network."""


@dataclass(frozen=True)
class Loss:
    """What a minibatch of B sequences says.

    Attributes:
        total: To descend on, float32 [].
        error: For the priorities: eta max |error| + (1 - eta) mean |error|, float32 [B].
        means: Of |error| and of the Q-values of the actions taken, float32 [] both.
    """

    total: Tensor
    error: Tensor
    means: tuple[Tensor, Tensor]


class R2D2(QLearning[Network, R2D2Config]):
    """A recurrent dueling network that learns from rows of `sequence_signature`."""

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        config: R2D2Config,
        place: Place,
        ranks: Ranks = ALONE,
    ) -> None:
        super().__init__(make(architecture), parameters, config, place, ranks)
        self._sequence = place.fused(self.network.sequence)

    def loss(self, rows: Mapping[str, Tensor]) -> Loss:
        """Half the squared error of each trained step, weighted, and what follows from it."""
        config, first = self.config, self.config.burn_in
        reward, terminated, truncated = (
            rows[name][:, first:] for name in ("reward", "terminated", "truncated")
        )
        q = self._q_values(self.network, self._sequence, rows)
        other = self._target.network
        with torch.no_grad():
            legal = rows["action_mask"][:, first:].bool()
            best = q.masked_fill(~legal, -torch.inf).argmax(dim=2, keepdim=True)
            value = self._q_values(other, other.sequence, rows).gather(2, best).squeeze(2)
            target = rescale(
                n_step_targets(
                    reward,
                    unscale(value),
                    terminated,
                    truncated,
                    n_step=config.n_step,
                    discount=config.discount,
                )
            )
            # What a truncated episode's last step led to is not known: it has no target.
            known = (~truncated).float()
            steps = known.sum(dim=1).clamp(min=1.0)
        action = rows["action"][:, first:].long().unsqueeze(2)
        chosen = q[:, :-1].gather(2, action).squeeze(2)
        error = (chosen - target) * known
        total = (rows["weight"] * 0.5 * error.square().sum(dim=1) / steps).mean()
        with torch.no_grad():
            size = error.abs()
            mean = size.sum(dim=1) / steps
            mixed = torch.lerp(mean, size.amax(dim=1), config.max_error_share)
            return Loss(total, mixed, (mean.mean(), chosen.mean()))

    def _q_values(self, network: Network, sequence: Sequence, rows: Mapping[str, Tensor]) -> Tensor:
        """Q-values of the steps after the burn-in and of what follows, [B, T - burn_in + 1, A]."""
        first, state = self.config.burn_in, rows["state"]
        begins = ended_before(rows)
        seen = observed(rows)
        if first:
            with torch.no_grad(), self._place.rounding():
                earlier = each(seen, lambda column: column[:, :first])
                _, state = network.sequence(earlier, state, begins[:, :first])
        with self._place.rounding():
            later = each(seen, lambda column: column[:, first:])
            outputs, _ = sequence(later, state, begins[:, first:])
        return dueling(outputs)

    def _step(self, rows: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """One gradient step; the errors of the sequences [rows], and the statistics."""
        loss = self.loss(rows)
        self._descent.clear()
        loss.total.backward()
        norm = self._descent.step()
        means = [loss.total.detach(), *loss.means, rows["weight"].mean(), norm]
        return loss.error, torch.stack(means)
