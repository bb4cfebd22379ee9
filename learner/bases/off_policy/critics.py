"""Several Q-networks of one shape, computed together."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional


class Critics(nn.Module):
    """n perceptrons side by side, on one encoder: every layer is one product of matrices [n, ...].

    As networks of their own they say the same; small ones take longer to be called than to be
    computed.
    """

    def __init__(
        self,
        encoder: nn.Module,
        inputs: int,
        hidden: tuple[int, ...],
        outputs: int,
        *,
        count: int,
        seed: int,
    ) -> None:
        """First weights are orthogonal, the same for the same seed (Saxe et al. 2014).

        Args:
            encoder: From what is observed to features float32 [B, S].
            inputs: S, and the elements of an action where Q(s, a) is told.
            hidden: Widths of the hidden layers.
            outputs: 1 for Q(s, a); A for Q(s, .).
            count: n.
            seed: Of the first weights.
        """
        super().__init__()
        self.encoder = encoder
        rng = np.random.default_rng([seed, count])
        widths = [inputs, *hidden, outputs]
        gains = [*(math.sqrt(2.0) for _ in hidden), 1.0]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for gain, size, width in zip(gains, widths[:-1], widths[1:], strict=True):
            matrices = [gain * _orthogonal(size, width, rng) for _ in range(count)]
            self.weights.append(nn.Parameter(torch.from_numpy(np.stack(matrices))))
            self.biases.append(nn.Parameter(torch.zeros(count, 1, width)))

    def of_action(self, observed: Any, action: Tensor, *, frozen: bool = False) -> Tensor:
        """Q(s, a) of actions [B, K]: float32 [n, B].

        `frozen` weights get no gradient, and so cost none: where a policy climbs what they say.
        """
        with torch.set_grad_enabled(torch.is_grad_enabled() and not frozen):
            features = self.encoder(observed)
        return self._layers(torch.cat([features, action], dim=1), frozen=frozen).squeeze(2)

    def of_all(self, observed: Any) -> Tensor:
        """Q(s, .): float32 [n, B, A]."""
        return self._layers(self.encoder(observed), frozen=False)

    def _layers(self, features: Tensor, *, frozen: bool) -> Tensor:
        features = features.expand(len(self.biases[0]), *features.shape)
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            if frozen:
                weight, bias = weight.detach(), bias.detach()
            features = torch.baddbmm(bias, features, weight)
            if index < len(self.weights) - 1:
                features = functional.relu(features)
        return features


def _orthogonal(inputs: int, outputs: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """float32 [inputs, outputs], with orthonormal rows or columns."""
    normal = rng.standard_normal((max(inputs, outputs), min(inputs, outputs)))
    basis, triangle = np.linalg.qr(normal)
    basis *= np.sign(np.diagonal(triangle))
    return (basis if inputs >= outputs else basis.T).astype(np.float32)
