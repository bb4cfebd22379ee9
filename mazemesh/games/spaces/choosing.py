"""What may stand in actions of any space: looked at, made legal, drawn at random."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games.spaces import Box, Discrete, MultiBinary, MultiDiscrete, Space
from mazemesh.games.spaces.arrays import Column, action_columns, action_dtype, mask_columns

Masks = Mapping[str, npt.NDArray[np.uint8]]


def check_actions(
    space: Space,
    actions: npt.NDArray[Any],
    awaited: npt.NDArray[np.bool_],
    field: str = "actions",
) -> None:
    """Refuses actions that are none, whatever a mask says.

    Args:
        space: Of the actions.
        actions: [games, seats] of `columns.action_dtype`.
        awaited: bool [games, seats], where they are read at all.
        field: Begins the error's sentence.

    Raises:
        InvalidArgument: A choice is out of its range, or a number is NaN; names game and seat.
    """
    for column in action_columns(space):
        values = actions[column.name] if actions.dtype.names else actions
        match column.space:
            case Box():
                # In an integer's element type there is no NaN.
                if column.dtype.kind != "f":
                    continue
                wrong, why = np.isnan(values), "is no number"
            case Discrete(n=count):
                wrong, why = (values < 0) | (values >= count), f"is outside 0..{count - 1}"
            case MultiDiscrete(counts=counts):
                wrong = (values < 0) | (values >= np.array(counts))
                why = f"is outside its part of {' x '.join(map(str, counts[:16]))} choices"
            case MultiBinary():
                wrong, why = values > 1, "is neither 0 nor 1"
        wrong = wrong & awaited.reshape(awaited.shape + (1,) * (values.ndim - awaited.ndim))
        if wrong.any():
            place = tuple(np.argwhere(wrong)[0].tolist())
            name = field if len(action_columns(space)) == 1 else f"{field} ({column.name})"
            raise InvalidArgument(f"{name}{list(place)}: {values[place]} {why}")


def make_legal(space: Space, actions: npt.NDArray[Any], masks: Masks) -> npt.NDArray[Any]:
    """The same actions where they are legal, and what is played in place of the others.

    A choice that its mask forbids, or that is out of range, becomes the first legal one. Numbers of
    a box are taken into its bounds, NaN to 0 or the nearest bound; what is not 0 counts as 1 in a
    `MultiBinary`.

    Args:
        space: Of the actions.
        actions: [...] of `columns.action_dtype`.
        masks: uint8 [..., entries] by column; each choice has a legal one.
    """
    legal: npt.NDArray[Any] = actions.copy()
    for column in action_columns(space):
        values = legal[column.name] if legal.dtype.names else legal
        match column.space:
            case Box() as box:
                low, high = _bounds(box)
                values[...] = np.clip(np.nan_to_num(values, copy=False), low, high)
            case Discrete():
                values[...] = _choice(values, masks[_mask_name(column)])
            case MultiDiscrete(counts=counts):
                mask = masks[_mask_name(column)]
                begin = 0
                for part, count in enumerate(counts):
                    own = mask[..., begin : begin + count]
                    values[..., part] = _choice(values[..., part], own)
                    begin += count
            case MultiBinary():
                values[...] = values != 0
    return legal


def draw_action(space: Space, masks: Masks, rng: np.random.Generator) -> npt.NDArray[Any]:
    """A legal action at random, [] of `columns.action_dtype`.

    Choices are equally likely, and so are numbers within bounds; where one bound is missing the
    distance to the other is exponential with mean 1, where both are it is normal (mean 0, deviation
    1), as Gymnasium samples.

    Args:
        space: Of the actions.
        masks: uint8 [entries] by column, of the seat.
        rng: What draws.
    """
    drawn = np.zeros((), action_dtype(space))
    for column in action_columns(space):
        values = _draw(column, masks, rng)
        if drawn.dtype.names:
            drawn[column.name] = values
        else:
            drawn[...] = values
    return drawn


def legal_masks(space: Space, lead: tuple[int, ...] = ()) -> dict[str, npt.NDArray[np.uint8]]:
    """Masks that forbid nothing, [*lead, entries] by column."""
    return {
        column.name: np.ones((*lead, *column.shape), np.uint8) for column in mask_columns(space)
    }


def _draw(column: Column, masks: Masks, rng: np.random.Generator) -> Any:
    match column.space:
        case Discrete():
            return rng.choice(np.flatnonzero(masks[_mask_name(column)]))
        case MultiDiscrete(counts=counts):
            parts = np.split(masks[_mask_name(column)], np.cumsum(counts)[:-1])
            return [rng.choice(np.flatnonzero(part)) for part in parts]
        case MultiBinary():
            return rng.integers(0, 2, column.shape)
        case Box() as box:
            return _draw_numbers(box, column.dtype, rng)


def _draw_numbers(box: Box, dtype: np.dtype[Any], rng: np.random.Generator) -> npt.NDArray[Any]:
    low, high = (np.broadcast_to(side, box.shape).astype(np.float64) for side in _bounds(box))
    below, above = np.isfinite(low), np.isfinite(high)
    whole = dtype.kind != "f"
    safe_low, safe_high = np.where(below, low, 0.0), np.where(above, high, 0.0)
    width = np.maximum(safe_high - safe_low, 0.0) + whole
    values = np.where(
        below & above,
        safe_low + rng.random(box.shape) * width,
        np.where(
            below,
            safe_low + rng.exponential(size=box.shape),
            np.where(
                above, safe_high - rng.exponential(size=box.shape), rng.normal(size=box.shape)
            ),
        ),
    )
    drawn: npt.NDArray[Any] = np.clip(np.floor(values) if whole else values, low, high)
    return drawn.astype(dtype)


@lru_cache(maxsize=256)
def _bounds(box: Box) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Both bounds as arrays that broadcast with its shape, of its element type."""
    dtype = np.dtype(box.dtype)
    kind = np.float32 if dtype.kind == "f" else np.float64
    sides = []
    for side in (box.low, box.high):
        array = np.array(side, kind)
        sides.append(array.reshape(box.shape) if len(side) > 1 else array.reshape(()))
    return sides[0], sides[1]


def _choice(values: npt.NDArray[Any], mask: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    count = mask.shape[-1]
    inside = (values >= 0) & (values < count)
    kept = np.where(inside, values, 0)
    allowed = np.take_along_axis(mask, kept[..., None].astype(np.intp), -1)[..., 0] != 0
    first: npt.NDArray[Any] = mask.argmax(axis=-1)
    return np.where(inside & allowed, values, first)


def _mask_name(column: Column) -> str:
    return column.name.replace("action", "action_mask", 1)
