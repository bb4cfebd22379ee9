"""Networks in torch: what algorithms train, and what follows from an `Architecture`'s layers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import nullcontext
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from learner.network.architecture import (
    ILLEGAL,
    Architecture,
    ByteArray,
    Evaluation,
    FloatArray,
    ObservationArray,
    Parameters,
)
from learner.network.layers import Dense, Heads, Input, Linear, Memory
from learner.network.matmul import exact_products


class Network(nn.Module, ABC):
    """What algorithms train, whatever is in it.

    Inputs are observation [n, D] and, where actions are compared, action_mask bool [n, A].
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture

    @abstractmethod
    def outputs(self, observation: Tensor) -> Tensor:
        """Both heads, float32 [n, A + 1]: the action's (nothing masked yet), then the value."""

    def heads(self, observation: Tensor) -> tuple[Tensor, Tensor]:
        """The action's head float32 [n, A] (nothing masked yet) and the value float32 [n]."""
        outputs = self.outputs(observation)
        return outputs[:, :-1], outputs[:, -1]

    def q_values(self, observation: Tensor) -> Tensor:
        """Q(s, a) of a dueling head for all actions, legal or not: float32 [n, A]."""
        return dueling(self.outputs(observation))

    def step(self, observation: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """Both heads [n, A + 1] at one step, and the next state; a state of None is zeros."""
        outputs = self.outputs(observation)
        return outputs, outputs.new_zeros(len(outputs), 0)

    def policy(
        self, observation: Tensor, action_mask: Tensor, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What is published.

        Args:
            observation: [n, D].
            action_mask: bool [n, A].
            state: float32 [n, memory], of a network with memory; None stands for zeros.

        Returns:
            logits float32 [n, A], `ILLEGAL` where masked, value float32 [n], and the next state
            float32 [n, memory]. Of a dueling head, Q-values and the largest legal one.
        """
        outputs, state = self.step(observation, state)
        return *answered(outputs, action_mask, self.architecture), state

    @torch.no_grad()
    def answer(
        self, observation: ObservationArray, action_mask: ByteArray, state: FloatArray | None = None
    ) -> Evaluation:
        """`policy` on arrays; see `architecture.evaluate`."""
        device = next(self.parameters()).device
        # A version is checked more closely than a GPU multiplies in training.
        with nullcontext() if device.type == "cpu" else exact_products():
            outputs = self.policy(
                torch.from_numpy(observation).to(device),
                torch.from_numpy(action_mask).to(device).bool(),
                None if state is None else torch.from_numpy(state).to(device),
            )
        return Evaluation(*(output.cpu().numpy() for output in outputs))

    def load(self, parameters: Parameters) -> None:
        """Takes over the weights."""
        state = {name: torch.from_numpy(np.array(value)) for name, value in parameters.items()}
        self.load_state_dict(state)

    def parameters_as_arrays(self) -> dict[str, FloatArray]:
        """A copy of the weights, which later training does not touch."""
        return {name: value.cpu().numpy().copy() for name, value in self.state_dict().items()}


class Layered(Network):
    """The layers of an `Architecture`; parameter names are those of its linear parts."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__(architecture)
        self.dense: list[Dense] = []
        for layer in architecture.layers():
            match layer:
                case Input():
                    self.entrance = layer
                case Dense():
                    self.dense.append(layer)
                case Memory():
                    self.memory = layer
                case Heads():
                    self.exit = layer
        # The order of parameters is that of the vectors in checkpoints (`learner.network.descent`).
        self.action, self.value = _linear(self.exit.action), _linear(self.exit.value)
        hidden = nn.ModuleList(_linear(layer.linear) for layer in self.dense)
        self.hidden = cast("Iterable[nn.Linear]", hidden)

    def outputs(self, observation: Tensor) -> Tensor:
        """Both heads, float32 [n, A + 1]: the action's (nothing masked yet), then the value."""
        return self._both_heads(self.features(observation))

    def features(self, observation: Tensor) -> Tensor:
        """What the hidden layers make of observations [n, D].

        The observation's scale is taken from the first layer's weights, which are fewer than the
        elements of a minibatch.
        """
        features, scale = observation.float(), self.entrance.scale
        if not self.dense:
            return features / scale
        for layer, linear in zip(self.dense, self.hidden, strict=True):
            weight = linear.weight / scale if scale != 1.0 else linear.weight
            features = functional.linear(features, weight, linear.bias)
            features = torch.tanh(features) if layer.activation == "tanh" else torch.relu(features)
            scale = 1.0
        return features

    def _both_heads(self, features: Tensor) -> Tensor:
        """Both heads as one product, as neither fills a vector unit: [n, A + 1]."""
        weight = torch.cat([self.action.weight, self.value.weight])
        bias = torch.cat([self.action.bias, self.value.bias])
        kind = weight.device.type
        if torch.is_autocast_enabled(kind):
            # Rounded logits would move the ratio of two policies as far as a gradient step does.
            with torch.autocast(kind, enabled=False):
                return functional.linear(features.float(), weight, bias)
        return functional.linear(features, weight, bias)


class Recurrent(Layered):
    """A network with memory: a gated recurrent unit between hidden layers and heads."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__(architecture)
        memory = self.memory
        self.memory_in, self.memory_back = _linear(memory.incoming), _linear(memory.back)

    def sequence(self, observation: Tensor, state: Tensor, begins: Tensor) -> tuple[Tensor, Tensor]:
        """Both heads over unrolls, which may run on over episode ends.

        Args:
            observation: [B, T, D].
            state: Before step 0, float32 [B, memory].
            begins: Whether an episode begins at the step, so that nothing before it is remembered;
                bool [B, T].

        Returns:
            Outputs float32 [B, T, A + 1] as in `outputs`, and the state after step T - 1.
        """
        batch, length = begins.shape
        features = self.features(observation.flatten(0, 1))
        incoming = self.memory_in(features).float().view(batch, length, -1).unbind(dim=1)
        kept = (~begins).float().unsqueeze(2).unbind(dim=1)
        states = []
        for t in range(length):
            state = self._remember(incoming[t], state * kept[t])
            states.append(state)
        outputs = self._both_heads(torch.stack(states, dim=1).flatten(0, 1))
        return outputs.view(batch, length, -1), state

    def step(self, observation: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """Both heads [n, A + 1] at one step, and the next state; a state of None is zeros."""
        if state is None:
            state = observation.new_zeros(len(observation), self.memory.width, dtype=torch.float32)
        state = self._remember(self.memory_in(self.features(observation)).float(), state)
        return self._both_heads(state), state

    def _remember(self, incoming: Tensor, state: Tensor) -> Tensor:
        """The next state, from the incoming gates [n, 3 * memory]; see `architecture.evaluate`."""
        width = self.memory.width
        back = self.memory_back(state).float()
        gates = torch.sigmoid(incoming[:, : 2 * width] + back[:, : 2 * width])
        reset, update = gates.chunk(2, dim=1)
        new = torch.tanh(torch.addcmul(incoming[:, 2 * width :], reset, back[:, 2 * width :]))
        return torch.lerp(new, state, update)


def _linear(linear: Linear) -> nn.Linear:
    return nn.Linear(linear.inputs, linear.outputs)


def dueling(outputs: Tensor) -> Tensor:
    """Q(s, a) = V(s) + A(s, a) - mean_a A(s, a), [..., A] of [..., A + 1] (see `layers.Heads`)."""
    advantage = outputs[..., :-1]
    return outputs[..., -1:] + advantage - advantage.mean(dim=-1, keepdim=True)


def answered(
    outputs: Tensor, action_mask: Tensor, architecture: Architecture
) -> tuple[Tensor, Tensor]:
    """Masked logits [n, A] and value [n] of both heads [n, A + 1]; see `Network.policy`."""
    if architecture.dueling:
        q = dueling(outputs).masked_fill(~action_mask, float(ILLEGAL))
        return q, q.max(dim=1).values
    return outputs[:, :-1].masked_fill(~action_mask, float(ILLEGAL)), outputs[:, -1]


def make(architecture: Architecture) -> Network:
    """The network of an architecture, its weights as they come."""
    if architecture.own is not None:
        from learner.network.own import OwnNetwork

        return OwnNetwork(architecture, architecture.own)
    return Recurrent(architecture) if architecture.memory else Layered(architecture)


def build(architecture: Architecture, parameters: Parameters) -> Network:
    """The network of an architecture with the weights given."""
    network = make(architecture)
    network.load(parameters)
    return network
