"""A network's forward and backward pass over minibatches, written out, in memory that stays.

`Layered.outputs` and automatic differentiation say the same (tests compare them). Around the
matrix products they need a third as much time again, this a tenth: no graph, no gradient that is
first cleared and then added to, no result in fresh memory.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from learner.network.layered import Layered
from learner.network.network import Seen
from learner.network.parts.layers import Activation


class Perceptron:
    """Both passes of a network without memory, for minibatches of up to `rows` steps.

    Weights and gradients are the network's own: make it after the `Descent` that moves them.
    """

    def __init__(self, network: Layered, rows: int, precision: torch.dtype = torch.float32) -> None:
        """`precision` is that of the hidden layers' products; sums are float32 in any case."""
        self._action, self._value = network.action, network.value
        self._precision, self._scale = precision, network.entrance.scale
        self._layers: list[_Layer] = []
        for layer, linear in zip(network.dense, network.hidden, strict=True):
            scale = 1.0 if self._layers else self._scale
            self._layers.append(_Layer(linear, rows, precision, scale, layer.activation))
        room = self._value.weight.detach()
        self._observation = room.new_empty(rows, network.entrance.size, dtype=precision)
        self._outputs = room.new_empty(rows, network.exit.action.outputs + 1)
        self._features = self._observation

    @torch.no_grad()
    def outputs(self, observation: Seen) -> Tensor:
        """As `Layered.outputs`: float32 [n, A + 1] for n observations; valid until the next."""
        assert isinstance(observation, Tensor)
        features = self._observation[: len(observation)].copy_(observation)
        for layer in self._layers:
            features = layer.forward(features)
        if not self._layers:
            features.div_(self._scale)
        self._features = features
        bias = torch.cat([self._action.bias, self._value.bias])
        return torch.addmm(
            bias, features.float(), self._heads().t(), out=self._outputs[: len(features)]
        )

    @torch.no_grad()
    def backward(self, by_outputs: Tensor) -> None:
        """Writes the gradients of all parameters, from that by the last `outputs`, [n, A + 1]."""
        by_weight, by_bias = by_outputs.t() @ self._features.float(), by_outputs.sum(dim=0)
        for head, rows in ((self._action, slice(0, -1)), (self._value, slice(-1, None))):
            _gradient(head.weight).copy_(by_weight[rows])
            _gradient(head.bias).copy_(by_bias[rows])
        above, weight = by_outputs.to(self._precision), self._heads().to(self._precision)
        for layer in reversed(self._layers):
            above, weight = layer.backward(above, weight), layer.weight

    def _heads(self) -> Tensor:
        """Both heads' weights as one, [A + 1, features]: neither fills a vector unit."""
        return torch.cat([self._action.weight, self._value.weight])


class _Layer:
    """A hidden layer: act(x W' / scale + b).

    Attributes:
        weight: W / scale as of the last `forward`, in the precision of the products.
    """

    def __init__(
        self,
        linear: nn.Linear,
        rows: int,
        precision: torch.dtype,
        scale: float,
        activation: Activation,
    ) -> None:
        self._linear, self._scale, self._tanh = linear, scale, activation == "tanh"
        self.weight = torch.empty_like(linear.weight, dtype=precision, requires_grad=False)
        self._by_weight = torch.empty_like(self.weight)
        self._results = self.weight.new_empty(rows, len(linear.bias))
        self._slopes = torch.empty_like(self._results)
        self._inputs = self._result = self._results

    def forward(self, inputs: Tensor) -> Tensor:
        """What comes out, [n, outputs]; the scale is taken from the weights, which are fewer."""
        torch.div(self._linear.weight, self._scale, out=self.weight)
        self._inputs, self._result = inputs, self._results[: len(inputs)]
        bias = self._linear.bias.to(self.weight)
        torch.addmm(bias, inputs, self.weight.t(), out=self._result)
        return self._result.tanh_() if self._tanh else self._result.relu_()

    def backward(self, above: Tensor, weight: Tensor) -> Tensor:
        """Writes the gradients; returns that by the product, [n, outputs]. Once a `forward`.

        Args:
            above: The gradient by the product of the layer above.
            weight: The weights of that product.
        """
        slope = torch.mm(above, weight, out=self._slopes[: len(above)])
        # What came out is not needed any more: in its place comes the activation's derivative.
        result = self._result
        slope.mul_(result.square_().neg_().add_(1.0) if self._tanh else result.sign_())
        torch.mm(slope.t(), self._inputs, out=self._by_weight)
        torch.div(self._by_weight, self._scale, out=_gradient(self._linear.weight))
        torch.sum(slope, 0, dtype=torch.float32, out=_gradient(self._linear.bias))
        return slope


def _gradient(parameter: Tensor) -> Tensor:
    """Where the `Descent` keeps it."""
    assert parameter.grad is not None
    return parameter.grad
