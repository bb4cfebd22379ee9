"""Running statistics that are part of a network's weights.

They are buffers of the module: in its checkpoints, in what ranks share, and in the ONNX file, where
whoever plays the policy has them. Replay keeps what the game said.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from learner.device.ranks import Alone, Ranks

CLIP = 10.0
"""Normalized observations stay within -10..10, as in Stable-Baselines3's VecNormalize."""

_EPS = 1e-8
ALONE = Alone()


class Moments(nn.Module):
    """Mean and variance of all that was seen (Chan et al. 1979, equation 2.1).

    Attributes:
        mean: float32 [*shape].
        variance: float32 [*shape]; 1 before anything was seen.
        count: Rows, float64 [].
    """

    mean: Tensor
    variance: Tensor
    count: Tensor

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(tuple(shape)))
        self.register_buffer("variance", torch.ones(tuple(shape)))
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))

    @property
    def std(self) -> Tensor:
        """float32 [*shape]."""
        return (self.variance + _EPS).sqrt()

    @torch.no_grad()
    def add(self, rows: Tensor, ranks: Ranks = ALONE) -> None:
        """Counts rows [n, *shape] in, those of all ranks: each has as many."""
        numbers = rows.to(torch.float64)
        both = torch.stack([numbers.mean(dim=0), numbers.square().mean(dim=0)])
        ranks.average(both)
        mean, more = both[0], len(rows)
        variance = (both[1] - mean.square()).clamp(min=0.0)
        total = self.count + more
        share = more / total
        apart = mean - self.mean
        spread = self.variance * (1 - share) + variance * share
        # What was before the first row is not remembered: its share is 0.
        self.variance.copy_(spread + apart.square() * share * (1 - share))
        self.mean.copy_(self.mean + apart * share)
        self.count.copy_(total)


class Normalization(nn.Module):
    """Observations with mean 0 and standard deviation 1, clipped."""

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.moments = Moments(shape)

    def forward(self, column: Tensor) -> Tensor:
        """[..., *shape]."""
        apart = (column.float() - self.moments.mean) / self.moments.std
        return apart.clamp(-CLIP, CLIP)


def share_statistics(copy: nn.Module, of: nn.Module) -> None:
    """Lets a copy of a network have the same running statistics as the network, for good."""
    originals = dict(of.named_modules())
    for name, module in copy.named_modules():
        for key, _ in module.named_buffers(recurse=False):
            setattr(module, key, getattr(originals[name], key))
