"""A torch module of the user's own in place of the built-in layers.

`--network package.module:Factory` names what makes it, in an installed package or one that
PYTHONPATH leads to; nothing that comes over the network can name one. The factory is called with

* spec: `mazemesh.games.GameSpec` of the game (sizes, and the layout of the flat observation);
* hidden: tuple of the widths that `--hidden` or the preset says, to be used or not;

and returns a `torch.nn.Module` that takes

* observation: float32 [n, spec.observation_size]; where the game's are bytes, divided by 255;

and answers

* action: float32 [n, spec.num_actions]: logits to ppo and impala, advantages A(s, a) to dqn, whose
  Q-values are V(s) + A(s, a) - mean_a A(s, a). Illegal actions are masked by who asks;
* value: float32 [n] or [n, 1], V(s).

Its parameters are float32. It is always in evaluation mode, as actors play it: dropout and the
statistics of batch normalization do nothing. It has no memory from step to step.
"""

from __future__ import annotations

import importlib
from typing import Any

import torch
from torch import Tensor, nn

from learner.network.architecture import Architecture, OwnModule
from learner.network.networks import Network
from mazemesh.errors import InvalidArgument

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
        self.train(False)
        _check_parameters(self.module, self._name)
        self._check_answers()

    def train(self, mode: bool = True) -> OwnNetwork:
        """Stays in evaluation mode, so that what is trained is what is played."""
        super().train(False)
        return self

    def outputs(self, observation: Tensor) -> Tensor:
        """Both heads, float32 [n, A + 1]: the action's (nothing masked yet), then the value."""
        numbers = observation.float()
        if self.architecture.scale != 1.0:
            numbers = numbers / self.architecture.scale
        action, value = self.module(numbers)
        return torch.cat([action.float(), value.float().reshape(-1, 1)], dim=1)

    @torch.no_grad()
    def _check_answers(self) -> None:
        size, actions = self.architecture.observation_size, self.architecture.num_actions
        try:
            answer = self.module(torch.zeros(_ROWS, size))
        except Exception as error:  # whatever the user's code raises
            raise InvalidArgument(
                f"{self._name} does not take observations float32 [{_ROWS}, {size}]: {error!r}"
            ) from error
        shapes = _shapes(answer)
        wanted = [(_ROWS, actions), (_ROWS,)], [(_ROWS, actions), (_ROWS, 1)]
        if shapes not in wanted:
            raise InvalidArgument(
                f"{self._name} answers {_shown(answer)} to {_ROWS} observations; it should be a "
                f"pair: one number an action [{_ROWS}, {actions}] and the value [{_ROWS}]"
            )


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


def _check_parameters(module: nn.Module, name: str) -> None:
    found = {key: parameter.dtype for key, parameter in module.named_parameters()}
    if not found:
        raise InvalidArgument(f"{name} has no parameters to train")
    for key, kind in found.items():
        if kind != torch.float32:
            raise InvalidArgument(f"{name}: {key} is {kind}; all parameters should be float32")


def _shapes(answer: Any) -> list[tuple[int, ...]]:
    if not isinstance(answer, tuple | list) or not all(isinstance(one, Tensor) for one in answer):
        return []
    return [tuple(one.shape) for one in answer]


def _shown(answer: Any) -> str:
    shapes = _shapes(answer)
    return " and ".join(str(list(one)) for one in shapes) if shapes else type(answer).__name__
