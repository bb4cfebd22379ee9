"""k switches, each on or off."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


class Bernoulli:
    """k independent elements that are 0 or 1.

    Args:
        logits: log p / (1 - p) of each being 1, float32 [..., k].
    """

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits

    @property
    def probs(self) -> Tensor:
        """Of being 1, float32 [..., k]."""
        return self.logits.sigmoid()

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """uint8 [..., k]."""
        with torch.no_grad():
            drawn = torch.empty_like(self.logits).uniform_(generator=generator)
            return (drawn < self.probs).to(torch.uint8)

    def log_prob(self, action: Tensor) -> Tensor:
        """Of elements 0 or 1 [..., k], float32 [...]."""
        # log sigmoid(x) of a 1 and log sigmoid(-x) of a 0.
        signs = action.to(self.logits.dtype) * 2 - 1
        return functional.logsigmoid(signs * self.logits).sum(dim=-1)

    def entropy(self) -> Tensor:
        """In nats, float32 [...]."""
        return (functional.softplus(self.logits) - self.probs * self.logits).sum(dim=-1)

    def mode(self) -> Tensor:
        """The likeliest elements, uint8 [..., k]; 0 where both are as likely."""
        return (self.logits > 0).to(torch.uint8)
