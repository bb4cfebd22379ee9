"""Actions as rows that algorithms gather and cut without knowing what is in them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from learner.bases.policy_gradient import MASKED
from learner.network.architecture import Architecture
from learner.network.distributions import (
    Bernoulli,
    Categorical,
    ClippedGaussian,
    Distribution,
    Joint,
    MultiCategorical,
    SquashedGaussian,
)
from mazemesh.games.spaces import Box, Discrete, MultiDiscrete
from mazemesh.policy.heads import Head, heads

Columns = Mapping[str, Tensor]


class OneChoice:
    """A single Discrete action of A: rows int64 [steps, 1], masks [steps, A].

    It has losses written out by hand (`learner.bases.policy_gradient`).
    """

    def rows(self, columns: Columns, steps: int) -> Tensor:
        """The actions of a batch."""
        return columns["action"].reshape(steps, 1).long()

    def illegal(self, columns: Columns, steps: int) -> Tensor:
        """What its masks forbid."""
        return columns["action_mask"].reshape(steps, -1) == 0

    def log_prob(self, outputs: Tensor, illegal: Tensor, rows: Tensor) -> Tensor:
        """log pi(a|x) under a network that gave outputs [steps, A + 1], float32 [steps]."""
        logits = outputs[:, :-1].masked_fill(illegal, MASKED)
        return functional.log_softmax(logits, dim=1).gather(1, rows).squeeze(1)


class AnyActions:
    """Leaves of any kind, one after the other: rows float32 [steps, E], masks [steps, M].

    Indices are exact in float32 up to 2^24.
    """

    def __init__(self, architecture: Architecture, device: torch.device) -> None:
        self._heads = heads(architecture.action_space)
        self._squashed = architecture.actions == "squashed"
        self._sizes = [head.space.size for head in self._heads]
        self._bounds = {
            head.column: bounds(head.space, device)
            for head in self._heads
            if isinstance(head.space, Box)
        }

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
        """log pi(a|x) under a network that gave outputs [steps, W + 1], float32 [steps]."""
        return self.chosen(self.policy(outputs, illegal), rows)

    def policy(self, outputs: Tensor, illegal: Tensor) -> Joint:
        """The distribution over actions that outputs [steps, W + 1] say."""
        return Joint({head.column: self._leaf(head, outputs, ~illegal) for head in self._heads})

    def chosen(self, policy: Joint, rows: Tensor) -> Tensor:
        """log pi(a|x), float32 [steps]."""
        parts = zip(self._heads, rows.split(self._sizes, dim=1), strict=True)
        return policy.log_prob(
            {
                head.column: part.squeeze(1) if isinstance(head.space, Discrete) else part
                for head, part in parts
            }
        )

    def _leaf(self, head: Head, outputs: Tensor, legal: Tensor) -> Distribution:
        numbers, space = outputs[:, head.numbers], head.space
        if isinstance(space, Box):
            kind = SquashedGaussian if self._squashed else ClippedGaussian
            return kind(*numbers.chunk(2, dim=1), *self._bounds[head.column])
        if isinstance(space, Discrete):
            return Categorical(numbers, legal[:, head.masks])
        if isinstance(space, MultiDiscrete):
            return MultiCategorical(numbers, space.counts, legal[:, head.masks])
        return Bernoulli(numbers)


def actions_of(architecture: Architecture, device: torch.device) -> OneChoice | AnyActions:
    """How the actions of an architecture are read."""
    parts = heads(architecture.action_space)
    if len(parts) == 1 and isinstance(parts[0].space, Discrete):
        return OneChoice()
    return AnyActions(architecture, device)


def bounds(box: Box, device: torch.device) -> tuple[Tensor, Tensor]:
    """Low and high of each element, float32 [size] both; infinite ones are none."""
    low, high = (torch.tensor(side, dtype=torch.float32) for side in (box.low, box.high))
    return low.expand(box.size).to(device), high.expand(box.size).to(device)
