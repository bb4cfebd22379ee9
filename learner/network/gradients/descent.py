"""Gradient descent on all parameters of a network as one vector."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from learner.device.ranks import Alone, Ranks
from mazemesh.errors import FailedPrecondition

ALONE = Alone()

MEAN_DECAY, SQUARE_DECAY = 0.9, 0.999
"""beta 1 and beta 2 of Adam."""

TINY = 1e-6
"""Added to a norm that something is divided by."""


class Descent:
    """Adam (Kingma and Ba 2015, algorithm 1) on the mean of all ranks' gradients, clipped by norm.

    The network's parameters and gradients become views into two vectors, so that clearing, clipping
    and stepping are a few operations in all: with small networks they would otherwise take an
    eighth of the learner's time, most of it `torch.optim`'s own. Make it after the network is on
    its device.

    Attributes:
        vector: All parameters, float32 [parameters].
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
        recordable: bool = False,
    ) -> None:
        """`recordable` steps read nothing back, as a GPU's have to (`learner.device.recording`)."""
        parameters = list(network.parameters())
        vector = torch.cat([parameter.detach().flatten() for parameter in parameters])
        self.gradient = torch.zeros_like(vector)
        sizes = [parameter.numel() for parameter in parameters]
        parts = zip(vector.split(sizes), self.gradient.split(sizes), strict=True)
        for parameter, (values, gradient) in zip(parameters, parts, strict=True):
            parameter.data = values.view_as(parameter)
            parameter.grad = gradient.view_as(parameter)
        self.vector = vector
        self._mean, self._square = torch.zeros_like(vector), torch.zeros_like(vector)
        self._max_norm, self._eps, self._ranks = max_norm, eps, ranks
        self._steps, self._rate = 0, learning_rate
        # The same two on the device: what is recorded of a step reads them anew each time.
        self._there: tuple[Tensor, Tensor] | None = None
        if recordable:
            self._there = vector.new_zeros(()), vector.new_full((), learning_rate)
        else:
            # Now, as it loads for most of a second: experience waits for the first step.
            import learner.network.gradients.kernels  # noqa: F401

    def clear(self) -> None:
        """Sets the gradient to zero; `backward` adds to it."""
        self.gradient.zero_()

    @torch.no_grad()
    def step(self) -> Tensor:
        """Moves the parameters by the ranks' mean gradient; returns its norm, float32 [].

        A gradient that is not finite moves nothing: weights that are not numbers would be
        published. `checked` says so of its norm.

        Raises:
            RuntimeError: it is not, and that can be known here; better to end and resume from the
                last checkpoint.
        """
        self._ranks.average(self.gradient)
        norm: Tensor = torch.linalg.vector_norm(self.gradient)
        vectors = (self.vector, self.gradient, self._mean, self._square)
        if self._there is not None:
            adam(*vectors, *self._there, norm, self._max_norm, self._eps)
            return norm
        from learner.network.gradients import kernels

        shrunk = min(1.0, self._max_norm / (checked(norm.item()) + TINY))
        self._steps += 1
        # Both are biased towards the zeros they began with.
        unbiased = self._rate / (1 - MEAN_DECAY**self._steps)
        scale = (1 - SQUARE_DECAY**self._steps) ** -0.5
        one, two, three, four = (vector.numpy() for vector in vectors)
        numbers = (1 - MEAN_DECAY, 1 - SQUARE_DECAY, shrunk, unbiased, scale, self._eps)
        kernels.adam(one, two, three, four, *numbers)
        return norm

    def set_learning_rate(self, rate: float) -> None:
        """Takes effect with the next step."""
        self._rate = rate
        if self._there is not None:
            self._there[1].fill_(rate)

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps, the parameters apart."""
        steps = self._steps if self._there is None else int(self._there[0].item())
        return {"mean": self._mean, "square": self._square, "steps": steps}

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
        if self._there is not None:
            self._there[0].fill_(self._steps)


def checked(norm: float) -> float:
    """The norm of a gradient.

    Raises:
        RuntimeError: it is not finite.
    """
    if not math.isfinite(norm):
        raise RuntimeError("the gradient is not finite; the weights are left as they were")
    return norm


def adam(
    vector: Tensor,
    gradient: Tensor,
    mean: Tensor,
    square: Tensor,
    steps: Tensor,
    rate: Tensor,
    norm: Tensor,
    max_norm: float,
    eps: float,
) -> None:
    """Moves a vector by Adam on its clipped gradient, and reads nothing back.

    In torch's operations: its own fused kernel gives the 50,000 weights of a small network to a
    single one of a GPU's hundred processors.

    Args:
        vector: Of parameters; moved.
        gradient: Of the loss by them; overwritten with the clipped one.
        mean: First moment, m; moved.
        square: Second moment, v; moved.
        steps: Before this one, float32 []; counted on.
        rate: Learning rate, float32 [].
        norm: Of the gradient, float32 []; where it is not finite, nothing is moved or counted.
        max_norm: The gradient is clipped to this norm.
        eps: Added to the root of the second moment.
    """
    finite = torch.isfinite(norm)
    share = finite.float()
    steps.add_(share)
    shrunk = (max_norm / (norm + TINY)).clamp(max=1.0)
    gradient.copy_(torch.where(finite, gradient * shrunk, 0.0))
    mean.lerp_(gradient, share * (1 - MEAN_DECAY))
    square.lerp_(gradient.square(), share * (1 - SQUARE_DECAY))
    # Both are biased towards the zeros they began with.
    taken = steps.clamp(min=1.0)
    unbiased = share * rate / (1 - MEAN_DECAY**taken)
    scale = (1 - SQUARE_DECAY**taken).rsqrt()
    vector.sub_(unbiased * mean / (square.sqrt() * scale + eps))
