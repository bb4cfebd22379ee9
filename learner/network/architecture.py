"""What the networks look like, without torch: layers, first weights, and a forward pass in numpy.

The weights of a policy are a mapping from parameter name to float32 array. torch modules load it
and give it back (`layered`), and the ONNX file is written from it (`onnx_policy`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from learner.network.parts.encoding import PLAIN as USUAL
from learner.network.parts.encoding import Encoding, MemoryCell
from learner.network.parts.layers import (
    NARROW,
    PLAIN,
    WIDE,
    Activation,
    Dense,
    Heads,
    Input,
    Layer,
    Linear,
    Memory,
)
from mazemesh.games.spaces import Box, Discrete, Leaf, Space, leaves, single
from mazemesh.games.spec import GameSpec
from mazemesh.policy.heads import ActionDistribution, logits_width

FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.uint8]
ObservationArray = npt.NDArray[Any]
"""Of `Architecture.observation_dtype`."""
Observed = ObservationArray | Mapping[str, ObservationArray]
"""What a network is shown: the column `observation`, or several, `observation.<path>`, by name."""
Head = Literal["actor-critic", "dueling"]
Parameters = Mapping[str, FloatArray]

Precision = Literal["auto", "float32", "bfloat16"]
"""In which matrices can be multiplied in training; without torch, as settings name it."""

_VECTORS = ("uint8", "float32")

ILLEGAL = np.float32(-1e9)
"""Logit of an action that the mask forbids; model.proto asks for at most -1e8."""


@dataclass(frozen=True)
class OwnModule:
    """A torch module of the user's own (`learner.network.own`).

    Attributes:
        factory: What makes it, "package.module:Factory".
        spec: The game that it is made for.
    """

    factory: str
    spec: GameSpec


@dataclass(frozen=True)
class Spaces:
    """What a network sees and decides, where it is not one vector and one number."""

    observation: Space
    action: Space

    @classmethod
    def of(cls, spec: GameSpec) -> Spaces | None:
        """Those of a game; None where it is one vector (uint8 or float32) and one number."""
        seen, done = single(spec.observation_space), single(spec.action_space)
        vector = isinstance(seen, Box) and len(seen.shape) == 1 and seen.dtype in _VECTORS
        if vector and isinstance(done, Discrete):
            return None
        return cls(spec.observation_space, spec.action_space)


@dataclass(frozen=True)
class Architecture:
    """A multilayer perceptron with two linear heads, on observations in 0..1 or as they are.

    That is what `layers` lists, and has passes written out by hand. Where a game has other spaces,
    or the settings ask for more, layers by leaf come before it (`learner.network.composed`).

    Attributes:
        head: "actor-critic" has logits and value; "dueling" has advantages and value, from which
            Q(s, a) = V(s) + A(s, a) - mean_a A(s, a) (Wang et al. 2016, equation 9).
        observation_size: Elements of an observation.
        num_actions: Actions.
        hidden: Widths of the hidden layers.
        activation: After each hidden layer.
        observation_dtype: "uint8" observations are divided by 255; "float32" ones are not.
        memory: Width of a gated recurrent unit between hidden layers and heads (Cho et al. 2014, in
            the form of `torch.nn.GRU`); its output is the policy's state. 0: no memory.
        own: A module of the user's own in place of all layers; `hidden` is what its factory is
            told, `head` what its answers mean.
        spaces: Of observations and actions; None where they are one vector and one number, which
            `observation_size`, `observation_dtype` and `num_actions` say.
        encoding: What comes before the hidden layers.
        cell: Kind of the memory.
        actions: What continuous actions are drawn from.
        state_std: Whether their standard deviation depends on what is seen; else it is one
            parameter an element.
        state_space: What a central critic sees in training; no part of what is published.
    """

    head: Head
    observation_size: int
    num_actions: int
    hidden: tuple[int, ...] = (128, 128)
    activation: Activation = "relu"
    observation_dtype: str = "uint8"
    memory: int = 0
    own: OwnModule | None = None
    spaces: Spaces | None = None
    encoding: Encoding = USUAL
    cell: MemoryCell = "gru"
    actions: ActionDistribution = "clipped"
    state_std: bool = False
    state_space: Space | None = None

    @property
    def plain(self) -> bool:
        """Whether it is a list of `layers`, without anything that needs torch to be told."""
        usual = self.encoding == USUAL and self.cell == "gru"
        return self.own is None and self.spaces is None and usual

    @property
    def observation_space(self) -> Space:
        """What it sees."""
        if self.spaces is not None:
            return self.spaces.observation
        bounds = (0.0, 255.0) if self.observation_dtype == "uint8" else (-math.inf, math.inf)
        low, high = ((bound,) for bound in bounds)
        return Box(low, high, (self.observation_size,), self.observation_dtype)

    @property
    def action_space(self) -> Space:
        """What it decides."""
        return Discrete(self.num_actions) if self.spaces is None else self.spaces.action

    @property
    def observed(self) -> tuple[Leaf, ...]:
        """The leaves of what it sees."""
        return leaves(self.observation_space)

    @property
    def outputs(self) -> int:
        """Numbers that it answers about an action: A, or those of all `heads`."""
        return self.num_actions if self.spaces is None else logits_width(self.spaces.action)

    @property
    def state_size(self) -> int:
        """Elements of what it remembers: earlier frames, then the memory."""
        earlier = self.encoding.frames - 1
        if earlier:
            earlier *= sum(leaf.space.size for leaf in self.observed)
        return earlier + self.memory * (2 if self.cell == "lstm" else 1)

    @property
    def scale(self) -> float:
        """What observations are divided by."""
        return 255.0 if self.observation_dtype == "uint8" else 1.0

    @property
    def dueling(self) -> bool:
        """Whether its answers are Q-values."""
        return self.head == "dueling"

    def layers(self) -> tuple[Layer, ...]:
        """The network from its observations to its heads; all else follows from this list.

        Raises:
            ValueError: it is a module of the user's own, of which nothing is known.
        """
        if self.own is not None:
            raise ValueError(f"{self.own.factory} is a module; it has no list of layers")
        if not self.plain:
            raise ValueError(
                "it has layers by leaf (learner.network.composed), and no list of them"
            )
        size = self.observation_size
        layers: list[Layer] = [Input(size, self.observation_dtype, self.scale)]
        for index, width in enumerate(self.hidden):
            layers.append(Dense(Linear(f"hidden.{index}", size, width, WIDE), self.activation))
            size = width
        if self.memory:
            incoming = Linear("memory_in", size, 3 * self.memory, PLAIN)
            back = Linear("memory_back", self.memory, 3 * self.memory, PLAIN)
            layers.append(Memory(incoming, back, self.memory))
            size = self.memory
        action = Linear("action", size, self.num_actions, NARROW)
        layers.append(Heads(action, Linear("value", size, 1, PLAIN), self.dueling))
        return tuple(layers)


def initial_parameters(architecture: Architecture, seed: int) -> dict[str, FloatArray]:
    """Orthogonal weights and zero biases (Saxe et al. 2014), the same for the same seed.

    Gain sqrt(2) in hidden layers, 1 for memory and value. The action head starts small: at 0.01 a
    policy begins nearly uniform, and Q-values begin at the state's value.
    """
    rng = np.random.default_rng(seed)
    parameters: dict[str, FloatArray] = {}
    for linear in (one for layer in architecture.layers() for one in layer.linears):
        inputs, outputs = linear.inputs, linear.outputs
        normal = rng.standard_normal((max(inputs, outputs), min(inputs, outputs)))
        basis, triangle = np.linalg.qr(normal)
        basis *= np.sign(np.diagonal(triangle))
        weight = basis if outputs >= inputs else basis.T
        parameters[f"{linear.name}.weight"] = (linear.gain * weight).astype(np.float32)
        parameters[f"{linear.name}.bias"] = np.zeros(outputs, np.float32)
    return parameters


class Evaluation(NamedTuple):
    """What a policy answers to n observations.

    Attributes:
        logits: float32 [n, A], `ILLEGAL` where the mask is 0; Q-values of a dueling head. Of
            other actions than one number those of all heads (`mazemesh.policy.heads`), [n, W].
        value: float32 [n]; of a dueling head, its largest legal Q-value.
        next_state: float32 [n, state_size].
    """

    logits: FloatArray
    value: FloatArray
    next_state: FloatArray


def evaluate(
    architecture: Architecture,
    parameters: Parameters,
    observation: ObservationArray,
    action_mask: ByteArray,
    state: FloatArray | None = None,
) -> Evaluation:
    """The policy's answer to observation [n, D] and action_mask uint8 [n, A].

    Args:
        architecture: Of the network.
        parameters: Its weights.
        observation: [n, D].
        action_mask: uint8 [n, A].
        state: float32 [n, memory]; zeros, as at the beginning of an episode, when it is None.
    """
    flow, next_state = observation, np.zeros((len(observation), 0), np.float32)
    for layer in architecture.layers():
        match layer:
            case Input():
                flow = flow.astype(np.float32) / np.float32(layer.scale)
            case Dense():
                flow = _linear(parameters, layer.linear, flow)
                flow = np.tanh(flow) if layer.activation == "tanh" else np.maximum(flow, 0)
            case Memory():
                before = np.zeros((len(flow), layer.width), np.float32) if state is None else state
                flow = next_state = _remember(parameters, layer, flow, before)
            case Heads():
                logits, best = _answer(parameters, layer, flow, action_mask)
    return Evaluation(logits, best, next_state)


def _answer(
    parameters: Parameters, heads: Heads, features: FloatArray, action_mask: ByteArray
) -> tuple[FloatArray, FloatArray]:
    """Logits [n, A] and value [n]."""
    logits = _linear(parameters, heads.action, features)
    value = _linear(parameters, heads.value, features)
    if heads.dueling:
        logits = value + logits - logits.mean(axis=1, keepdims=True)
    logits = np.where(action_mask != 0, logits, ILLEGAL)
    return logits, logits.max(axis=1) if heads.dueling else value[:, 0]


def _remember(
    parameters: Parameters, memory: Memory, features: FloatArray, state: FloatArray
) -> FloatArray:
    """The gated recurrent unit's state after features [n, inputs]."""
    incoming = np.split(_linear(parameters, memory.incoming, features), 3, axis=1)
    back = np.split(_linear(parameters, memory.back, state), 3, axis=1)
    reset, update = (1 / (1 + np.exp(-incoming[gate] - back[gate])) for gate in (0, 1))
    new = np.tanh(incoming[2] + reset * back[2])
    mixed: FloatArray = new + update * (state - new)
    return mixed


def _linear(parameters: Parameters, linear: Linear, inputs: FloatArray) -> FloatArray:
    return inputs @ parameters[f"{linear.name}.weight"].T + parameters[f"{linear.name}.bias"]
