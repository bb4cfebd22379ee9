"""What the networks look like, without torch: shapes, first weights, and a forward pass in numpy.

The weights of a policy are a mapping from parameter name to float32 array. torch modules load it
and give it back (`networks`), and the ONNX file is written from it (`onnx_policy`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.uint8]
ObservationArray = npt.NDArray[Any]
"""Of `Architecture.observation_dtype`."""
Head = Literal["actor-critic", "dueling"]
Parameters = Mapping[str, FloatArray]

ILLEGAL = np.float32(-1e9)
"""Logit of an action that the mask forbids; model.proto asks for at most -1e8."""

_GAINS = {"action": 0.01, "value": 1.0, "memory_in": 1.0, "memory_back": 1.0}


@dataclass(frozen=True)
class Architecture:
    """A multilayer perceptron with two linear heads, on observations in 0..1 or as they are.

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
    """

    head: Head
    observation_size: int
    num_actions: int
    hidden: tuple[int, ...] = (128, 128)
    activation: Literal["relu", "tanh"] = "relu"
    observation_dtype: str = "uint8"
    memory: int = 0

    @property
    def scale(self) -> float:
        """What observations are divided by."""
        return 255.0 if self.observation_dtype == "uint8" else 1.0

    def layers(self) -> Iterator[tuple[str, int, int]]:
        """Name, inputs and outputs of the linear layers: hidden ones, then `action`, `value`.

        Between them, of a memory, `memory_in` and `memory_back`: the reset, update and new gates of
        the features and of the state before.
        """
        size = self.observation_size
        for index, width in enumerate(self.hidden):
            yield f"hidden.{index}", size, width
            size = width
        if self.memory:
            yield "memory_in", size, 3 * self.memory
            yield "memory_back", self.memory, 3 * self.memory
            size = self.memory
        yield "action", size, self.num_actions
        yield "value", size, 1


def initial_parameters(architecture: Architecture, seed: int) -> dict[str, FloatArray]:
    """Orthogonal weights and zero biases (Saxe et al. 2014), the same for the same seed.

    Gain sqrt(2) in hidden layers, 1 for memory and value. The action head starts small: at 0.01 a
    policy begins nearly uniform, and Q-values begin at the state's value.
    """
    rng = np.random.default_rng(seed)
    parameters: dict[str, FloatArray] = {}
    for name, inputs, outputs in architecture.layers():
        gain = _GAINS.get(name, np.sqrt(2.0))
        normal = rng.standard_normal((max(inputs, outputs), min(inputs, outputs)))
        basis, triangle = np.linalg.qr(normal)
        basis *= np.sign(np.diagonal(triangle))
        weight = basis if outputs >= inputs else basis.T
        parameters[f"{name}.weight"] = (gain * weight).astype(np.float32)
        parameters[f"{name}.bias"] = np.zeros(outputs, np.float32)
    return parameters


class Evaluation(NamedTuple):
    """What a policy answers to n observations.

    Attributes:
        logits: float32 [n, A], `ILLEGAL` where the mask is 0; Q-values of a dueling head.
        value: float32 [n]; of a dueling head, its largest legal Q-value.
        next_state: float32 [n, memory].
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
    hidden = observation.astype(np.float32) / np.float32(architecture.scale)
    for index in range(len(architecture.hidden)):
        hidden = _linear(parameters, f"hidden.{index}", hidden)
        hidden = np.tanh(hidden) if architecture.activation == "tanh" else np.maximum(hidden, 0)
    next_state = np.zeros((len(observation), architecture.memory), np.float32)
    if architecture.memory:
        hidden = next_state = _remember(parameters, hidden, next_state if state is None else state)
    logits, value = _linear(parameters, "action", hidden), _linear(parameters, "value", hidden)
    if architecture.head == "dueling":
        logits = value + logits - logits.mean(axis=1, keepdims=True)
    logits = np.where(action_mask != 0, logits, ILLEGAL)
    best = logits.max(axis=1) if architecture.head == "dueling" else value[:, 0]
    return Evaluation(logits, best, next_state)


def _remember(parameters: Parameters, features: FloatArray, state: FloatArray) -> FloatArray:
    """The gated recurrent unit's state after features [n, inputs]."""
    incoming = np.split(_linear(parameters, "memory_in", features), 3, axis=1)
    back = np.split(_linear(parameters, "memory_back", state), 3, axis=1)
    reset, update = (1 / (1 + np.exp(-incoming[gate] - back[gate])) for gate in (0, 1))
    new = np.tanh(incoming[2] + reset * back[2])
    mixed: FloatArray = new + update * (state - new)
    return mixed


def _linear(parameters: Parameters, name: str, inputs: FloatArray) -> FloatArray:
    return inputs @ parameters[f"{name}.weight"].T + parameters[f"{name}.bias"]
