"""What a worker asks of an environment, and how one is made from its name."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games.foreign.description import Description
from mazemesh.games.foreign.names import ForeignName, plugins

ByteArray = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]


class Environment(Protocol):
    """One game of some agents, numbered from 0; what it sees and earns is written into arrays.

    `seat[a]` is the row of agent a. An agent that has left sees zeros, may do anything and earns
    nothing.
    """

    description: Description

    def reset(
        self, seed: int, seat: Sequence[int], observation: npt.NDArray[Any], mask: ByteArray
    ) -> None:
        """Begins an episode: observation [seats, D] and mask uint8 [seats, A] are written."""

    def step(
        self,
        actions: Sequence[int],
        seat: Sequence[int],
        observation: npt.NDArray[Any],
        mask: ByteArray,
        reward: FloatArray,
    ) -> tuple[bool, bool]:
        """Plays one step of actions [seats], by row; returns whether it terminated, truncated."""

    def close(self) -> None:
        """Frees what the environment holds."""


def make_environment(name: ForeignName, *, strict: bool = False) -> Environment:
    """An environment of that name.

    Args:
        name: What to make.
        strict: Check in every step that observations lie in their space.

    Raises:
        InvalidArgument: there is none, it cannot be made, or its spaces are not supported.
    """
    made = _make(name)
    if hasattr(made, "possible_agents"):
        from mazemesh.games.foreign.pettingzoo_environment import PettingZooEnvironment

        return PettingZooEnvironment(made, version_of(name.target), package_of(made), strict=strict)
    if hasattr(made, "action_space") and hasattr(made, "observation_space"):
        from mazemesh.games.foreign.gymnasium_environment import GymnasiumEnvironment

        return GymnasiumEnvironment(made, version_of(name.target), package_of(made), strict=strict)
    raise InvalidArgument(
        f"{name.target} makes a {type(made).__name__}; expected a Gymnasium environment or a "
        "PettingZoo ParallelEnv"
    )


def version_of(target: str) -> int:
    """The number after the last "v" of a name such as CartPole-v1 or rps_v2; 0 without one."""
    found = re.search(r"[-_]v(\d{1,6})$", target)
    return int(found[1]) if found else 0


def package_of(environment: Any) -> str:
    """The package that an environment's class comes from, with its version."""
    inner = getattr(environment, "unwrapped", environment)
    return _package(type(inner).__module__.partition(".")[0])


@cache
def _package(top: str) -> str:
    for distribution in packages_distributions().get(top, [top]):
        try:
            return f"{distribution} {version(distribution)}"
        except PackageNotFoundError:
            continue
    return top


def _make(name: ForeignName) -> Any:
    try:
        if name.kind == "gymnasium":
            import gymnasium

            return gymnasium.make(name.target, disable_env_checker=True, **name.arguments)
        if name.kind == "pettingzoo":
            return _maker(_import(name.target), name.target)(**name.arguments)
        return _maker(plugins()[name.target].load(), name.target)(**name.arguments)
    except InvalidArgument:
        raise
    except Exception as error:  # whatever the environment's own code raises
        raise InvalidArgument(f"it cannot be made: {type(error).__name__}: {error}") from error


def _import(target: str) -> Any:
    module, _, attribute = target.partition(":")
    found = importlib.import_module(module)
    return getattr(found, attribute) if attribute else found


def _maker(found: Any, target: str) -> Any:
    if callable(found):
        return found
    if hasattr(found, "parallel_env"):
        return found.parallel_env
    if hasattr(found, "env"):
        raise InvalidArgument(
            f"{target} is played turn by turn (PettingZoo AEC); only games with parallel_env, "
            "whose agents all move at once, are supported"
        )
    raise InvalidArgument(f"{target} is neither callable nor a module with parallel_env")
