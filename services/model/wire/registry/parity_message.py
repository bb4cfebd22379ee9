"""The parity check of a header as arrays, checked against each other and the game."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSpec
from mazemesh.games.spaces import ITEM_SIZES
from mazemesh.games.spaces.arrays import mask_columns, observation_columns
from mazemesh.policy.heads import heads, output_widths
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1 import tensor_pb2
from mazemesh.wire.tensors import from_tensor
from services.model.validation.parity import Parity

Array = npt.NDArray[Any]

MAX_ROWS: Final = 4096
"""More would cost time and tell little."""


MOST_TENSORS: Final = 256
"""Of `inputs` and `outputs` together: more than there can be leaves of all kinds."""


def read_parity(message: pb.ParityCheck, spec: GameSpec | None) -> Parity:
    """The rows that a file is checked against; `spec` is the game's, when the header names one.

    Raises:
        InvalidArgument: no rows, tensors that do not fit each other or the game, a row without a
            legal action, or an expected value that is not finite.
    """
    given, expected, rows = _tensors(message)
    if spec:
        _check_game(given, expected, spec)
    heads_of = {name: _mask_of(name) for name in expected}
    masks = {name: mask for name, mask in heads_of.items() if mask in given}
    for name, mask in masks.items():
        if given[mask].shape != expected[name].shape:
            raise InvalidArgument(
                f"parity.{name} is float32 {list(expected[name].shape)}; expected "
                f"{list(given[mask].shape)}, as {mask} has it"
            )
    choices = _choices(spec)
    for mask in masks.values():
        _check_mask(mask, given[mask], choices.get(mask, (given[mask].shape[1],)))
    if message.HasField("state") or message.HasField("next_state"):
        given["state"] = _read(message.state, "state", "float32", (rows, -1))
        shape = given["state"].shape
        expected["next_state"] = _read(message.next_state, "next_state", "float32", shape)
    expected["value"] = _read(message.value, "value", "float32", (rows,))
    told = {name: choices[mask] for name, mask in masks.items() if mask in choices}
    parity = Parity(given, expected, masks, told)
    _check_finite(parity)
    return parity


def _tensors(message: pb.ParityCheck) -> tuple[dict[str, Array], dict[str, Array], int]:
    """Observations and masks, what is answered about actions, and the number of rows."""
    if not (message.inputs or message.outputs):
        fields = {"observation": message.observation, "action_mask": message.action_mask}
        inputs, outputs = fields, {"logits": message.logits}
    else:
        inputs, outputs = dict(message.inputs), dict(message.outputs)
        if len(inputs) + len(outputs) > MOST_TENSORS:
            raise InvalidArgument(
                f"parity has {len(inputs)} inputs and {len(outputs)} outputs; at most "
                f"{MOST_TENSORS} in all are allowed"
            )
    rows = 0
    given: dict[str, Array] = {}
    # Observations come first: they say how many rows there are.
    for name in sorted(inputs, key=lambda name: (not name.startswith("observation"), name)):
        wanted = "uint8" if name.startswith("action_mask") else ""
        shape = (rows, -1) if wanted else None
        if not (wanted or message.inputs):  # one vector, as it always was
            float_comes = inputs[name].dtype == tensor_pb2.DATA_TYPE_FLOAT32
            wanted, shape = "float32" if float_comes else "uint8", (-1, -1)
        given[name] = _read(inputs[name], name, wanted, shape)
        if not given[name].ndim or (rows and len(given[name]) != rows):
            raise InvalidArgument(
                f"parity.{name} is {list(given[name].shape)}; expected [{rows or 'n'}, ...]"
            )
        rows = len(given[name])
        _check_rows(name, rows)
    if not rows:
        raise InvalidArgument("parity.observation is not there; at least one row is needed")
    expected = {name: _read(one, name, "float32", (rows, -1)) for name, one in outputs.items()}
    return given, expected, rows


def _check_rows(name: str, rows: int) -> None:
    if not rows:
        raise InvalidArgument(f"parity.{name} has no rows; at least one is needed")
    if rows > MAX_ROWS:
        raise InvalidArgument(f"parity.{name} has {rows} rows; at most {MAX_ROWS} are allowed")


def _read(
    message: tensor_pb2.Tensor, name: str, dtype: str, shape: tuple[int, ...] | None
) -> Array:
    """A tensor of this element type ("": any that observations have) and shape (-1: any size)."""
    field = f"parity.{name}"
    array = from_tensor(message, field)
    fits = shape is None or (
        len(array.shape) == len(shape)
        and all(wanted in (-1, size) for wanted, size in zip(shape, array.shape, strict=True))
    )
    known = array.dtype.name == dtype or (not dtype and array.dtype.name in ITEM_SIZES)
    if not known or not fits:
        sizes = ", ".join("n" if size < 0 else str(size) for size in shape or (-1, -1))
        raise InvalidArgument(
            f"{field} is {array.dtype.name} {list(array.shape)}; expected "
            f"{dtype or 'uint8 or float32'} [{sizes}]"
        )
    return array


def _mask_of(output: str) -> str:
    """The mask of an output, by their names."""
    kind, _, path = output.partition(".")
    if kind != "logits":
        return ""
    return f"action_mask.{path}" if path else "action_mask"


def _choices(spec: GameSpec | None) -> dict[str, tuple[int, ...]]:
    """How many there are to choose from in each part, by mask."""
    return {head.mask: head.choices for head in heads(spec.action_space)} if spec else {}


def _check_game(given: dict[str, Array], expected: dict[str, Array], spec: GameSpec) -> None:
    seen = (*observation_columns(spec.observation_space), *mask_columns(spec.action_space))
    wanted = {column.name: (column.dtype.name, column.shape) for column in seen}
    answers = {
        name: ("float32", (width,)) for name, width in output_widths(spec.action_space).items()
    }
    for what, found, names in (("inputs", given, wanted), ("outputs", expected, answers)):
        if set(found) != set(names):
            raise InvalidArgument(
                f"parity has the {what} {sorted(found)}; game {spec.name} with these settings has "
                f"{sorted(names)}"
            )
        for name, (dtype, shape) in names.items():
            array = found[name]
            if array.shape[1:] != shape or array.dtype.name != dtype:
                sizes = ", ".join(map(str, ("n", *shape)))
                raise InvalidArgument(
                    f"parity.{name} is {array.dtype.name} {list(array.shape)}; game {spec.name} "
                    f"with these settings has {dtype} [{sizes}]"
                )


def _check_mask(name: str, mask: Array, choices: tuple[int, ...]) -> None:
    legal = mask == 1
    if not (legal | (mask == 0)).all():
        raise InvalidArgument(f"parity.{name} has the value {mask.max()}; expected 0 or 1")
    first = 0
    for count in choices:
        possible = legal[:, first : first + count].any(axis=1)
        if not possible.all():
            raise InvalidArgument(f"parity.{name}[{int(np.argmin(possible))}] has no legal action")
        first += count


def _check_finite(parity: Parity) -> None:
    for field, array in (*parity.expected.items(), *parity.given.items()):
        mask = parity.masks.get(field)
        counted = array if mask is None else array[parity.given[mask] == 1]
        if field != "state" and not np.isfinite(counted).all():
            raise InvalidArgument(f"parity.{field} has values that are not finite")
