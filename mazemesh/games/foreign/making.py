"""How an environment is made from its name."""

from __future__ import annotations

import importlib
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import Any

from mazemesh.errors import InvalidArgument
from mazemesh.games.foreign.environment import Environment
from mazemesh.games.foreign.names import ForeignName, plugins


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
