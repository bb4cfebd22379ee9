"""Networks that follow from an `Architecture`'s list of layers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from learner.network.architecture import Architecture
from learner.network.network import Network, Seen
from learner.network.parts.action_heads import ActionSpace
from learner.network.parts.layers import Dense, Heads, Input, Linear, Memory


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
        # Parameters in the order of the vectors in checkpoints (`gradients.descent`).
        self.action, self.value = _linear(self.exit.action), _linear(self.exit.value)
        hidden = nn.ModuleList(_linear(layer.linear) for layer in self.dense)
        self.hidden = cast("Iterable[nn.Linear]", hidden)
        self._space = ActionSpace(architecture.action_space, architecture.actions)

    @property
    def action_space(self) -> ActionSpace:
        """See `Network`."""
        return self._space

    def outputs(self, observation: Seen) -> Tensor:
        """Both heads, float32 [n, A + 1]: the action's (nothing masked yet), then the value."""
        assert isinstance(observation, Tensor)
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

    def sequence(self, observation: Seen, state: Tensor, begins: Tensor) -> tuple[Tensor, Tensor]:
        """See `Network`."""
        assert isinstance(observation, Tensor)
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

    def step(self, observation: Seen, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """See `Network`."""
        assert isinstance(observation, Tensor)
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
