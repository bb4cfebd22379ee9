"""The last layers of a policy: from features to what is answered about an action, and back."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

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
from learner.network.distributions.gaussian import LOG_STD_MAX, LOG_STD_MIN
from learner.network.parts.first_weights import orthogonal
from learner.network.parts.layers import NARROW
from mazemesh.games.spaces import Box, Discrete, MultiDiscrete, Space
from mazemesh.policy.heads import ActionDistribution, Head, heads


class ActionSpace(nn.Module):
    """Distributions over a space of actions from the numbers of all heads.

    Attributes:
        heads: Its heads, in order.
    """

    def __init__(self, action: Space, actions: ActionDistribution) -> None:
        """`actions` is what continuous ones are drawn from."""
        super().__init__()
        self.heads, self._kind = heads(action), actions
        for index, head in enumerate(self.heads):
            if isinstance(head.space, Box):
                for name, bound in zip(("low", "high"), bounds(head.space), strict=True):
                    self.register_buffer(f"{name}_{index}", bound, persistent=False)

    def joint(self, logits: Tensor, legal: Tensor | None = None) -> Joint:
        """What the numbers of all heads [..., W] say, under the masks [..., M] (None: no masks)."""
        return Joint(
            {
                head.column: self._leaf(index, head, logits[..., head.numbers], legal)
                for index, head in enumerate(self.heads)
            }
        )

    def bounds(self, index: int) -> tuple[Tensor, Tensor]:
        """Of the continuous head of this number, float32 [k] each."""
        low, high = getattr(self, f"low_{index}"), getattr(self, f"high_{index}")
        return low, high

    def _leaf(self, index: int, head: Head, numbers: Tensor, legal: Tensor | None) -> Distribution:
        mask = None if legal is None or not head.mask else legal[..., head.masks]
        match head.space:
            case Discrete():
                return Categorical(numbers, mask)
            case MultiDiscrete():
                return MultiCategorical(numbers, head.space.counts, mask)
            case Box():
                mean, log_std = numbers.split(head.output_width, dim=-1)
                kind = SquashedGaussian if self._kind == "squashed" else ClippedGaussian
                return kind(mean, log_std, *self.bounds(index))
            case _:
                return Bernoulli(numbers)

    def flat(self, actions: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Columns of actions [..., *shape] with elements in one dimension, [..., k].

        A discrete leaf's are [...], as they come.
        """
        found = {}
        for head in self.heads:
            action = actions[head.column]
            if not isinstance(head.space, Discrete):
                action = action.reshape(*action.shape[: action.dim() - len(head.space.shape)], -1)
            found[head.column] = action
        return found


def bounds(space: Box) -> tuple[Tensor, Tensor]:
    """Low and high of each element, float32 [k]."""
    low, high = (torch.tensor(bound, dtype=torch.float32) for bound in (space.low, space.high))
    return low.expand(space.size).clone(), high.expand(space.size).clone()


class ActionHeads(nn.Module):
    """Linear layers to all heads' numbers.

    A clipped Gaussian's are in the units of the space; what is learned is in units of half the way
    between its bounds, from the middle, so that a first policy reaches all of it, whatever it is.
    """

    def __init__(self, features: int, architecture: Architecture) -> None:
        super().__init__()
        self.space = ActionSpace(architecture.action_space, architecture.actions)
        self._clipped = architecture.actions == "clipped"
        self._state_std = architecture.state_std
        layers, stds = nn.ModuleList(), nn.ParameterList()
        for head in self.space.heads:
            both = head.continuous and self._state_std
            layers.append(nn.Linear(features, head.output_width * (2 if both else 1)))
            if head.continuous and not self._state_std:
                stds.append(nn.Parameter(torch.zeros(head.output_width)))
        self.layers, self.stds = layers, stds
        orthogonal(self, NARROW)

    def forward(self, features: Tensor) -> Tensor:
        """The numbers of all heads, [n, W]."""
        found, stds = [], iter(self.stds)
        for index, (head, layer) in enumerate(zip(self.space.heads, self.layers, strict=True)):
            numbers = layer(features)
            if head.continuous:
                if self._state_std:
                    mean, log_std = numbers.split(head.output_width, dim=1)
                else:
                    mean, log_std = numbers, next(stds).expand_as(numbers)
                log_std = log_std.clamp(LOG_STD_MIN, LOG_STD_MAX)
                numbers = torch.cat(self._in_units(index, mean, log_std), dim=1)
            found.append(numbers)
        return torch.cat(found, dim=1) if len(found) > 1 else found[0]

    def _in_units(self, index: int, mean: Tensor, log_std: Tensor) -> tuple[Tensor, Tensor]:
        if not self._clipped:
            return mean, log_std
        low, high = self.space.bounds(index)
        bounded = torch.isfinite(low) & torch.isfinite(high)
        reach = torch.where(bounded, (high - low) / 2, 1.0)
        middle = torch.where(bounded, (high + low) / 2, 0.0)
        return middle + reach * mean, log_std + reach.log()
