"""Proximal policy optimization of a policy with memory.

As `ppo`, with whole unrolls in place of steps. An unroll begins with what the actor
remembered (stored state); the network is run over it step by step, forgetting where an episode
begins, and gradients flow back through its steps. All of them are trained: unrolls do not overlap,
so steps that only brought the state up to date would be lost (docs/adr/0100).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from learner.algorithms.ppo.config import PPOConfig
from learner.algorithms.ppo.update import Steps, normalized, surrogate, surrogate_of
from learner.bases.actions import OneChoice, actions_of
from learner.bases.observed import cut, each, ended_before, observed, with_last
from learner.bases.on_policy.epochs import Epochs
from learner.bases.on_policy.policy_gradient import in_units
from learner.bases.on_policy.vtrace import estimate
from learner.device.place import Place
from learner.device.ranks import Ranks
from learner.network.architecture import Architecture, Parameters
from learner.network.gradients.descent import ALONE
from learner.network.network import Network, Seen
from learner.network.networks import make


@dataclass(frozen=True)
class Unrolls:
    """b unrolls of T steps; the names are those of `ppo.Steps`, with [b, T] for [n].

    Attributes:
        state: Remembered before step 0, float32 [b, memory].
        begins: An episode begins at the step, bool [b, T].
    """

    observation: Seen
    illegal: Tensor
    action: Tensor
    behaviour_log_probability: Tensor
    advantage: Tensor
    target: Tensor
    state: Tensor
    begins: Tensor


class RecurrentPPO(Epochs[Network, PPOConfig, Unrolls]):
    """A recurrent actor-critic, its optimizer, and the update; its unrolls have a state."""

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        config: PPOConfig,
        place: Place,
        seed: int,
        ranks: Ranks = ALONE,
    ) -> None:
        network = make(architecture)
        super().__init__(network, parameters, config, place, seed, ranks)
        self._sequence = place.fused(self.network.sequence)
        self._actions = actions_of(self.network)
        # On the processor too by torch: these minibatches are small.
        one = isinstance(self._actions, OneChoice)
        self._surrogate = place.fused(surrogate) if one else surrogate_of(self._actions, place)

    def _pieces(self, unrolls: int, length: int) -> tuple[int, int]:
        """Unrolls; as many at once as make `minibatch_size` steps."""
        return unrolls, max(1, self.config.minibatch_size // length)

    @torch.no_grad()
    def _prepare(self, column: Mapping[str, Tensor]) -> tuple[Unrolls, Tensor]:
        """Step 1: the network over the batch, V-trace, what the epochs need; and how it fits."""
        observation, shape = observed(column), column["reward"].shape
        begins = ended_before(column)
        _, size = self._pieces(*shape)
        parts = (cut(with_last(column), size), column["state"].split(size), begins.split(size))
        outputs = torch.cat([self.network.sequence(*p)[0] for p in zip(*parts, strict=True)])
        n, taken = shape.numel(), outputs[:, :-1].flatten(0, 1)
        illegal, action = self._actions.illegal(column, n), self._actions.rows(column, n)
        log_probability = self._actions.log_prob(taken, illegal, action).view(shape)
        found = estimate(log_probability, outputs[:, :, -1], column, self.config)
        self.network.observe_returns(found.target, self._ranks)
        unrolls = Unrolls(
            observation=observation,
            illegal=illegal.view(*shape, -1),
            action=action.view(*shape, -1),
            behaviour_log_probability=column["behaviour_log_probability"],
            advantage=normalized(found.advantage),
            target=found.target,
            state=column["state"],
            begins=begins[:, :-1],
        )
        return unrolls, found.fit

    def _step(self, minibatch: Unrolls) -> Tensor:
        """Step 2: one gradient step on a minibatch."""
        with self._place.rounding():
            outputs, _ = self._sequence(minibatch.observation, minibatch.state, minibatch.begins)
        outputs = outputs.flatten(0, 1)
        loss = self._surrogate(outputs, _as_steps(minibatch), self.config)
        self._descent.clear()
        outputs.backward(in_units(self.network, loss.gradient))
        norm = self._descent.step()
        return torch.cat([loss.statistics, norm.view(1)])


def _as_steps(unrolls: Unrolls) -> Steps:
    """The steps, as rows."""

    def rows(column: Tensor) -> Tensor:
        return column.flatten(0, 1)

    return Steps(
        observation=each(unrolls.observation, rows),
        illegal=rows(unrolls.illegal),
        action=rows(unrolls.action),
        behaviour_log_probability=rows(unrolls.behaviour_log_probability),
        advantage=rows(unrolls.advantage),
        target=rows(unrolls.target),
        magnet=unrolls.state.new_zeros(0, 0),
    )
