"""Kinds of agents: what they see and do, and whether policies see and do the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mazemesh.collecting.shown import Shown
from mazemesh.errors import FailedPrecondition, InvalidArgument
from mazemesh.games.spaces import (
    Box,
    LeafSpace,
    Space,
    leaves,
    mask_bytes,
    row_bytes,
    told,
)
from mazemesh.games.spaces.arrays import Column, action_columns, mask_columns, observation_columns
from mazemesh.names import shown as quoted
from mazemesh.policy.heads import logits_width
from services.model.inference.layout import Given, Layout

Array = npt.NDArray[Any]
Bytes = npt.NDArray[np.uint8]

_NEAR: Final = 1e-5
"""Bounds of actions that differ by less, relatively, are those of float32 and float64."""


@dataclass(frozen=True)
class Kind:
    """What agents of a kind see and do.

    Attributes:
        name: Of the kind.
        observation: What each sees.
        action: What each does.
        policy: Who plays them unless they say so; "" for nobody.
    """

    name: str
    observation: Space
    action: Space
    policy: str = ""

    @cached_property
    def shown(self) -> Shown:
        """Observations, masks and actions as arrays."""
        return Shown(self.observation, self.action)

    @cached_property
    def step_bytes(self) -> int:
        """Of a step of an agent, about."""
        seen = row_bytes(self.observation) + mask_bytes(self.action)
        return 2 * seen + row_bytes(self.action) + 4 * logits_width(self.action) + 512

    @cached_property
    def _seen(self) -> tuple[Column, ...]:
        return observation_columns(self.observation)

    @cached_property
    def _masks(self) -> tuple[Column, ...]:
        return mask_columns(self.action)

    def read(self, given: Sequence[Given], rows: int) -> tuple[Array, Bytes]:
        """Observations [rows, ...] and masks uint8 [rows, M], as `Shown` has them.

        Raises:
            InvalidArgument: a column is missing, unknown, twice there, of another type or length.
        """
        named = {one.name: one for one in given}
        known = (*self._seen, *self._masks)
        if len(named) < len(given) or (others := set(named) - {column.name for column in known}):
            wrong = quoted(min(others)) if len(named) == len(given) else "a column twice"
            raise InvalidArgument(
                f"columns of kind {self.name} has {wrong}; expected each of "
                f"{', '.join(column.name for column in known)} at most once"
            )
        arrays: dict[str, Array] = {}
        for column in known:
            one = named.get(column.name)
            if one is None:
                if column in self._seen:
                    raise InvalidArgument(f"columns of kind {self.name} has no {column.name!r}")
                arrays[column.name] = np.ones((rows, *column.shape), np.uint8)
            else:
                arrays[column.name] = _array(column, one, rows, self.name)
        return self.shown.pack(arrays, rows), self.shown.masks(arrays, rows)

    def unusable(self, observation: Array, mask: Bytes) -> npt.NDArray[np.bool_]:
        """Which rows nobody could act on: no finite number, or no legal choice; bool [n]."""
        bad = np.zeros(len(observation), np.bool_)
        for column in self.shown.observations(observation).values():
            if column.dtype.kind == "f":
                bad |= ~np.isfinite(column.reshape(len(column), -1)).all(axis=1)
        first = 0
        for leaf in leaves(self.action):
            for count in _choices(leaf.space):
                bad |= ~mask[:, first : first + count].any(axis=1)
                first += count
        return bad

    def check_learner(self, observation: Space, action: Space, whose: str) -> None:
        """Raises FailedPrecondition: a policy was trained on other spaces."""
        for what, own, other in (
            ("see", self.observation, observation),
            ("do", self.action, action),
        ):
            if not _alike(own, other, bounds=what == "do"):
                raise FailedPrecondition(
                    f"agents of kind {self.name} {what} {told(own)}, and {whose} was made for "
                    f"{told(other)}; both should be the same"
                )

    def check_layout(self, layout: Layout, whose: str) -> None:
        """Raises FailedPrecondition: a file takes or gives other columns."""
        wanted = {(c.name, c.dtype.name, c.shape) for c in (*self._seen, *self._masks)}
        there = {(c.name, c.dtype, c.shape) for c in layout.inputs if c.name != "state"}
        acts = {(c.name, c.dtype.name, c.shape) for c in action_columns(self.action)}
        done = {(c.name, c.dtype, c.shape) for c in layout.outputs[: layout.actions]}
        if wanted != there or acts != done:
            raise FailedPrecondition(
                f"agents of kind {self.name} see {told(self.observation)} and do "
                f"{told(self.action)}; {whose} takes {_listed(there)} and gives {_listed(done)}"
            )

    def columns(self, packed: Array) -> list[tuple[str, str, tuple[int, ...], bytes]]:
        """Actions [n] as columns: name, dtype, shape of a row, data."""
        return [
            (name, column.dtype.name, column.shape[1:], column.tobytes())
            for name, column in self.shown.actions(packed).items()
        ]


def _array(column: Column, given: Given, rows: int, kind: str) -> Array:
    dtype = column.dtype
    size = rows * dtype.itemsize * int(np.prod(column.shape))
    if given.dtype != dtype.name or len(given.data) != size:
        raise InvalidArgument(
            f"columns of kind {kind} has {given.name!r} of {given.dtype} with {len(given.data)} "
            f"bytes; expected {dtype.name} {list(column.shape)}, {size} bytes for {rows} rows"
        )
    return np.frombuffer(given.data, dtype).reshape(rows, *column.shape)


def _choices(space: LeafSpace) -> tuple[int, ...]:
    if not space.mask_size:
        return ()
    counts: tuple[int, ...] = getattr(space, "counts", (space.mask_size,))
    return counts


def _alike(one: Space, other: Space, *, bounds: bool) -> bool:
    """Whether two spaces have the same columns; of actions the bounds count too."""
    ours, theirs = leaves(one), leaves(other)
    if [leaf.name for leaf in ours] != [leaf.name for leaf in theirs]:
        return False
    return all(_same(a.space, b.space, bounds=bounds) for a, b in zip(ours, theirs, strict=True))


def _same(one: LeafSpace, other: LeafSpace, *, bounds: bool) -> bool:
    if not (isinstance(one, Box) and isinstance(other, Box)):
        return one == other
    if (one.shape, one.dtype) != (other.shape, other.dtype):
        return False
    return not bounds or all(
        np.allclose(
            np.broadcast_to(np.asarray(a), one.size),
            np.broadcast_to(np.asarray(b), one.size),
            rtol=_NEAR,
            atol=0,
        )
        for a, b in ((one.low, other.low), (one.high, other.high))
    )


def _listed(columns: set[tuple[str, str, tuple[int, ...]]]) -> str:
    return ", ".join(f"{name} {dtype} {list(shape)}" for name, dtype, shape in sorted(columns)[:8])
