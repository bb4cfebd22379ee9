"""IMPALA: an actor-critic that learns from every batch once (Espeholt et al. 2018).

One update reads from top to bottom in `Impala.update`: the network runs over the batch, V-trace
corrects for what it has learned since the actors got their weights, and one gradient step follows
from the same forward pass. Where PPO takes several passes to use experience that is dear, this
takes one, for experience that is cheap.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from learner.algorithms.impala import ImpalaConfig
from learner.bases.actions import AnyActions, actions_of
from learner.bases.learner import OneNetwork, Update, statistics
from learner.bases.observed import observed, outputs_of
from learner.bases.on_policy.policy_gradient import Policy, differentiated, gradient, in_units
from learner.bases.on_policy.vtrace import FIT, Estimate, estimate
from learner.device.place import Place
from learner.device.ranks import Ranks
from learner.network.architecture import Architecture, Parameters
from learner.network.gradients.descent import ALONE
from learner.network.network import Network
from learner.network.networks import make
from learner.ports import Batch


class Impala(OneNetwork[Network, ImpalaConfig]):
    """An actor-critic network, its optimizer, and the update; nothing in it is drawn."""

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        config: ImpalaConfig,
        place: Place,
        ranks: Ranks = ALONE,
    ) -> None:
        super().__init__(make(architecture), parameters, config, place, ranks, eps=1e-5)
        self._actions, self._ranks = actions_of(self.network), ranks
        self._learn = place.recorded(self._step)

    def update(self, batch: Batch) -> Update:
        """Learns from B unrolls (rows of `unroll_signature`) in one gradient step.

        The loss of a step is (section 4.2 there)

            -rho A log pi(a|x) + value_cost / 2 (V - target)^2 - entropy_cost H

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
        config = self.config
        unrolls, length = column["reward"].shape
        steps = unrolls * length
        with self._place.rounding():
            taken, last = outputs_of(self.network, column)

        with torch.no_grad():
            illegal = self._actions.illegal(column, steps)
            action = self._actions.rows(column, steps)
            chosen = self._actions.log_prob(taken, illegal, action).view(unrolls, length)
            value = torch.cat([taken[:, -1].view(unrolls, length), last[:, -1:]], dim=1)
            found = estimate(chosen, value, column, config)
            by_outputs, entropy = self._gradient(taken, illegal, action, found)
            in_units(self.network, by_outputs)
            log_ratio = chosen - column["behaviour_log_probability"]
            parts = [
                -found.rho * found.advantage / self.network.return_scale * chosen,
                0.5 * (value[:, :-1] - found.target).square(),
                entropy.view(unrolls, length),
                log_ratio.exp() - 1 - log_ratio,
            ]
            means = torch.stack(parts).mean(dim=(1, 2))

        self._descent.clear()
        taken.backward(by_outputs)
        norm = self._descent.step()
        self.network.observe_returns(found.target, self._ranks)
        return (torch.cat([found.fit, means, norm.view(1)]),)

    def _gradient(
        self, outputs: Tensor, illegal: Tensor, action: Tensor, found: Estimate
    ) -> tuple[Tensor, Tensor]:
        """Of the loss, by the outputs of its steps [n, W + 1]; and the entropies [n]."""
        config, actions = self.config, self._actions
        push = (found.rho * found.advantage / self.network.return_scale).flatten()
        target = found.target.flatten()
        if isinstance(actions, AnyActions):

            def loss(outputs: Tensor) -> tuple[Tensor, Tensor]:
                policy = actions.policy(outputs, illegal)
                entropy = policy.entropy()
                value_loss = 0.5 * (outputs[:, -1] - target).square()
                policy_loss = -push * actions.chosen(policy, action)
                total = policy_loss + config.value_cost * value_loss - config.entropy_cost * entropy
                return total.mean(), entropy

            return differentiated(outputs, loss)
        now = Policy.of(outputs, illegal, action)
        by_value = (now.value - target) * config.value_cost
        return gradient(now, action, push, by_value, config.entropy_cost), now.entropy
