"""The parity check of a header as arrays, checked against each other and the game."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSpec
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1 import tensor_pb2
from mazemesh.wire.tensors import from_tensor
from services.model.validation.parity import Parity

Array = npt.NDArray[Any]

MAX_ROWS: Final = 4096
"""More would cost time and tell little."""


def read_parity(message: pb.ParityCheck, spec: GameSpec | None) -> Parity:
    """The rows that a file is checked against; `spec` is the game's, when the header names one.

    Raises:
        InvalidArgument: no rows, tensors that do not fit each other or the game, a row without a
            legal action, or an expected value that is not finite.
    """
    dtype = spec.observation_dtype if spec else _observation_dtype(message.observation)
    observation = _read(message.observation, "observation", dtype, (-1, -1))
    rows = len(observation)
    if not rows:
        raise InvalidArgument("parity.observation has no rows; at least one is needed")
    if rows > MAX_ROWS:
        raise InvalidArgument(f"parity.observation has {rows} rows; at most {MAX_ROWS} are allowed")
    mask = _read(message.action_mask, "action_mask", "uint8", (rows, -1))
    actions = mask.shape[1]
    state = next_state = None
    if message.HasField("state") or message.HasField("next_state"):
        state = _read(message.state, "state", "float32", (rows, -1))
        next_state = _read(message.next_state, "next_state", "float32", state.shape)
    parity = Parity(
        observation=observation,
        action_mask=mask,
        logits=_read(message.logits, "logits", "float32", (rows, actions)),
        value=_read(message.value, "value", "float32", (rows,)),
        state=state,
        next_state=next_state,
    )
    if spec:
        _check_game(parity, spec)
    _check_content(parity)
    return parity


def _read(message: tensor_pb2.Tensor, name: str, dtype: str, shape: tuple[int, ...]) -> Array:
    field = f"parity.{name}"
    array = from_tensor(message, field)
    fits = len(array.shape) == len(shape) and all(
        wanted in (-1, size) for wanted, size in zip(shape, array.shape, strict=True)
    )
    if array.dtype != np.dtype(dtype) or not fits:
        wanted = ", ".join("n" if size < 0 else str(size) for size in shape)
        raise InvalidArgument(
            f"{field} is {array.dtype.name} {list(array.shape)}; expected {dtype} [{wanted}]"
        )
    return array


def _observation_dtype(message: tensor_pb2.Tensor) -> str:
    """That of the tensor, where no game tells: uint8 unless it says float32."""
    return "float32" if message.dtype == tensor_pb2.DATA_TYPE_FLOAT32 else "uint8"


def _check_game(parity: Parity, spec: GameSpec) -> None:
    for field, array, size in (
        ("observation", parity.observation, spec.observation_size),
        ("action_mask", parity.action_mask, spec.num_actions),
    ):
        if array.shape[1] != size:
            raise InvalidArgument(
                f"parity.{field} is {list(array.shape)}; game {spec.name} with these settings has "
                f"[n, {size}]"
            )


def _check_content(parity: Parity) -> None:
    legal = parity.action_mask == 1
    if not (legal | (parity.action_mask == 0)).all():
        raise InvalidArgument(
            f"parity.action_mask has the value {parity.action_mask.max()}; expected 0 or 1"
        )
    if not legal.any(axis=1).all():
        row = int(np.argmin(legal.any(axis=1)))
        raise InvalidArgument(f"parity.action_mask[{row}] has no legal action")
    for field, array, counts in (
        ("logits", parity.logits, legal),
        ("value", parity.value, True),
        ("next_state", parity.next_state, True),
        ("observation", parity.observation, True),
    ):
        if array is not None and not np.isfinite(array[counts]).all():
            raise InvalidArgument(f"parity.{field} has values that are not finite")
