"""What DQN and R2D2 share: minibatches of prioritized rows, a target network, new priorities."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from learner.bases.learner import OneNetwork, Update, statistics
from learner.bases.off_policy.replayed import QLearningConfig
from learner.bases.off_policy.target_network import TargetNetwork, takeovers
from learner.device.place import Place
from learner.device.ranks import Ranks
from learner.network.architecture import Parameters
from learner.network.network import Network
from learner.ports import Batch
from mazemesh.returns import importance_weights

STATISTICS = ("loss", "td_error", "q_value", "importance", "gradient_norm")

N = TypeVar("N", bound=Network)
C = TypeVar("C", bound=QLearningConfig)


class QLearning(OneNetwork[N, C], ABC):
    """A network, its target network, optimizer, and the update around `_step`."""

    def __init__(
        self, network: N, parameters: Parameters, config: C, place: Place, ranks: Ranks
    ) -> None:
        super().__init__(network, parameters, config, place, ranks, eps=1e-8)
        self._target = TargetNetwork(self.network, self._descent.vector, recordable=place.on_gpu)
        self._learn = place.recorded(self._passes)

    def update(self, batch: Batch) -> Update:
        """Learns from the rows of a batch, one gradient step a minibatch.

        Returns:
            The new priority of each row, and as means: loss, td_error (absolute), q_value,
            importance (of the weights), gradient_norm.
        """
        columns = self._intake(batch)
        weight, due = weights_and_takeovers(batch, self.config, self.updates, self._place)
        errors, means = self._learn(columns, weight, due)
        self.updates += len(due)
        return outcome(errors, means, self.config)

    def _passes(
        self, columns: Mapping[str, Tensor], weight: Tensor, due: Tensor
    ) -> tuple[Tensor, Tensor]:
        """A gradient step a minibatch; the errors [rows], and the means over the steps [5]."""
        steps = []
        for index, rows in enumerate(weighted_minibatches(columns, weight, self.config)):
            steps.append(self._step(rows))
            self._target.follow(due[index])
        return combined(steps)

    @abstractmethod
    def _step(self, rows: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """One gradient step; the errors of the rows [rows], and the `STATISTICS` [5]."""

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {**super().state(), "target": self._target.network.state_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state`."""
        super().restore(state)
        self._target.network.load_state_dict(state["target"])


def beta(config: QLearningConfig, updates: int) -> float:
    """The importance weights' exponent after so many updates."""
    start, end = config.importance_exponent, config.final_importance_exponent
    return start + (end - start) * min(1.0, updates / config.importance_anneal_updates)


def weights_and_takeovers(
    batch: Batch, config: QLearningConfig, updates: int, place: Place
) -> tuple[Tensor, Tensor]:
    """Importance of a batch's rows, float32 [rows], and `takeovers` at its gradient steps."""
    exponent = beta(config, updates)
    weights = importance_weights(batch.probabilities, batch.table_size, exponent)
    steps = -(-len(weights) // config.minibatch_size)
    due = takeovers(updates, steps, config.target_every)
    return torch.from_numpy(weights).to(place.device), due.to(place.device)


def weighted_minibatches(
    columns: Mapping[str, Tensor], weight: Tensor, config: QLearningConfig
) -> list[dict[str, Tensor]]:
    """A batch's rows in order, `minibatch_size` at a time, with their importance as `weight`."""
    column = {**columns, "weight": weight}
    parts = {name: value.split(config.minibatch_size) for name, value in column.items()}
    return [dict(zip(parts, rows, strict=True)) for rows in zip(*parts.values(), strict=True)]


def combined(steps: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """All rows' errors and the means of the `STATISTICS`, from those of each gradient step."""
    errors, found = zip(*steps, strict=True)
    return torch.cat(errors), torch.stack(found).mean(dim=0)


def outcome(errors: Tensor, means: Tensor, config: QLearningConfig) -> Update:
    """The `STATISTICS`, and new priorities: each row's error and a floor."""
    priorities = errors.cpu().numpy().astype(np.float64)
    return Update(statistics(STATISTICS, means), priorities + config.priority_floor)
