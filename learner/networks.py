"""The torch side of an `Architecture`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from learner.architecture import ILLEGAL, Architecture, FloatArray, Parameters


class Network(nn.Module):
    """Torso and heads; parameter names are those of `Architecture.layers`.

    Inputs are observation [n, D] and, where actions are compared, action_mask bool [n, A].
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        layers = {name: nn.Linear(i, o) for name, i, o in architecture.layers()}
        self.action, self.value = layers.pop("action"), layers.pop("value")
        self.hidden: Iterable[nn.Linear] = nn.ModuleList(layers.values())  # type: ignore[assignment]
        self._activation = torch.tanh if architecture.activation == "tanh" else torch.relu

    def outputs(self, observation: Tensor) -> Tensor:
        """Both heads, float32 [n, A + 1]: the action's (nothing masked yet), then the value.

        The observation's scale is taken from the first layer's weights, which are fewer than the
        elements of a minibatch; both heads are one product, as neither fills a vector unit.
        """
        features, scale = observation.float(), self.architecture.scale
        for layer in self.hidden:
            weight = layer.weight / scale if scale != 1.0 else layer.weight
            features = self._activation(functional.linear(features, weight, layer.bias))
            scale = 1.0
        weight = torch.cat([self.action.weight, self.value.weight])
        bias = torch.cat([self.action.bias, self.value.bias])
        return functional.linear(features, weight / scale if scale != 1.0 else weight, bias)

    def heads(self, observation: Tensor) -> tuple[Tensor, Tensor]:
        """The action's head float32 [n, A] (nothing masked yet) and the value float32 [n]."""
        outputs = self.outputs(observation)
        return outputs[:, :-1], outputs[:, -1]

    def policy(self, observation: Tensor, action_mask: Tensor) -> tuple[Tensor, Tensor]:
        """What is published: logits float32 [n, A], `ILLEGAL` where masked, and value [n]."""
        raise NotImplementedError

    def load(self, parameters: Parameters) -> None:
        """Takes over the weights."""
        state = {name: torch.from_numpy(np.array(value)) for name, value in parameters.items()}
        self.load_state_dict(state)

    def parameters_as_arrays(self) -> dict[str, FloatArray]:
        """A copy of the weights, which later training does not touch."""
        return {name: value.cpu().numpy().copy() for name, value in self.state_dict().items()}


class ActorCritic(Network):
    """Logits of a categorical policy, and the value of the state."""

    def policy(self, observation: Tensor, action_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Masked logits and the state's value."""
        logits, value = self.heads(observation)
        return logits.masked_fill(~action_mask, float(ILLEGAL)), value


class DuelingQ(Network):
    """Action values by the dueling decomposition (Wang et al. 2016, equation 9)."""

    def q_values(self, observation: Tensor) -> Tensor:
        """Q(s, a) for all actions, legal or not: float32 [n, A]."""
        advantage, value = self.heads(observation)
        return value.unsqueeze(1) + advantage - advantage.mean(dim=1, keepdim=True)

    def policy(self, observation: Tensor, action_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Masked Q-values and the largest legal one."""
        q = self.q_values(observation).masked_fill(~action_mask, float(ILLEGAL))
        return q, q.max(dim=1).values


def build(architecture: Architecture, parameters: Parameters) -> ActorCritic | DuelingQ:
    """The network of an architecture with the weights given."""
    network = (ActorCritic if architecture.head == "actor-critic" else DuelingQ)(architecture)
    network.load(parameters)
    return network
