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
from learner.bases.learner import OneNetwork, Update, statistics
from learner.bases.policy_gradient import Policy, gradient
from learner.bases.vtrace import FIT, estimate
from learner.device.place import Place
from learner.device.ranks import Ranks
from learner.network.architecture import Architecture, Parameters
from learner.network.descent import ALONE
from learner.network.networks import Network, make
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
        (means,) = self._learn(self._intake(batch))
        self.updates += 1
        names = ("policy_loss", "value_loss", "entropy", "kl", "gradient_norm")
        return Update(statistics((*FIT, *names), means))

    def _step(self, column: Mapping[str, Tensor]) -> tuple[Tensor]:
        """The gradient step; the means over its steps, float32 [7]."""
        config = self.config
        unrolls, length = column["reward"].shape
        steps = unrolls * length
        observation = torch.cat([column["observation"].flatten(0, 1), column["last_observation"]])
        with self._place.rounding():
            outputs = self.network.outputs(observation)

        with torch.no_grad():
            taken, last = outputs[:steps], outputs[steps:]
            by_step = torch.cat([taken.view(unrolls, length, -1), last.unsqueeze(1)], dim=1)
            found = estimate(by_step, column, config)
            action = column["action"].flatten().long().unsqueeze(1)
            now = Policy.of(taken, column["action_mask"].flatten(0, 1) == 0, action)
            push = (found.rho * found.advantage).flatten()
            error = now.value - found.target.flatten()
            log_ratio = now.chosen - column["behaviour_log_probability"].flatten()
            by_outputs = torch.zeros_like(outputs)
            by_outputs[:steps] = gradient(
                now, action, push, error * config.value_cost, config.entropy_cost
            )
            parts = [
                -push * now.chosen,
                0.5 * error.square(),
                now.entropy,
                log_ratio.exp() - 1 - log_ratio,
            ]
            means = torch.stack(parts).mean(dim=1)

        self._descent.clear()
        outputs.backward(by_outputs)
        norm = self._descent.step()
        return (torch.cat([found.fit, means, norm.view(1)]),)
