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

_REGISTERED_BY = {
    "ALE/": "ale_py",
    "MiniGrid-": "minigrid",
    "BabyAI-": "minigrid",
    "mo-": "mo_gymnasium",
}
"""By how an id begins, the module whose import registers it."""

_VERSION = re.compile(r"_v(?=\d+$)")


def make_environment(name: ForeignName, *, strict: bool = False) -> Environment:
    """An environment of that name.

    Args:
        name: What to make.
        strict: Check in every step that observations lie in their space.

    Raises:
        InvalidArgument: there is none, it cannot be made, or its spaces are not supported.
    """
    made = _make(name)
    about = version_of(name.target), package_of(made)
    if hasattr(made, "possible_agents"):
        if hasattr(made, "agent_selection") or hasattr(made, "last"):
            from mazemesh.games.foreign.turns_environment import TurnsEnvironment

            return TurnsEnvironment(made, *about, strict=strict)
        from mazemesh.games.foreign.parallel_environment import ParallelEnvironment

        return ParallelEnvironment(made, *about, strict=strict)
    if hasattr(made, "action_space") and hasattr(made, "observation_space"):
        from mazemesh.games.foreign.gymnasium_environment import GymnasiumEnvironment

        return GymnasiumEnvironment(made, *about, strict=strict)
    raise InvalidArgument(
        f"{name.target} makes a {type(made).__name__}; expected a Gymnasium environment or a "
        "PettingZoo ParallelEnv or AECEnv"
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
            return _gymnasium(name.target, name.arguments)
        if name.kind == "pettingzoo":
            return _pettingzoo(name.target, name.arguments)
        return _maker(plugins()[name.target].load(), name.target)(**name.arguments)
    except InvalidArgument:
        raise
    except Exception as error:  # whatever the environment's own code raises
        raise InvalidArgument(f"it cannot be made: {type(error).__name__}: {error}") from error


def _gymnasium(target: str, arguments: dict[str, Any]) -> Any:
    import gymnasium

    for start, module in _REGISTERED_BY.items():
        if target.startswith(start) and target not in gymnasium.registry:
            importlib.import_module(module)
    return gymnasium.make(target, disable_env_checker=True, **arguments)


def _pettingzoo(target: str, arguments: dict[str, Any]) -> Any:
    if not _is_id(target):
        return _maker(_import(target), target)(**arguments)
    import pettingzoo

    if not hasattr(pettingzoo, "make"):
        raise InvalidArgument(
            f"{target} is an id, which PettingZoo {pettingzoo.__version__} does not know; install "
            "1.25.1 or later, or name its module"
        )
    from pettingzoo import aec_registry, parallel_registry

    # Whose agents move at once is played so; otherwise one after the other.
    wanted = _VERSION.sub("-v", target)
    registry = parallel_registry if wanted in parallel_registry else aec_registry
    if wanted not in registry:
        raise InvalidArgument(
            f"{target} is not in PettingZoo's registry, which has "
            f"{', '.join(sorted({*aec_registry, *parallel_registry}))}; others are named by module"
        )
    return pettingzoo.make(
        "parallel" if registry is parallel_registry else "aec", wanted, **arguments
    )


def _is_id(target: str) -> bool:
    """Whether a target is an id of PettingZoo's registry, and no module."""
    return "/" in target or re.search(r"-v\d+$", target) is not None


def _import(target: str) -> Any:
    module, _, attribute = target.partition(":")
    found = importlib.import_module(module)
    return getattr(found, attribute) if attribute else found


def _maker(found: Any, target: str) -> Any:
    if callable(found):
        return found
    for name in ("parallel_env", "env"):
        if hasattr(found, name):
            return getattr(found, name)
    raise InvalidArgument(f"{target} is neither callable nor a module with parallel_env or env")
