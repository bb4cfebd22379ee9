"""Several Q-networks of one shape, computed together."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


class Critics(nn.Module):
    """n perceptrons side by side: every layer is one product of matrices [n, ...].

    As networks of their own they say the same; small ones then take longer to be called than to be
    computed.
    """

    def __init__(
        self, inputs: int, hidden: tuple[int, ...], outputs: int, count: int, seed: int
    ) -> None:
        """First weights are orthogonal, the same for the same seed (Saxe et al. 2014).

        Args:
            inputs: Width of what they look at: a state, or a state and an action.
            hidden: Widths of the hidden layers.
            outputs: 1 for Q(s, a); A for Q(s, .).
            count: n.
            seed: Of the first weights.
        """
        super().__init__()
        rng = np.random.default_rng([seed, count])
        widths = [inputs, *hidden, outputs]
        gains = [*(math.sqrt(2.0) for _ in hidden), 1.0]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for gain, size, width in zip(gains, widths[:-1], widths[1:], strict=True):
            matrices = [gain * _orthogonal(size, width, rng) for _ in range(count)]
            self.weights.append(nn.Parameter(torch.from_numpy(np.stack(matrices))))
            self.biases.append(nn.Parameter(torch.zeros(count, 1, width)))

    def forward(self, inputs: Tensor, *, frozen: bool = False) -> Tensor:
        """What each of them says of inputs float32 [B, inputs]: [n, B, outputs].

        `frozen` weights get no gradient, and so cost none: where a policy climbs what they say.
        """
        count = len(self.biases[0])
        features = inputs.expand(count, *inputs.shape)
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            if frozen:
                weight, bias = weight.detach(), bias.detach()
            features = torch.baddbmm(bias, features, weight)
            if index < len(self.weights) - 1:
                features = functional.relu(features)
        return features

    def of_actions(self, state: Tensor, action: Tensor, *, frozen: bool = False) -> Tensor:
        """Q(s, a) of states [B, S] and actions [B, D]: float32 [n, B]."""
        return self(torch.cat([state, action], dim=1), frozen=frozen).squeeze(2)


def _orthogonal(inputs: int, outputs: int, rng: np.random.Generator) -> np.ndarray:
    """float32 [inputs, outputs], with orthonormal rows or columns."""
    normal = rng.standard_normal((max(inputs, outputs), min(inputs, outputs)))
    basis, triangle = np.linalg.qr(normal)
    basis *= np.sign(np.diagonal(triangle))
    return (basis if inputs >= outputs else basis.T).astype(np.float32)
