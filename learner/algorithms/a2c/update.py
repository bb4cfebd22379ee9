"""Advantage actor-critic (Mnih et al. 2016, section 4): a policy gradient with a baseline.

One update reads from top to bottom in `A2C`: the network runs over the batch, n-step returns up to
the end of each unroll say how much better every action was than the value expected, and one
gradient step makes the better ones likelier. See `learner.algorithms.a2c` for how it stands to A3C,
and for the ratio that corrects what actors played with older weights.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from learner.algorithms.a2c import A2CConfig
from learner.algorithms.algorithm import Start
from learner.bases.actions import AnyActions
from learner.bases.learner import OneNetwork, Update, statistics
from learner.bases.observed import observed, outputs_of
from learner.bases.on_policy.vtrace import FIT, estimate
from learner.network.network import Network
from learner.network.networks import make
from learner.ports import Batch


class A2C(OneNetwork[Network, A2CConfig]):
    """An actor-critic network, its optimizer, and the update; nothing in it is drawn."""

    def __init__(self, start: Start[A2CConfig]) -> None:
        network, place = make(start.architecture, start.seed), start.place
        super().__init__(network, start.parameters, start.config, place, start.ranks, eps=1e-5)
        self._actions, self._ranks = AnyActions(network), start.ranks
        self._learn = place.recorded(self._step)

    def update(self, batch: Batch) -> Update:
        """Learns from B unrolls (rows of `unroll_signature`) in one gradient step.

        The loss of a step, with R the return (rho and R are V-trace's; on policy rho is 1, and R
        the sum of rewards to the end of the unroll and the value of what follows), is

            -rho (R - V) log pi(a|x) + value_cost / 2 (V - R)^2 - entropy_cost H

        Returns:
            Means over the batch: policy_loss, value_loss, entropy, kl (of the behaviour and the
            trained policy), gradient_norm, importance, explained_variance.
        """
        self._descent.set_learning_rate(self.config.rate_at(self.updates))
        columns = self._intake(batch)
        self.network.observe(observed(columns), self._ranks)
        (means,) = self._learn(columns)
        self.updates += 1
        names = ("policy_loss", "value_loss", "entropy", "kl", "gradient_norm")
        return Update(statistics((*FIT, *names), means))

    def _step(self, column: Mapping[str, Tensor]) -> tuple[Tensor]:
        """The gradient step; the means over its steps, float32 [7]."""
        config, shape = self.config, column["reward"].shape
        steps = shape.numel()
        with self._place.rounding():
            taken, last = outputs_of(self.network, column)
        policy = self._actions.policy(taken, self._actions.illegal(column, steps))
        chosen = self._actions.chosen(policy, self._actions.rows(column, steps)).view(shape)
        value = taken[:, -1].view(shape)
        with_last = torch.cat([value, last[:, -1:]], dim=1).detach()
        found = estimate(chosen.detach(), with_last, column, config)

        scale = self.network.return_scale  # 1, unless rewards are to be normalized
        policy_loss = -(found.rho * found.advantage / scale * chosen).mean()
        value_loss = 0.5 * ((value - found.target) / scale).square().mean()
        entropy = policy.entropy().mean()
        loss = policy_loss + config.value_cost * value_loss - config.entropy_cost * entropy

        self._descent.clear()
        loss.backward()
        norm = self._descent.step()
        self.network.observe_returns(found.target, self._ranks)
        log_ratio = chosen.detach() - column["behaviour_log_probability"]
        kl = (log_ratio.exp() - 1 - log_ratio).mean()
        parts = [policy_loss.detach(), value_loss.detach(), entropy.detach(), kl, norm]
        return (torch.cat([found.fit, torch.stack(parts)]),)
