"""Double dueling deep Q-learning from a prioritized table of n-step transitions.

One update, from a batch of transitions to new weights and priorities, reads from top to bottom in
`DQN.update`: the targets of double Q-learning (van Hasselt et al. 2016, equation 4) with the legal
actions alone, importance weights that undo the prioritized draw (Schaul et al. 2016, section 3.4),
Huber loss, and |TD error| as the new priority.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from learner.algorithms.dqn import DQNConfig
from learner.bases.learner import Update, statistics
from learner.bases.replayed import QLearningConfig
from learner.bases.target import Target, takeovers
from learner.device.place import Place
from learner.device.ranks import Ranks
from learner.network.architecture import Architecture, Parameters
from learner.network.descent import ALONE, Descent
from learner.network.networks import DuelingQ
from learner.ports import Batch
from mazemesh.returns import importance_weights

STATISTICS = ("loss", "td_error", "q_value", "importance", "gradient_norm")


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


class DQN:
    """A dueling network, its target network, optimizer, and the update.

    `network` holds the weights that are published.
    """

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        config: DQNConfig,
        place: Place,
        ranks: Ranks = ALONE,
    ) -> None:
        self.config = config
        self.updates = 0
        self._place, self._intake = place, place.intake()
        self.network = DuelingQ(architecture)
        self.network.load(parameters)
        self.network.to(place.device)
        self._descent = Descent(
            self.network,
            config.learning_rate,
            config.max_gradient_norm,
            ranks=ranks,
            recordable=place.on_gpu,
        )
        self._target = Target(self.network, self._descent.vector, recordable=place.on_gpu)
        self._learn = place.recorded(self._passes)

    def update(self, batch: Batch) -> Update:
        """Learns from rows of `transition_signature`, one gradient step a minibatch.

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

    def _step(self, rows: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """One gradient step; the absolute TD errors [rows], and the statistics."""
        with torch.no_grad(), self._place.rounding():
            target = double_q_target(
                rows["n_step_return"],
                rows["bootstrap_discount"],
                self.network.q_values(rows["next_observation"]),
                self._target.network.q_values(rows["next_observation"]),
                rows["next_action_mask"].bool(),
            )
        action = rows["action"].long().unsqueeze(1)
        with self._place.rounding():
            q = self.network.q_values(rows["observation"]).gather(1, action).squeeze(1)
        loss = (rows["weight"] * torch.nn.functional.huber_loss(q, target, reduction="none")).mean()
        self._descent.clear()
        loss.backward()
        norm = self._descent.step()
        with torch.no_grad():
            error = (q - target).abs()
            means = torch.stack([loss, error.mean(), q.mean(), rows["weight"].mean(), norm])
        return error, means

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {
            "network": self.network.state_dict(),
            "target": self._target.network.state_dict(),
            "optimizer": self._descent.state(),
            "updates": self.updates,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state`."""
        self.network.load_state_dict(state["network"])
        self._target.network.load_state_dict(state["target"])
        self._descent.restore(state["optimizer"])
        self.updates = state["updates"]
