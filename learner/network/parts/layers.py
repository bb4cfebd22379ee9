"""The layers that a network is a list of, as data; every backend walks the list.

`Architecture.layers` says which, in order. From it follow the first weights and the pass in numpy
(`architecture`), the torch module (`layered`), the passes written out by hand (`perceptron`) and
the ONNX file (`onnx_policy`). A new kind of layer is a class here and a case in each of them; mypy
names those that lack it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Activation = Literal["relu", "tanh"]

WIDE, PLAIN, NARROW = math.sqrt(2.0), 1.0, 0.01
"""Gains of first weights: of hidden layers, of memory and value, of the action."""


@dataclass(frozen=True)
class Linear:
    """x W' + b, of the parameters `name.weight` [outputs, inputs] and `name.bias` [outputs].

    Attributes:
        name: Of the parameters, as torch names those of a submodule.
        inputs: Width of x.
        outputs: Width of what comes out.
        gain: Of the first weights, which are orthogonal.
    """

    name: str
    inputs: int
    outputs: int
    gain: float


@dataclass(frozen=True)
class Input:
    """Observations [n, size] become float32 and are divided by `scale`."""

    size: int
    dtype: str
    scale: float
    linears: tuple[Linear, ...] = ()


@dataclass(frozen=True)
class Dense:
    """A hidden layer, act(x W' + b)."""

    linear: Linear
    activation: Activation

    @property
    def linears(self) -> tuple[Linear, ...]:
        """With parameters."""
        return (self.linear,)


@dataclass(frozen=True)
class Memory:
    """A gated recurrent unit (Cho et al. 2014, in the form of `torch.nn.GRU`).

    Attributes:
        incoming: Of the features, the reset, update and new gates [3 * width].
        back: The same of the state before.
        width: Of the state, which is what comes out.
    """

    incoming: Linear
    back: Linear
    width: int

    @property
    def linears(self) -> tuple[Linear, ...]:
        """With parameters."""
        return self.incoming, self.back


@dataclass(frozen=True)
class Heads:
    """What a network answers: one number an action, and the state's value.

    Attributes:
        action: Logits, or advantages of a dueling head.
        value: One number.
        dueling: Q(s, a) = V(s) + A(s, a) - mean_a A(s, a) is what is answered (Wang et al. 2016,
            equation 9).
    """

    action: Linear
    value: Linear
    dueling: bool

    @property
    def linears(self) -> tuple[Linear, ...]:
        """With parameters."""
        return self.action, self.value


Layer = Input | Dense | Memory | Heads
