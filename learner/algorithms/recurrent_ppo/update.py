"""Proximal policy optimization of a policy with memory.

As `ppo`, with whole unrolls in place of steps. An unroll begins with what the actor
remembered (stored state); the network is run over it step by step, forgetting where an episode
begins, and gradients flow back through its steps. All of them are trained: unrolls do not overlap,
so steps that only brought the state up to date would be lost (docs/adr/0100).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from learner.algorithms.ppo.update import STATISTICS, Steps, normalized, surrogate
from learner.algorithms.recurrent_ppo import RecurrentPPOConfig
from learner.bases.learner import Update, statistics
from learner.bases.vtrace import FIT, estimate
from learner.device.place import Place
from learner.device.ranks import Ranks
from learner.network.architecture import Architecture, Parameters
from learner.network.descent import ALONE, Descent
from learner.network.networks import RecurrentActorCritic
from learner.ports import Batch


@dataclass(frozen=True)
class Unrolls:
    """b unrolls of T steps; the names are those of `ppo.Steps`, with [b, T] for [n].

    Attributes:
        state: Remembered before step 0, float32 [b, memory].
        begins: An episode begins at the step, bool [b, T].
    """

    observation: Tensor
    illegal: Tensor
    action: Tensor
    behaviour_log_probability: Tensor
    advantage: Tensor
    target: Tensor
    state: Tensor
    begins: Tensor


class RecurrentPPO:
    """A recurrent actor-critic, its optimizer, and the update.

    `network` holds the weights that are published.
    """

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        config: RecurrentPPOConfig,
        place: Place,
        seed: int,
        ranks: Ranks = ALONE,
    ) -> None:
        self.config = config
        self.updates = 0
        self._place, self._intake = place, place.intake()
        self._generator = torch.Generator().manual_seed(seed)
        self.network = RecurrentActorCritic(architecture)
        self.network.load(parameters)
        self.network.to(place.device)
        self._descent = Descent(
            self.network,
            config.learning_rate,
            config.max_gradient_norm,
            eps=1e-5,
            ranks=ranks,
            recordable=place.on_gpu,
        )
        self._sequence = place.fused(self.network.sequence)
        self._surrogate = place.fused(surrogate)
        self._learn = place.recorded(self._passes)

    def update(self, batch: Batch) -> Update:
        """Learns from B unrolls (rows of `unroll_signature` with a state).

        Returns:
            The same means as `PPO.update`.
        """
        self._descent.set_learning_rate(self.config.rate_at(self.updates))
        columns = self._intake(batch)
        count, length = columns["reward"].shape
        orders = self._orders(count)
        (means,) = self._learn(columns, orders)
        self.updates += len(orders) * len(orders[0].split(self._unrolls_per_minibatch(length)))
        return Update(statistics((*FIT, *STATISTICS), means))

    def _orders(self, unrolls: int) -> Tensor:
        """An order of the unrolls for each epoch, int64 [epochs, unrolls]."""
        epochs = range(self.config.epochs)
        orders = [torch.randperm(unrolls, generator=self._generator) for _ in epochs]
        return torch.stack(orders).to(self._place.device)

    def _passes(self, column: Mapping[str, Tensor], orders: Tensor) -> tuple[Tensor]:
        """All epochs over a batch; the means over its gradient steps, float32 [8]."""
        unrolls, fit = self._prepare(column)
        found = [
            self._step(minibatch)
            for order in orders
            for minibatch in self._minibatches(unrolls, order)
        ]
        return (torch.cat([fit, torch.stack(found).mean(dim=0)]),)

    @torch.no_grad()
    def _prepare(self, column: Mapping[str, Tensor]) -> tuple[Unrolls, Tensor]:
        """Step 1: the network over the batch, V-trace, what the epochs need; and how it fits."""
        observation = column["observation"]
        ended = column["terminated"] | column["truncated"]
        begins = torch.cat([torch.zeros_like(ended[:, :1]), ended], dim=1)
        with_last = torch.cat([observation, column["last_observation"].unsqueeze(1)], dim=1)
        size = self._unrolls_per_minibatch(observation.shape[1])
        parts = (with_last.split(size), column["state"].split(size), begins.split(size))
        outputs = torch.cat([self.network.sequence(*p)[0] for p in zip(*parts, strict=True)])
        found = estimate(outputs, column, self.config)
        unrolls = Unrolls(
            observation=observation,
            illegal=column["action_mask"] == 0,
            action=column["action"].long(),
            behaviour_log_probability=column["behaviour_log_probability"],
            advantage=normalized(found.advantage),
            target=found.target,
            state=column["state"],
            begins=begins[:, :-1],
        )
        return unrolls, found.fit

    def _unrolls_per_minibatch(self, length: int) -> int:
        return max(1, self.config.minibatch_size // length)

    def _minibatches(self, unrolls: Unrolls, order: Tensor) -> Iterator[Unrolls]:
        """All unrolls in this order, as many at a time as make `minibatch_size` steps."""
        length = unrolls.begins.shape[1]
        columns = [getattr(unrolls, field.name) for field in dataclasses.fields(Unrolls)]
        gathered = [column.index_select(0, order) for column in columns]
        parts = [column.split(self._unrolls_per_minibatch(length)) for column in gathered]
        return (Unrolls(*minibatch) for minibatch in zip(*parts, strict=True))

    def _step(self, minibatch: Unrolls) -> Tensor:
        """Step 2: one gradient step on a minibatch."""
        with self._place.rounding():
            outputs, _ = self._sequence(minibatch.observation, minibatch.state, minibatch.begins)
        outputs = outputs.flatten(0, 1)
        loss = self._surrogate(outputs, _as_steps(minibatch), self.config)
        self._descent.clear()
        outputs.backward(loss.gradient)
        norm = self._descent.step()
        return torch.cat([loss.statistics, norm.view(1)])

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self._descent.state(),
            "updates": self.updates,
            "random": self._generator.get_state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state`."""
        self.network.load_state_dict(state["network"])
        self._descent.restore(state["optimizer"])
        self.updates = state["updates"]
        self._generator.set_state(state["random"].cpu())


def _as_steps(unrolls: Unrolls) -> Steps:
    """The steps, as rows."""

    def rows(column: Tensor) -> Tensor:
        return column.flatten(0, 1)

    return Steps(
        observation=rows(unrolls.observation),
        illegal=rows(unrolls.illegal),
        action=rows(unrolls.action).unsqueeze(1),
        behaviour_log_probability=rows(unrolls.behaviour_log_probability),
        advantage=rows(unrolls.advantage),
        target=rows(unrolls.target),
        magnet=unrolls.state.new_zeros(0, 0),
    )
