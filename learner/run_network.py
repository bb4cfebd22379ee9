"""The network that a run asks for by its settings. Without torch."""

from __future__ import annotations

import dataclasses
from typing import Any

from learner.algorithms.algorithm import Algorithm, no_memory
from learner.algorithms.registry import find, names
from learner.network.architecture import Architecture, OwnModule, Spaces
from learner.network.parts.encoding import Encoding
from learner.settings import LearnerSettings
from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSpec
from mazemesh.games.registry import is_own
from mazemesh.games.spaces import Box, Discrete, Leaf, content, leaves
from mazemesh.policy.heads import heads


def architecture_of(
    settings: LearnerSettings,
    method: Algorithm[Any],
    config: Any,
    hidden: tuple[int, ...],
    spec: GameSpec,
) -> Architecture:
    """The network of a run.

    Raises:
        InvalidArgument: actions that the algorithm does not learn, or settings that do not go
            together.
    """
    method.accepts(spec.action_space)
    heads(spec.action_space)
    if settings.hidden is not None:
        hidden = tuple(settings.hidden)
    elif settings.image != "flat" and all(map(_is_image, leaves(spec.observation_space))):
        hidden = ()  # an image's layers end in units enough
    encoding = settings.encoding
    if encoding.value == "auto" and Spaces.of(spec) is not None:
        encoding = dataclasses.replace(encoding, value=method.value)
    if encoding.value == "auto" and _parts_value(settings, method, spec):
        encoding = dataclasses.replace(encoding, value="own")
    elif encoding.value == "shared" and Spaces.of(spec) is None:
        encoding = dataclasses.replace(encoding, value="auto")  # which is the same there
    shape = Architecture(
        method.head,
        spec.observation_size,
        spec.num_actions,
        hidden,
        activation=settings.activation,
        observation_dtype=spec.observation_dtype,
        memory=method.memory(config),
        own=OwnModule(settings.network, spec) if settings.network else None,
        spaces=Spaces.of(spec),
        encoding=encoding,
        cell=settings.memory_cell,
        actions=method.actions,
        state_std=method.state_std,
        state_space=spec.state_space if method.central else None,
    )
    if settings.frames > 1 and not method.frames:
        able = ", ".join(name for name in names() if find(name).frames)
        raise InvalidArgument(
            f"frames = {settings.frames}: {method.name} learns policies that see one; several are "
            f"for {able}"
        )
    if shape.own is not None and (shape.encoding != Encoding() or shape.cell != "gru"):
        raise InvalidArgument(
            f"network = {settings.network}: a module of your own does by itself what image, "
            "frames, normalize_observations, normalize_rewards, value_layers and memory_cell ask "
            "for; leave them as they are"
        )
    if shape.own is None:
        _check_network_settings(settings, method, shape)
    _check_actions(config, spec)
    return shape


def _check_network_settings(
    settings: LearnerSettings, method: Algorithm[Any], shape: Architecture
) -> None:
    """Raises InvalidArgument: one asks for what nobody would learn by."""
    if settings.normalize_rewards and not method.units:
        able = ", ".join(name for name in names() if find(name).units)
        raise InvalidArgument(
            f"normalize_rewards: {method.name} learns values of the game's own rewards; values in "
            f"a unit of their own are for {able}"
        )
    if settings.memory_cell != "gru" and not shape.memory:
        able = ", ".join(name for name in names() if find(name).memory is not no_memory)
        raise InvalidArgument(
            f"memory_cell = {settings.memory_cell}: policies of {method.name} have no memory; "
            f"those of {able} have"
        )
    if settings.value_layers == "own" and (shape.memory or method.value != "auto" or shape.dueling):
        raise InvalidArgument(
            f"value_layers = own: {method.name} has no value beside the policy's layers; it should "
            "be auto"
        )


def _check_actions(config: Any, spec: GameSpec) -> None:
    """Raises InvalidArgument: a hyperparameter is about actions that the game has not."""
    parts = [leaf.space for leaf in leaves(spec.action_space)]
    correlation, magnet = (getattr(config, n, 0.0) for n in ("noise_correlation", "magnet_cost"))
    if correlation and not any(isinstance(part, Box) for part in parts):
        raise InvalidArgument(
            f"hyperparameters: noise_correlation = {correlation:g} is of continuous actions, and "
            "this game has none; it should be 0"
        )
    if magnet and not (len(parts) == 1 and isinstance(parts[0], Discrete)):
        raise InvalidArgument(
            f"hyperparameters: magnet_cost = {magnet:g} is for a single Discrete action, and this "
            "game's are others; it should be 0"
        )


def _parts_value(settings: LearnerSettings, method: Algorithm[Any], spec: GameSpec) -> bool:
    """Whether the value has layers of its own, where nothing else is said.

    Mazes were measured with shared ones. Of other games nobody knows how large returns are, and in
    shared layers the errors of large values drown the policy's gradient: CartPole-v1 took PPO five
    times as many steps (docs/performance.md). An image's layers cost too much to have them twice.
    """
    if settings.network or is_own(settings.game) or method.preset(settings.game).shares:
        return False
    if method.head != "actor-critic" or method.value != "auto" or method.memory is not no_memory:
        return False
    return settings.image == "flat" or not any(map(_is_image, leaves(spec.observation_space)))


def _is_image(leaf: Leaf) -> bool:
    return isinstance(leaf.space, Box) and leaf.space.is_image


def plain_values(architecture: Architecture) -> dict[str, Any]:
    """As plain values; of a module of the user's own its name, of spaces their content."""
    bare = dataclasses.replace(architecture, own=None, spaces=None, state_space=None)
    values: dict[str, Any] = dataclasses.asdict(bare)
    del values["own"]
    if architecture.spaces is not None:
        told = architecture.spaces
        values["spaces"] = [content(told.observation), content(told.action)]
    if architecture.state_space is not None:
        values["state_space"] = content(architecture.state_space)
    return values if architecture.own is None else {**values, "own": architecture.own.factory}


def check_network(settings: LearnerSettings, method: Algorithm[Any]) -> None:
    """Raises InvalidArgument: the algorithm does not train modules of the user's own."""
    if settings.network and not method.own_networks:
        able = ", ".join(name for name in names() if find(name).own_networks)
        raise InvalidArgument(
            f"network = {settings.network}: {method.name} trains networks of its own making (with "
            f"memory, if it is ours); a module of yours is trained by {able}"
        )
