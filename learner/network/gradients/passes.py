"""Both passes of any network by automatic differentiation; `perceptron` has them written out."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from learner.device.place import Place
from learner.network.gradients.descent import Descent
from learner.network.gradients.perceptron import Perceptron
from learner.network.layered import Layered
from learner.network.network import Network, Seen


class Passes(Protocol):
    """A network's forward and backward pass over minibatches."""

    def outputs(self, observation: Seen) -> Tensor:
        """As `Network.outputs`, apart from any graph; valid until the next."""
        ...

    def backward(self, by_outputs: Tensor) -> None:
        """Leaves the gradients of all parameters, from that by the last `outputs`, [n, A + 1]."""
        ...


class Differentiated:
    """By autograd; gradients are where the `Descent` keeps them."""

    def __init__(self, network: Network, place: Place, descent: Descent) -> None:
        self._network, self._place, self._descent = network, place, descent
        self._outputs = torch.empty(0)

    def outputs(self, observation: Seen) -> Tensor:
        """See `Passes`."""
        with self._place.rounding():
            self._outputs = self._network.outputs(observation)
        return self._outputs.detach()

    def backward(self, by_outputs: Tensor) -> None:
        """See `Passes`."""
        self._descent.clear()
        self._outputs.backward(by_outputs)


def passes(network: Network, rows: int, place: Place, descent: Descent) -> Passes:
    """Those of a network for minibatches of up to `rows` steps, written out where layers are."""
    if isinstance(network, Layered):
        return Perceptron(network, rows, place.products)
    return Differentiated(network, place, descent)
