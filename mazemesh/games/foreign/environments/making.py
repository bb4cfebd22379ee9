"""How an environment is made from its name."""

from __future__ import annotations

import importlib
import inspect
import re
from contextlib import suppress
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import Any

from mazemesh.errors import InvalidArgument
from mazemesh.games.foreign.environments.environment import Environment
from mazemesh.games.foreign.environments.names import ForeignName, plugins

_REGISTERING = ("ale_py", "minigrid", "mo_gymnasium")
"""Packages whose import registers ids in Gymnasium; others are named before theirs, "module:id"."""

WEIGHTS = "reward_weights"
"""Argument of a name: how the parts of a reward that is a vector are added up."""

_VERSION = re.compile(r"_v(?=\d+$)")


def make_environment(name: ForeignName, *, strict: bool = False, num_envs: int = 1) -> Environment:
    """An environment of that name.

    Args:
        name: What to make.
        strict: Check in every step that observations lie in their space.
        num_envs: How many a vector has; of no meaning to others.

    Raises:
        InvalidArgument: there is none, it cannot be made, or its spaces are not supported.
    """
    arguments = dict(name.arguments)
    weights = arguments.pop(WEIGHTS, None)
    made = _make(replace(name, arguments=arguments), num_envs)
    about = version_of(name.target), package_of(made)
    if hasattr(made, "single_observation_space"):
        from mazemesh.games.foreign.environments.vector_environment import VectorEnvironment

        return VectorEnvironment(made, *about, strict=strict)
    if hasattr(made, "possible_agents"):
        if hasattr(made, "agent_selection") or hasattr(made, "last"):
            from mazemesh.games.foreign.environments.turns_environment import TurnsEnvironment

            return TurnsEnvironment(made if strict else unguarded(made), *about, strict=strict)
        from mazemesh.games.foreign.environments.parallel_environment import ParallelEnvironment

        return ParallelEnvironment(made, *about, strict=strict)
    if hasattr(made, "action_space") and hasattr(made, "observation_space"):
        from mazemesh.games.foreign.environments.gymnasium_environment import GymnasiumEnvironment

        return GymnasiumEnvironment(made, *about, strict=strict, weights=weights)
    raise InvalidArgument(
        f"{name.target} makes a {type(made).__name__}; expected a Gymnasium environment or a "
        "PettingZoo ParallelEnv or AECEnv"
    )


def unguarded(environment: Any) -> Any:
    """An AECEnv less the wrappers around it that only guard against misuse.

    They take half of the time of a step of a small game, and what they guard against does not
    happen here: actions lie in their space and are legal, and nobody moves before a reset.
    """
    from pettingzoo.utils import wrappers

    guards = (
        wrappers.OrderEnforcingWrapper,
        wrappers.AssertOutOfBoundsWrapper,
        wrappers.TerminateIllegalWrapper,
    )
    while type(environment) in guards:  # not a package's own kinds of them
        environment = environment.env
    return environment


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


def _make(name: ForeignName, num_envs: int) -> Any:
    try:
        if name.kind == "gymnasium-vector":
            return _gymnasium_vector(name.target, name.arguments, num_envs)
        if name.kind == "gymnasium":
            return _gymnasium(name.target, name.arguments)
        if name.kind == "pettingzoo":
            if _is_id(name.target):
                return _registered(name.target, name.arguments)
            return _call(_import(name.target), name, num_envs)
        return _call(plugins()[name.target].load(), name, num_envs)
    except InvalidArgument:
        raise
    except Exception as error:  # whatever the environment's own code raises
        raise InvalidArgument(f"it cannot be made: {type(error).__name__}: {error}") from error


def _gymnasium(target: str, arguments: dict[str, Any]) -> Any:
    import gymnasium

    _register(target)
    return gymnasium.make(target, disable_env_checker=True, **arguments)


def _gymnasium_vector(target: str, arguments: dict[str, Any], num_envs: int) -> Any:
    """The vector that an environment has of its own; else one that steps copies in turn."""
    import gymnasium

    _register(target)
    own = gymnasium.spec(target).vector_entry_point is not None
    mode = "vector_entry_point" if own else "sync"
    return gymnasium.make_vec(target, num_envs, vectorization_mode=mode, **arguments)


def _register(target: str) -> None:
    """Imports what registers an id."""
    import gymnasium

    for module in _REGISTERING:
        if ":" not in target and target not in gymnasium.registry:
            with suppress(ImportError):
                importlib.import_module(module)


def _call(found: Any, name: ForeignName, num_envs: int) -> Any:
    """What a module or callable makes; one that takes `num_envs` makes a vector."""
    maker = _maker(found, name.target)
    if "num_envs" in inspect.signature(maker).parameters:
        return maker(**name.arguments, num_envs=num_envs)
    return maker(**name.arguments)


def _registered(target: str, arguments: dict[str, Any]) -> Any:
    """An environment of PettingZoo's registry."""
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
