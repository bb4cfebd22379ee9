"""Actions as rows that algorithms gather and cut without knowing what is in them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from learner.bases.on_policy.policy_gradient import MASKED
from learner.network.distributions import Joint
from learner.network.network import Network
from mazemesh.games.spaces import Discrete

Columns = Mapping[str, Tensor]


class OneChoice:
    """A single Discrete action of A: rows int64 [steps, 1], masks [steps, A].

    It has losses written out by hand (`learner.bases.on_policy.policy_gradient`).
    """

    def rows(self, columns: Columns, steps: int) -> Tensor:
        """The actions of a batch."""
        return columns["action"].reshape(steps, 1).long()

    def illegal(self, columns: Columns, steps: int) -> Tensor:
        """What its masks forbid."""
        return columns["action_mask"].reshape(steps, -1) == 0

    def log_prob(self, outputs: Tensor, illegal: Tensor, rows: Tensor) -> Tensor:
        """Log pi(a|x) under a network that gave outputs [steps, A + 1], float32 [steps]."""
        logits = outputs[:, :-1].masked_fill(illegal, MASKED)
        return functional.log_softmax(logits, dim=1).gather(1, rows).squeeze(1)


class AnyActions:
    """Leaves of any kind, one after the other: rows float32 [steps, E], masks [steps, M].

    Indices are exact in float32 up to 2^24.
    """

    def __init__(self, network: Network) -> None:
        self._distribution = network.distribution
        self._heads = network.action_space.heads
        self._sizes = [head.space.size for head in self._heads]

    def rows(self, columns: Columns, steps: int) -> Tensor:
        """The actions of a batch."""
        parts = [columns[head.column].reshape(steps, -1).float() for head in self._heads]
        return torch.cat(parts, dim=1)

    def illegal(self, columns: Columns, steps: int) -> Tensor:
        """What its masks forbid; M may be 0."""
        masks = [columns[head.mask].reshape(steps, -1) == 0 for head in self._heads if head.mask]
        if masks:
            return torch.cat(masks, dim=1)
        return torch.zeros(steps, 0, dtype=torch.bool, device=columns["reward"].device)

    def log_prob(self, outputs: Tensor, illegal: Tensor, rows: Tensor) -> Tensor:
        """Log pi(a|x) under a network that gave outputs [steps, W + 1], float32 [steps]."""
        return self.chosen(self.policy(outputs, illegal), rows)

    def policy(self, outputs: Tensor, illegal: Tensor) -> Joint:
        """The distribution over actions that outputs [steps, W + 1] say."""
        return self._distribution(outputs, ~illegal)

    def chosen(self, policy: Joint, rows: Tensor) -> Tensor:
        """Log pi(a|x), float32 [steps]."""
        parts = zip(self._heads, rows.split(self._sizes, dim=1), strict=True)
        return policy.log_prob(
            {
                head.column: part.squeeze(1) if isinstance(head.space, Discrete) else part
                for head, part in parts
            }
        )


def actions_of(network: Network) -> OneChoice | AnyActions:
    """How the actions of a network are read."""
    parts = network.action_space.heads
    one = len(parts) == 1 and isinstance(parts[0].space, Discrete)
    return OneChoice() if one else AnyActions(network)
