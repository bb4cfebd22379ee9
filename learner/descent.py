"""Gradient descent on all parameters of a network as one vector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from learner.ranks import Alone, Ranks
from mazemesh.errors import FailedPrecondition

ALONE = Alone()


class Descent:
    """Adam (Kingma and Ba 2015) on gradients clipped by their norm, the mean of all ranks'.

    The network's parameters and gradients become views into two vectors, so that clearing, clipping
    and stepping are one operation each: with small networks they would otherwise take a tenth of
    the learner's time. Make it after the network is on its device.

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
        vector.grad = self.gradient
        self._max_norm, self._ranks = max_norm, ranks
        self._adam = torch.optim.Adam([vector], lr=learning_rate, eps=eps, fused=True)

    def clear(self) -> None:
        """Sets the gradient to zero; `backward` adds to it."""
        self.gradient.zero_()

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
        self.gradient.mul_((self._max_norm / (norm + 1e-6)).clamp_(max=1.0))
        self._adam.step()
        return norm

    def set_learning_rate(self, rate: float) -> None:
        """Takes effect with the next step."""
        self._adam.param_groups[0]["lr"] = rate

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps, the parameters apart."""
        return self._adam.state_dict()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from `state`.

        Raises:
            FailedPrecondition: it was written by a learner that kept one state for each parameter.
        """
        if len(state["param_groups"][0]["params"]) != 1:
            raise FailedPrecondition(
                "the checkpoint is of an older version of mazemesh; choose another policy name "
                "(--policy), or move its folder away to start anew"
            )
        self._adam.load_state_dict(dict(state))
