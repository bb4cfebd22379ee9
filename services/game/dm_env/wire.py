"""Messages of dm_env_rpc <-> the worlds of this service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from dm_env_rpc.v1 import dm_env_rpc_pb2 as dm
from dm_env_rpc.v1 import tensor_utils

from mazemesh.errors import InvalidArgument
from mazemesh.games import Catalogue, GameSettings, GameSpec, bot_policy
from mazemesh.games.spaces import single
from services.game.dm_env.worlds import Moment, WorldSetup, check_action

OBSERVATION, ACTION_MASK, REWARD = 1, 2, 3
ACTION = 1
_DTYPES = {
    "uint8": dm.UINT8,
    "int8": dm.INT8,
    "int32": dm.INT32,
    "float32": dm.FLOAT,
}
_SETTINGS = {field.name: field.default for field in fields(GameSettings)}


def world_setup(
    settings: Mapping[str, dm.Tensor], draw_seed: Callable[[], int], games: Catalogue
) -> WorldSetup:
    """What the settings of CreateWorld ask for: `game`, of `games`, and fields of GameSettings.

    Raises:
        InvalidArgument: `game` is missing, or a setting is unknown or wrong.
    """
    given = {name: _scalar(name, tensor) for name, tensor in settings.items()}
    game = games.get(_text("game", given.pop("game", None)))
    opponent = _text("opponent", given.pop("opponent", bot_policy("random")))
    seed = given.pop("seed", None)
    if seed is not None and not isinstance(seed, int):
        raise InvalidArgument(f"seed: {seed!r} should be a whole number")
    check_known(given, _SETTINGS)
    for name, value in given.items():
        if isinstance(_SETTINGS[name], float) and isinstance(value, int):
            given[name] = float(value)
    return WorldSetup(
        game=game,
        settings=GameSettings(**given),
        seed=draw_seed() if seed is None else seed,
        opponent=opponent,
    )


def check_known(given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Raises InvalidArgument when a setting is unknown."""
    for name in given:
        if name not in known:
            names = ", ".join(known) or "none"
            raise InvalidArgument(f"settings: {name!r} is unknown; there are {names}")


def specs(spec: GameSpec) -> dm.ActionObservationSpecs:
    """What the client of a world sends and sees; its game has one column each."""
    seen = single(spec.observation_space)
    assert seen is not None
    observation = dm.TensorSpec(
        name="observation",
        shape=seen.shape,
        dtype=_DTYPES[seen.dtype],
    )
    mask = dm.TensorSpec(name="action_mask", shape=[spec.num_actions], dtype=dm.UINT8)
    mask.min.uint8s.array, mask.max.uint8s.array = b"\x00", b"\x01"
    action = dm.TensorSpec(name="action", dtype=dm.INT32)
    action.min.int32s.array.append(0)
    action.max.int32s.array.append(spec.num_actions - 1)
    return dm.ActionObservationSpecs(
        actions={ACTION: action},
        observations={
            OBSERVATION: observation,
            ACTION_MASK: mask,
            REWARD: dm.TensorSpec(name="reward", dtype=dm.FLOAT),
        },
    )


def check_requested(request: dm.StepRequest) -> None:
    """Raises InvalidArgument when an observation is asked for that there is not."""
    for uid in request.requested_observations:
        if uid not in (OBSERVATION, ACTION_MASK, REWARD):
            raise InvalidArgument(f"requested_observations: {uid} is none of 1, 2, 3")


def action(request: dm.StepRequest, spec: GameSpec) -> int | None:
    """The action of a step, None if there is none.

    Raises:
        InvalidArgument: an unknown action, or a tensor that does not fit its spec.
    """
    for uid in request.actions:
        if uid != ACTION:
            raise InvalidArgument(f"actions: {uid} is unknown; there is {ACTION}, 'action'")
    if ACTION not in request.actions:
        return None
    tensor = request.actions[ACTION]
    if tensor.WhichOneof("payload") != "int32s" or tensor.shape:
        raise InvalidArgument(
            f"actions[{ACTION}]: {tensor.WhichOneof('payload')} {list(tensor.shape)} should be "
            "int32s []"
        )
    values: list[int] = list(tensor.int32s.array)
    if len(values) != 1:
        raise InvalidArgument(f"actions[{ACTION}]: {len(values)} values should be 1")
    check_action(values[0], spec.num_actions)
    return values[0]


def step_response(moment: Moment, request: dm.StepRequest) -> dm.StepResponse:
    """The answer to a step."""
    state = dm.RUNNING
    if moment.terminated:
        state = dm.TERMINATED
    elif moment.truncated:
        state = dm.INTERRUPTED
    values: dict[int, Any] = {
        OBSERVATION: moment.observation,
        ACTION_MASK: moment.action_mask,
        REWARD: np.float32(moment.reward),
    }
    return dm.StepResponse(
        state=state,
        observations={
            uid: tensor_utils.pack_tensor(values[uid])
            for uid in set(request.requested_observations)
        },
    )


def _scalar(name: str, tensor: dm.Tensor) -> Any:
    """The one value of a tensor: bool, int, float or str."""
    try:
        value = tensor_utils.unpack_tensor(tensor)
    except (ValueError, TypeError) as error:
        raise InvalidArgument(f"settings[{name!r}]: {error}") from error
    if np.ndim(value):
        raise InvalidArgument(f"settings[{name!r}]: shape {list(np.shape(value))} should be []")
    return value.item() if hasattr(value, "item") else value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(f"{name}: {value!r} should be a string")
    return value
