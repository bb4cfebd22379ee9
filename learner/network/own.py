"""A torch module of the user's own in place of the built-in layers.

`--network package.module:Factory` names what makes it, in an installed package or one that
PYTHONPATH leads to; nothing that comes over the network can name one. The factory is called with

* spec: `mazemesh.games.GameSpec` of the game (spaces, sizes, and the layout of a flat observation);
* hidden: tuple of the widths that `--hidden` or the preset says, to be used or not;

and returns a `torch.nn.Module` that takes

* observation: float32 [n, *shape]; where the game's are bytes, divided by 255. Of a game whose
  observations have several leaves a dict of such by the leaf's path ("camera", "arm.0");
* state: float32 [n, module.state_size], where the module has that attribute and it is not 0: what
  it remembers, zeros at the beginning of an episode. That is for algorithms with memory, whose
  hyperparameter `memory` says the same number;

and answers

* action: float32 [n, A]: logits to actor-critics, advantages A(s, a) to dqn, whose Q-values are
  V(s) + A(s, a) - mean_a A(s, a). Illegal actions are masked by who asks. Of other actions than one
  number a dict by output, as `mazemesh.policy.heads` names them ("logits.move", "mean", "log_std");
* value: float32 [n] or [n, 1], V(s);
* next state: float32 [n, state_size], where it remembers.

Its parameters are float32. It is always in evaluation mode, as actors play it: dropout and the
statistics of batch normalization do nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from learner.network.architecture import Architecture, OwnModule
from learner.network.network import Network, Seen
from learner.network.parts.action_heads import ActionSpace
from mazemesh.errors import InvalidArgument
from mazemesh.games.spaces import columns
from mazemesh.policy.heads import output_widths

_ROWS = 3


class OwnNetwork(Network):
    """A network around such a module, which is its `module`; parameters are named after that.

    Raises:
        InvalidArgument: it cannot be made, or is not as the module's docstring wants it.
    """

    def __init__(self, architecture: Architecture, own: OwnModule, seed: int = 0) -> None:
        """`seed` is of the first weights, as the module itself draws them."""
        super().__init__(architecture)
        self._name = f"network {own.factory}"
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.module = _made(own, architecture.hidden, self._name)
        self._remembers = _state_size(self.module, self._name)
        if self._remembers != architecture.state_size:
            raise InvalidArgument(
                f"{self._name} has state_size = {self._remembers} and is to remember "
                f"{architecture.state_size} numbers (hyperparameter memory, of recurrent-ppo; 0 of "
                "algorithms without memory); both should be the same"
            )
        self._space = ActionSpace(architecture.action_space, architecture.actions)
        self._widths = output_widths(architecture.action_space)
        names = (column for column, _ in columns("observation", architecture.observation_space))
        self._columns = dict(zip(names, architecture.observed, strict=True))
        self.train(False)
        _check_parameters(self.module, self._name)
        self._check_answers()

    def train(self, mode: bool = True) -> OwnNetwork:
        """Stays in evaluation mode, so that what is trained is what is played."""
        super().train(False)
        return self

    @property
    def action_space(self) -> ActionSpace:
        """See `Network`."""
        return self._space

    def outputs(self, observation: Seen) -> Tensor:
        """Both heads, float32 [n, A + 1]: the action's (nothing masked yet), then the value."""
        return self.step(observation, None)[0]

    def step(self, observation: Seen, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """See `Network`."""
        numbers = self._numbers(observation)
        if not self._remembers:
            action, value = self.module(numbers)
            outputs = self._joined(action, value)
            return outputs, outputs[:, :0]
        if state is None:
            first = next(iter(numbers.values())) if isinstance(numbers, dict) else numbers
            state = first.new_zeros(first.shape[0], self._remembers)
        action, value, state = self.module(numbers, state)
        return self._joined(action, value), state.float()

    def sequence(self, observation: Seen, state: Tensor, begins: Tensor) -> tuple[Tensor, Tensor]:
        """See `Network`."""
        if not self._remembers:
            return super().sequence(observation, state, begins)
        found = []
        for t in range(begins.shape[1]):
            state = state * (~begins[:, t, None]).float()
            outputs, state = self.step(_at(observation, t), state)
            found.append(outputs)
        return torch.stack(found, dim=1), state

    def _numbers(self, observation: Seen) -> Tensor | dict[str, Tensor]:
        if isinstance(observation, Tensor):
            (leaf,) = self._columns.values()
            return _scaled(observation, leaf.space.dtype)
        return {
            leaf.name: _scaled(observation[column], leaf.space.dtype)
            for column, leaf in self._columns.items()
        }

    def _joined(self, action: Any, value: Tensor) -> Tensor:
        parts = [action[name] for name in self._widths] if isinstance(action, Mapping) else [action]
        return torch.cat([*(part.float() for part in parts), value.float().reshape(-1, 1)], dim=1)

    @torch.no_grad()
    def _check_answers(self) -> None:
        example = self._example()
        shown = {name: list(one.shape) for name, one in example.items()}
        inputs: list[Any] = [next(iter(example.values())) if len(example) == 1 else example]
        if self._remembers:
            inputs.append(torch.zeros(_ROWS, self._remembers))
        try:
            answer = self.module(*inputs)
        except Exception as error:  # whatever the user's code raises
            told = shown if len(shown) > 1 else next(iter(shown.values()))
            raise InvalidArgument(
                f"{self._name} does not take observations float32 {told}: {error!r}"
            ) from error
        if not self._fits(answer):
            raise InvalidArgument(
                f"{self._name} answers {_shown(answer)} to {_ROWS} observations; it should be "
                f"{self._wanted()}"
            )

    def _example(self) -> dict[str, Tensor]:
        return {leaf.name: torch.zeros(_ROWS, *leaf.space.shape) for leaf in self._columns.values()}

    def _fits(self, answer: Any) -> bool:
        wanted = 3 if self._remembers else 2
        if not isinstance(answer, tuple | list) or len(answer) != wanted:
            return False
        action, *others = answer
        widths = {name: (_ROWS, width) for name, width in self._widths.items()}
        if isinstance(action, Mapping):
            if {name: _shape(one) for name, one in action.items()} != widths:
                return False
        elif len(widths) > 1 or _shape(action) != next(iter(widths.values())):
            return False
        if self._remembers and _shape(others[1]) != (_ROWS, self._remembers):
            return False
        return _shape(others[0]) in ((_ROWS,), (_ROWS, 1))

    def _wanted(self) -> str:
        if len(self._widths) > 1:
            each = ", ".join(f"{name} [{_ROWS}, {width}]" for name, width in self._widths.items())
            first = f"a dict of {each}"
        else:
            first = f"one number an action [{_ROWS}, {self.architecture.outputs}]"
        if self._remembers:
            return f"{first}, the value [{_ROWS}] and the next state [{_ROWS}, {self._remembers}]"
        return f"a pair: {first} and the value [{_ROWS}]"


def _scaled(column: Tensor, dtype: str) -> Tensor:
    numbers = column.float()
    return numbers / 255.0 if dtype == "uint8" else numbers


def _at(observation: Seen, t: int) -> Seen:
    if isinstance(observation, Tensor):
        return observation[:, t]
    return {name: column[:, t] for name, column in observation.items()}


def _made(own: OwnModule, hidden: tuple[int, ...], name: str) -> nn.Module:
    package, _, attribute = own.factory.partition(":")
    try:
        factory: Any = getattr(importlib.import_module(package), attribute)
    except Exception as error:  # whatever the user's code raises
        raise InvalidArgument(
            f"{name} cannot be loaded: {error!r}; it should be package.module:Factory of an "
            "installed package, or of one that PYTHONPATH leads to"
        ) from error
    try:
        made = factory(own.spec, hidden)
    except Exception as error:
        raise InvalidArgument(
            f"{name} fails at factory(spec, hidden = {hidden}): {error!r}"
        ) from error
    if not isinstance(made, nn.Module):
        raise InvalidArgument(f"{name} makes {made!r:.200}; it should be a torch.nn.Module")
    return made


def _state_size(module: nn.Module, name: str) -> int:
    size = getattr(module, "state_size", 0)
    if not isinstance(size, int) or size < 0:
        raise InvalidArgument(f"{name} has state_size = {size!r:.100}; it should be a whole number")
    return size


def _check_parameters(module: nn.Module, name: str) -> None:
    found = {key: parameter.dtype for key, parameter in module.named_parameters()}
    if not found:
        raise InvalidArgument(f"{name} has no parameters to train")
    for key, kind in found.items():
        if kind != torch.float32:
            raise InvalidArgument(f"{name}: {key} is {kind}; all parameters should be float32")


def _shape(one: Any) -> tuple[int, ...] | None:
    return tuple(one.shape) if isinstance(one, Tensor) else None


def _shown(answer: Any) -> str:
    if isinstance(answer, Mapping):
        return "{" + ", ".join(f"{name}: {_shown(one)}" for name, one in answer.items()) + "}"
    if isinstance(answer, tuple | list):
        return " and ".join(_shown(one) for one in answer)
    shape = _shape(answer)
    return type(answer).__name__ if shape is None else str(list(shape))
