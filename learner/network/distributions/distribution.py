"""What every distribution over actions can do."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor


class Distribution(Protocol):
    """Of the action of one leaf; `...` are the steps, [n] or [unrolls, steps]."""

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """An action drawn for each step, without gradient."""
        ...

    def log_prob(self, action: Tensor) -> Tensor:
        """The logarithm of an action's probability (of its density, where it is continuous)."""
        ...

    def entropy(self) -> Tensor:
        """In nats, float32 [...]; a continuous distribution's may be negative."""
        ...

    def mode(self) -> Tensor:
        """The action of a policy that plays greedily."""
        ...


@runtime_checkable
class Reparameterized(Distribution, Protocol):
    """One whose samples have a gradient (Kingma and Welling 2014, section 2.4)."""

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """A sample with its gradient."""
        ...

    def rsample_log_prob(self, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """A sample and its `log_prob`, both with gradients; exact at the bounds too."""
        ...
