"""Proximal policy optimization of a policy with memory.

As `learner.ppo`, with whole unrolls in place of steps. An unroll begins with what the actor
remembered (stored state); the network is run over it step by step, forgetting where an episode
begins, and gradients flow back through its steps. The first `burn_in` steps of an unroll only bring
a state that an older policy left up to date (Kapturowski et al. 2019, section 3); no loss is taken
there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from learner.algorithm import Update
from learner.architecture import Architecture, Parameters
from learner.configs import RecurrentPPOConfig
from learner.descent import ALONE, Descent
from learner.networks import RecurrentActorCritic
from learner.ports import Batch, Columns
from learner.ppo import STATISTICS, Steps, normalized, surrogate
from learner.ranks import Ranks
from learner.tensors import as_tensor
from learner.vtrace import estimate
from mazemesh.errors import InvalidArgument


@dataclass(frozen=True)
class Unrolls:
    """b unrolls of T steps; the names are those of `learner.ppo.Steps`, with [b, T] for [n].

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
        device: torch.device,
        seed: int,
        ranks: Ranks = ALONE,
    ) -> None:
        if config.burn_in >= config.unroll_length:
            raise InvalidArgument(
                f"hyperparameters: burn_in = {config.burn_in} leaves nothing of unrolls of "
                f"{config.unroll_length} steps; it should be less"
            )
        if config.magnet_cost:
            raise InvalidArgument(
                f"hyperparameters: magnet_cost = {config.magnet_cost:g} is for ppo; with memory it "
                "should be 0"
            )
        self.config = config
        self.updates = 0
        self._device = device
        self._generator = torch.Generator().manual_seed(seed)
        self.network = RecurrentActorCritic(architecture)
        self.network.load(parameters)
        self.network.to(device)
        self._descent = Descent(
            self.network, config.learning_rate, config.max_gradient_norm, eps=1e-5, ranks=ranks
        )

    def update(self, batch: Batch) -> Update:
        """Learns from B unrolls (rows of `unroll_signature` with a state).

        Returns:
            The same means as `PPO.update`.
        """
        self._descent.set_learning_rate(self.config.rate_at(self.updates))
        unrolls, before = self._prepare(batch.columns)
        statistics = [
            self._step(minibatch)
            for _ in range(self.config.epochs)
            for minibatch in self._minibatches(unrolls)
        ]
        mean = torch.stack(statistics).mean(dim=0).tolist()
        return Update({**before, **dict(zip(STATISTICS, mean, strict=True))})

    @torch.no_grad()
    def _prepare(self, columns: Columns) -> tuple[Unrolls, dict[str, float]]:
        """Step 1: the current network over the batch, V-trace, and what the epochs need."""
        column = {name: as_tensor(value, self._device) for name, value in columns.items()}
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
        return unrolls, found.statistics

    def _unrolls_per_minibatch(self, length: int) -> int:
        return max(1, self.config.minibatch_size // length)

    def _minibatches(self, unrolls: Unrolls) -> Iterator[Unrolls]:
        """All unrolls in a fresh order, as many at a time as make `minibatch_size` steps."""
        count, length = unrolls.begins.shape
        order = torch.randperm(count, generator=self._generator).to(self._device)
        columns = [getattr(unrolls, field.name) for field in dataclasses.fields(Unrolls)]
        gathered = [column.index_select(0, order) for column in columns]
        parts = [column.split(self._unrolls_per_minibatch(length)) for column in gathered]
        return (Unrolls(*minibatch) for minibatch in zip(*parts, strict=True))

    def _step(self, minibatch: Unrolls) -> Tensor:
        """Step 2: one gradient step on a minibatch."""
        skipped, state = self.config.burn_in, minibatch.state
        if skipped:
            with torch.no_grad():
                _, state = self.network.sequence(
                    minibatch.observation[:, :skipped], state, minibatch.begins[:, :skipped]
                )
        outputs, _ = self.network.sequence(
            minibatch.observation[:, skipped:], state, minibatch.begins[:, skipped:]
        )
        outputs = outputs.flatten(0, 1)
        loss = surrogate(outputs, _as_steps(minibatch, skipped), self.config)
        self._descent.clear()
        outputs.backward(loss.gradient)
        norm = self._descent.step()
        self.updates += 1
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
        self._generator.set_state(state["random"])


def _as_steps(unrolls: Unrolls, skipped: int) -> Steps:
    """The steps from `skipped` on, as rows."""

    def rows(column: Tensor) -> Tensor:
        return column[:, skipped:].flatten(0, 1)

    return Steps(
        observation=rows(unrolls.observation),
        illegal=rows(unrolls.illegal),
        action=rows(unrolls.action).unsqueeze(1),
        behaviour_log_probability=rows(unrolls.behaviour_log_probability),
        advantage=rows(unrolls.advantage),
        target=rows(unrolls.target),
        magnet=unrolls.state.new_zeros(0, 0),
    )
