"""All leaves of an action together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor

from learner.network.distributions.distribution import Distribution, Reparameterized

Actions = dict[str, Tensor]
"""By column name: `action`, or `action.<path>` of each leaf."""


class Joint:
    """Independent distributions, one a leaf; logarithms and entropies are sums over them.

    Args:
        leaves: By column name.
    """

    def __init__(self, leaves: Mapping[str, Distribution]) -> None:
        self.leaves = dict(leaves)

    @property
    def reparameterized(self) -> bool:
        """Whether every leaf has `rsample`: whether all are continuous."""
        return all(isinstance(leaf, Reparameterized) for leaf in self.leaves.values())

    def sample(self, generator: torch.Generator | None = None) -> Actions:
        """An action for each step, by column name."""
        return {name: leaf.sample(generator) for name, leaf in self.leaves.items()}

    def rsample(self, generator: torch.Generator | None = None) -> Actions:
        """A sample with its gradient.

        Raises:
            TypeError: a leaf is discrete.
        """
        return {name: leaf.rsample(generator) for name, leaf in self._smooth().items()}

    def rsample_log_prob(self, generator: torch.Generator | None = None) -> tuple[Actions, Tensor]:
        """A sample and its log-density, float32 [...], both with gradients.

        Raises:
            TypeError: a leaf is discrete.
        """
        drawn = {name: leaf.rsample_log_prob(generator) for name, leaf in self._smooth().items()}
        actions = {name: action for name, (action, _) in drawn.items()}
        return actions, _sum([log_prob for _, log_prob in drawn.values()])

    def log_prob(self, actions: Mapping[str, Tensor]) -> Tensor:
        """Of the actions of all leaves, float32 [...]; other columns may be among them."""
        return _sum([leaf.log_prob(actions[name]) for name, leaf in self.leaves.items()])

    def entropy(self) -> Tensor:
        """In nats, float32 [...]."""
        return _sum([leaf.entropy() for leaf in self.leaves.values()])

    def mode(self) -> Actions:
        """What a policy plays greedily, by column name."""
        return {name: leaf.mode() for name, leaf in self.leaves.items()}

    def _smooth(self) -> Mapping[str, Reparameterized]:
        for name, leaf in self.leaves.items():
            if not isinstance(leaf, Reparameterized):
                raise TypeError(f"{name} is {type(leaf).__name__}, whose samples have no gradient")
        return cast("Mapping[str, Reparameterized]", self.leaves)


def _sum(terms: list[Tensor]) -> Tensor:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
