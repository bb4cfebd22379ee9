"""What algorithms train: the network, whatever is in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import nullcontext

import numpy as np
import torch
from torch import Tensor, nn

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
