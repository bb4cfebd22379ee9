"""Networks in torch: what algorithms train, and what follows from an `Architecture`'s layers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from learner.device.ranks import Alone, Ranks
from learner.network.architecture import (
    ILLEGAL,
    Architecture,
    ByteArray,
    Evaluation,
    FloatArray,
    ObservationArray,
    Observed,
    Parameters,
)
from learner.network.distributions import Joint
from learner.network.gradients.matmul import exact_products
from learner.network.parts.action_heads import ActionSpace
from learner.network.parts.layers import Dense, Heads, Input, Linear, Memory

ALONE = Alone()


Seen = Tensor | Mapping[str, Tensor]
"""Observations [n, *shape]: of one leaf the tensor, of several by column (`observation.<path>`)."""


class Network(nn.Module, ABC):
    """What algorithms train, whatever is in it.

    Inputs are observation [n, D] and, where actions are compared, action_mask bool [n, A]; of games
    with other spaces observations by column, and the masks of all heads [n, M]. A is then W, the
    numbers of all heads (`mazemesh.policy.heads`), of which `distribution` makes sense.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture

    @abstractmethod
    def outputs(self, observation: Seen) -> Tensor:
        """Both heads, float32 [n, A + 1]: the action's (nothing masked yet), then the value."""

    @property
    def state_size(self) -> int:
        """Elements of what it remembers from step to step; 0: nothing."""
        return self.architecture.state_size

    @property
    @abstractmethod
    def action_space(self) -> ActionSpace:
        """What `outputs` say of actions."""

    @property
    def return_scale(self) -> Tensor | float:
        """Unit in which values are learned; the outputs are in the game's own all the same."""
        return 1.0

    def distribution(self, outputs: Tensor, legal: Tensor | None = None) -> Joint:
        """Of the actions, by `outputs` [..., A + 1] and masks [..., M], 0 where illegal."""
        return self.action_space.joint(outputs[..., :-1], legal)

    def observe(self, observation: Seen, ranks: Ranks = ALONE) -> None:
        """Counts observations [..., *shape] into running statistics, if it has any."""

    def observe_returns(self, target: Tensor, ranks: Ranks = ALONE) -> None:
        """Counts targets of values into the unit that they are learned in, if it has any."""

    def heads(self, observation: Seen) -> tuple[Tensor, Tensor]:
        """The action's head float32 [n, A] (nothing masked yet) and the value float32 [n]."""
        outputs = self.outputs(observation)
        return outputs[:, :-1], outputs[:, -1]

    def q_values(self, observation: Seen, state: Tensor | None = None) -> Tensor:
        """Q(s, a) of a dueling head for all actions, legal or not: float32 [n, A].

        `state` is what a network of several frames remembers of earlier ones.
        """
        outputs = self.outputs(observation) if state is None else self.step(observation, state)[0]
        return dueling(outputs)

    def step(self, observation: Seen, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """Both heads [n, A + 1] at one step, and the next state; a state of None is zeros."""
        outputs = self.outputs(observation)
        return outputs, outputs.new_zeros(len(outputs), 0)

    def sequence(self, observation: Seen, state: Tensor, begins: Tensor) -> tuple[Tensor, Tensor]:
        """Both heads over unrolls, which may run on over episode ends.

        Args:
            observation: [B, T, *shape].
            state: Before step 0, float32 [B, state_size].
            begins: Whether an episode begins at the step, so that nothing before it is remembered;
                bool [B, T].

        Returns:
            Outputs float32 [B, T, A + 1] as in `outputs`, and the state after step T - 1.
        """
        outputs = self.outputs(flattened(observation))
        return outputs.view(*begins.shape, -1), state

    def policy(
        self, observation: Seen, action_mask: Tensor, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What is published.

        Args:
            observation: [n, *shape].
            action_mask: bool [n, A]; of several heads all masks, [n, M].
            state: float32 [n, state_size], of a network with memory; None stands for zeros.

        Returns:
            logits float32 [n, A], `ILLEGAL` where masked, value float32 [n], and the next state
            float32 [n, state_size]. Of a dueling head, Q-values and the largest legal one.
        """
        outputs, state = self.step(observation, state)
        return *answered(outputs, action_mask, self), state

    @torch.no_grad()
    def answer(
        self, observation: Observed, action_mask: ByteArray, state: FloatArray | None = None
    ) -> Evaluation:
        """`policy` on arrays; see `architecture.evaluate`."""
        device = next(self.parameters()).device

        def there(array: ObservationArray) -> Tensor:
            # A copy of what may not be written: received columns are, and torch forbids that.
            return torch.from_numpy(array if array.flags.writeable else array.copy()).to(device)

        # A version is checked more closely than a GPU multiplies in training.
        with nullcontext() if device.type == "cpu" else exact_products():
            outputs = self.policy(
                {name: there(column) for name, column in observation.items()}
                if isinstance(observation, Mapping)
                else there(observation),
                there(action_mask).bool(),
                None if state is None else there(state),
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


def dueling(outputs: Tensor) -> Tensor:
    """Q(s, a) = V(s) + A(s, a) - mean_a A(s, a), [..., A] of [..., A + 1] (see `layers.Heads`)."""
    advantage = outputs[..., :-1]
    return outputs[..., -1:] + advantage - advantage.mean(dim=-1, keepdim=True)


def flattened(observation: Seen) -> Seen:
    """Rows [B * T, ...] of observations [B, T, ...]."""
    if isinstance(observation, Tensor):
        return observation.flatten(0, 1)
    return {name: column.flatten(0, 1) for name, column in observation.items()}


def answered(outputs: Tensor, action_mask: Tensor, network: Network) -> tuple[Tensor, Tensor]:
    """Masked logits [n, A] and value [n] of both heads [n, A + 1]; see `Network.policy`."""
    if network.architecture.dueling:
        q = dueling(outputs).masked_fill(~action_mask, float(ILLEGAL))
        return q, q.max(dim=1).values
    logits, value = outputs[:, :-1], outputs[:, -1]
    if network.architecture.spaces is None:
        return logits.masked_fill(~action_mask, float(ILLEGAL)), value
    parts = []
    for head in network.action_space.heads:
        numbers = logits[:, head.numbers]
        if head.mask:
            numbers = numbers.masked_fill(~action_mask[:, head.masks], float(ILLEGAL))
        parts.append(numbers)
    return torch.cat(parts, dim=1), value


def make(architecture: Architecture, seed: int = 0) -> Network:
    """The network of an architecture, its weights as they come; `seed` is of those of modules."""
    if architecture.own is not None:
        from learner.network.own import OwnNetwork

        return OwnNetwork(architecture, architecture.own, seed)
    if not architecture.plain:
        from learner.network.composed import Composed

        return Composed(architecture, seed)
    return Recurrent(architecture) if architecture.memory else Layered(architecture)


def build(architecture: Architecture, parameters: Parameters) -> Network:
    """The network of an architecture with the weights given."""
    network = make(architecture)
    network.load(parameters)
    return network
