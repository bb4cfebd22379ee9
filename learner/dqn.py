"""Double dueling deep Q-learning from a prioritized table of n-step transitions.

One update, from a batch of transitions to new weights and priorities, reads from top to bottom in
`DQN.update`: the targets of double Q-learning (van Hasselt et al. 2016, equation 4) with the legal
actions alone, importance weights that undo the prioritized draw (Schaul et al. 2016, section 3.4),
Huber loss, and |TD error| as the new priority.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from learner.algorithm import Update
from learner.architecture import Architecture, Parameters
from learner.configs import DQNConfig
from learner.descent import ALONE, Descent
from learner.networks import DuelingQ
from learner.ports import Batch
from learner.ranks import Ranks
from learner.tensors import as_tensor

STATISTICS = ("loss", "td_error", "q_value", "importance", "gradient_norm")


def beta(config: DQNConfig, updates: int) -> float:
    """The importance weights' exponent after so many updates: it goes to 1 linearly."""
    start = config.importance_exponent
    return start + (1.0 - start) * min(1.0, updates / config.importance_anneal_updates)


def importance_weights(
    probabilities: np.ndarray[Any, np.dtype[np.float64]], table_size: int, exponent: float
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """w_i = (N P(i))^-beta / max_j w_j, float32 [rows] (Schaul et al. 2016, section 3.4)."""
    weights = (table_size * probabilities) ** -exponent
    return np.asarray(weights / weights.max(), np.float32)


def weighted_minibatches(
    batch: Batch, config: DQNConfig, updates: int, device: torch.device
) -> list[dict[str, Tensor]]:
    """A batch's rows in order, `minibatch_size` at a time, with their importance as `weight`."""
    column = {name: as_tensor(value, device) for name, value in batch.columns.items()}
    exponent = beta(config, updates)
    weights = importance_weights(batch.probabilities, batch.table_size, exponent)
    column["weight"] = as_tensor(weights, device)
    parts = {name: value.split(config.minibatch_size) for name, value in column.items()}
    return [dict(zip(parts, rows, strict=True)) for rows in zip(*parts.values(), strict=True)]


def outcome(steps: Sequence[tuple[Tensor, Tensor]], config: DQNConfig) -> Update:
    """Means of the gradient steps' statistics, and new priorities: each row's error and a floor.

    Args:
        steps: Of each gradient step the errors [rows] and the `STATISTICS`.
        config: Tells the floor.
    """
    errors, statistics = zip(*steps, strict=True)
    mean = torch.stack(statistics).mean(dim=0).tolist()
    priorities = torch.cat(errors).cpu().numpy().astype(np.float64)
    return Update(dict(zip(STATISTICS, mean, strict=True)), priorities + config.priority_floor)


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
        device: torch.device,
        ranks: Ranks = ALONE,
    ) -> None:
        self.config = config
        self.updates = 0
        self._device = device
        self.network = DuelingQ(architecture)
        self.network.load(parameters)
        self.network.to(device)
        self._target = copy.deepcopy(self.network)
        self._descent = Descent(
            self.network, config.learning_rate, config.max_gradient_norm, ranks=ranks
        )

    def update(self, batch: Batch) -> Update:
        """Learns from rows of `transition_signature`, one gradient step a minibatch.

        Returns:
            The new priority of each row, and as means: loss, td_error (absolute), q_value,
            importance (of the weights), gradient_norm.
        """
        minibatches = weighted_minibatches(batch, self.config, self.updates, self._device)
        return outcome([self._step(rows) for rows in minibatches], self.config)

    def _step(self, rows: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """One gradient step; the absolute TD errors [rows], and the statistics."""
        with torch.no_grad():
            target = double_q_target(
                rows["n_step_return"],
                rows["bootstrap_discount"],
                self.network.q_values(rows["next_observation"]),
                self._target.q_values(rows["next_observation"]),
                rows["next_action_mask"].bool(),
            )
        action = rows["action"].long().unsqueeze(1)
        q = self.network.q_values(rows["observation"]).gather(1, action).squeeze(1)
        loss = (rows["weight"] * torch.nn.functional.huber_loss(q, target, reduction="none")).mean()
        self._descent.clear()
        loss.backward()
        norm = self._descent.step()
        self.updates += 1
        if self.updates % self.config.target_every == 0:
            self._target.load_state_dict(self.network.state_dict())
        with torch.no_grad():
            error = (q - target).abs()
            means = torch.stack([loss, error.mean(), q.mean(), rows["weight"].mean(), norm])
        return error, means

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {
            "network": self.network.state_dict(),
            "target": self._target.state_dict(),
            "optimizer": self._descent.state(),
            "updates": self.updates,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state`."""
        self.network.load_state_dict(state["network"])
        self._target.load_state_dict(state["target"])
        self._descent.restore(state["optimizer"])
        self.updates = state["updates"]
