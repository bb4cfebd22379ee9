"""One of so many actions, and several such choices at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from learner.network.architecture import ILLEGAL

MASKED = float(ILLEGAL)


class Categorical:
    """One of A actions.

    Args:
        logits: float32 [..., A].
        legal: bool or uint8 [..., A], 0 where an action may not be taken; None: all may. At least
            one action of a step should be legal.

    Attributes:
        logits: float32 [..., A], `ILLEGAL` where masked.
        log_probs: Their log-softmax, float32 [..., A].
    """

    def __init__(self, logits: Tensor, legal: Tensor | None = None) -> None:
        self.logits = logits if legal is None else logits.masked_fill(legal == 0, MASKED)
        self.log_probs = functional.log_softmax(self.logits, dim=-1)

    @property
    def probs(self) -> Tensor:
        """Probabilities, float32 [..., A]; 0 where masked."""
        return self.log_probs.exp()

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Indices, int64 [...]."""
        # p / e is largest at a with probability p(a), where e is exponential: the Gumbel trick
        # (Maddison et al. 2014) without its logarithms, and no call that waits for a GPU.
        with torch.no_grad():
            noise = torch.empty_like(self.log_probs).exponential_(generator=generator)
            return (self.log_probs - noise.log()).argmax(dim=-1)

    def log_prob(self, action: Tensor) -> Tensor:
        """Of indices [...], float32 [...]."""
        return self.log_probs.gather(-1, action.long().unsqueeze(-1)).squeeze(-1)

    def entropy(self) -> Tensor:
        """In nats, float32 [...]."""
        return -(self.probs * self.log_probs).sum(dim=-1)

    def mode(self) -> Tensor:
        """The likeliest index, int64 [...]."""
        return self.logits.argmax(dim=-1)


class MultiCategorical:
    """k independent choices, the i-th one of `sizes[i]`.

    Args:
        logits: Of all choices one after the other, float32 [..., sum(sizes)].
        sizes: How many there are to choose from.
        legal: As of `Categorical`, [..., sum(sizes)].
    """

    def __init__(self, logits: Tensor, sizes: Sequence[int], legal: Tensor | None = None) -> None:
        cut = list(sizes)
        masks: Sequence[Tensor | None] = (
            [None] * len(cut) if legal is None else legal.split(cut, -1)
        )
        parts = logits.split(cut, dim=-1)
        self.choices = [Categorical(*both) for both in zip(parts, masks, strict=True)]

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Indices, int64 [..., k]."""
        return torch.stack([one.sample(generator) for one in self.choices], dim=-1)

    def log_prob(self, action: Tensor) -> Tensor:
        """Of indices [..., k], float32 [...]."""
        parts = zip(self.choices, action.unbind(-1), strict=True)
        return torch.stack([one.log_prob(index) for one, index in parts]).sum(dim=0)

    def entropy(self) -> Tensor:
        """In nats, float32 [...]: the sum, as the choices are independent."""
        return torch.stack([one.entropy() for one in self.choices]).sum(dim=0)

    def mode(self) -> Tensor:
        """The likeliest indices, int64 [..., k]."""
        return torch.stack([one.mode() for one in self.choices], dim=-1)
