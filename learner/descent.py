"""Gradient descent on all parameters of a network as one vector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from learner.ranks import Alone, Ranks
from mazemesh.errors import FailedPrecondition

ALONE = Alone()

MEAN_DECAY, SQUARE_DECAY = 0.9, 0.999
"""beta 1 and beta 2 of Adam."""


class Descent:
    """Adam (Kingma and Ba 2015, algorithm 1) on the mean of all ranks' gradients, clipped by norm.

    The network's parameters and gradients become views into two vectors, so that clearing, clipping
    and stepping are a few operations in all: with small networks they would otherwise take an
    eighth of the learner's time, most of it `torch.optim`'s own. Make it after the network is on
    its device.

    Attributes:
        gradient: Of all parameters, float32 [parameters].
    """

    def __init__(
        self,
        network: nn.Module,
        learning_rate: float,
        max_norm: float,
        *,
        eps: float = 1e-8,
        ranks: Ranks = ALONE,
    ) -> None:
        parameters = list(network.parameters())
        vector = torch.cat([parameter.detach().flatten() for parameter in parameters])
        self.gradient = torch.zeros_like(vector)
        sizes = [parameter.numel() for parameter in parameters]
        parts = zip(vector.split(sizes), self.gradient.split(sizes), strict=True)
        for parameter, (values, gradient) in zip(parameters, parts, strict=True):
            parameter.data = values.view_as(parameter)
            parameter.grad = gradient.view_as(parameter)
        self._vector = vector
        self._mean, self._square = torch.zeros_like(vector), torch.zeros_like(vector)
        self._steps = 0
        self._rate, self._eps = learning_rate, eps
        self._max_norm, self._ranks = max_norm, ranks
        if vector.is_cpu:
            # Now, as it loads for most of a second: experience waits for the first step.
            import learner.kernels  # noqa: F401

    def clear(self) -> None:
        """Sets the gradient to zero; `backward` adds to it."""
        self.gradient.zero_()

    @torch.no_grad()
    def step(self) -> Tensor:
        """Moves the parameters by the ranks' mean gradient; returns its norm, float32 [].

        Raises:
            RuntimeError: the gradient is not finite. Weights that are not numbers would be
                published: better to end and resume from the last checkpoint.
        """
        self._ranks.average(self.gradient)
        norm: Tensor = torch.linalg.vector_norm(self.gradient)
        if not torch.isfinite(norm):
            raise RuntimeError("the gradient is not finite; the weights are left as they were")
        self._steps += 1
        # Both are biased towards the zeros they began with.
        unbiased = self._rate / (1 - MEAN_DECAY**self._steps)
        scale = (1 - SQUARE_DECAY**self._steps) ** -0.5
        shrunk = min(1.0, self._max_norm / (norm.item() + 1e-6))
        vectors = (self._vector, self.gradient, self._mean, self._square)
        numbers = (1 - MEAN_DECAY, 1 - SQUARE_DECAY, shrunk, unbiased, scale, self._eps)
        if self._vector.is_cpu:
            from learner import kernels

            one, two, three, four = (vector.numpy() for vector in vectors)
            kernels.adam(one, two, three, four, *numbers)
        else:
            adam(*vectors, *numbers)
        return norm

    def set_learning_rate(self, rate: float) -> None:
        """Takes effect with the next step."""
        self._rate = rate

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps, the parameters apart."""
        return {"mean": self._mean, "square": self._square, "steps": self._steps}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state`.

        Raises:
            FailedPrecondition: it was written by a learner that kept another state.
        """
        if state.keys() != {"mean", "square", "steps"}:
            raise FailedPrecondition(
                "the checkpoint is of an older version of mazemesh; choose another policy name "
                "(--policy), or move its folder away to start anew"
            )
        self._mean.copy_(state["mean"])
        self._square.copy_(state["square"])
        self._steps = state["steps"]


def adam(
    vector: Tensor,
    gradient: Tensor,
    mean: Tensor,
    square: Tensor,
    mean_gain: float,
    square_gain: float,
    shrunk: float,
    rate: float,
    scale: float,
    eps: float,
) -> None:
    """Moves a vector by Adam on `shrunk` times the gradient, which is overwritten.

    Args:
        vector: Of parameters; moved.
        gradient: Of the loss by them.
        mean: First moment, m; moved towards the gradient by the share `mean_gain`.
        square: Second moment, v; likewise by `square_gain`.
        mean_gain: 1 - beta 1.
        square_gain: 1 - beta 2.
        shrunk: What clipping leaves of the gradient.
        rate: Learning rate over 1 - beta 1^t.
        scale: 1 over the root of 1 - beta 2^t.
        eps: Added to the root of the second moment.
    """
    gradient.mul_(shrunk)
    mean.lerp_(gradient, mean_gain)
    square.mul_(1 - square_gain).addcmul_(gradient, gradient, value=square_gain)
    vector.addcdiv_(mean, square.sqrt().mul_(scale).add_(eps), value=-rate)
