"""The arrays that an engine and its workers share."""

from __future__ import annotations

import math
import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.games.foreign.seats.description import Description
from mazemesh.games.foreign.seats.rows import Rows
from mazemesh.games.spaces.arrays import (
    action_dtype,
    mask_columns,
    observation_columns,
    state_columns,
)

_ALIGNMENT = 64


@dataclass(frozen=True, slots=True)
class Arrays:
    """The state of n games of s seats, as `mazemesh.games.engine.Engine` describes it.

    What is seen, masks and states are tuples, a column each; there are states only where they were
    asked for. `actions` [n, s] of `columns.action_dtype` is what the caller sends; `lost` bool [n]
    tells whose episode the last step lost because the environment failed; `success` bool [n, s]
    which seats of the games that it ended did what the game is about. `pulse` int64 [n] tells at
    the first game of each worker how many calls of environments it has begun: twice that, and 1
    more where the last is no step.
    """

    observation: tuple[npt.NDArray[Any], ...]
    final_observation: tuple[npt.NDArray[Any], ...]
    action_mask: tuple[npt.NDArray[np.uint8], ...]
    final_action_mask: tuple[npt.NDArray[np.uint8], ...]
    state: tuple[npt.NDArray[Any], ...]
    final_state: tuple[npt.NDArray[Any], ...]
    reward: npt.NDArray[np.float32]
    score: npt.NDArray[np.float32]
    episode_return: npt.NDArray[np.float32]
    terminated: npt.NDArray[np.bool_]
    truncated: npt.NDArray[np.bool_]
    lost: npt.NDArray[np.bool_]
    seat_status: npt.NDArray[np.uint8]
    success: npt.NDArray[np.bool_]
    active: npt.NDArray[np.bool_]
    steps: npt.NDArray[np.int32]
    episode_steps: npt.NDArray[np.int32]
    acting: npt.NDArray[np.bool_]
    actions: npt.NDArray[Any]
    taken: npt.NDArray[Any]
    controller: npt.NDArray[np.int8]
    next_controller: npt.NDArray[np.int8]
    seed: npt.NDArray[np.uint64]
    game_id: npt.NDArray[np.uint32]
    episode: npt.NDArray[np.uint32]
    rotation: npt.NDArray[np.int32]
    pulse: npt.NDArray[np.int64]

    def rows(self, game: int) -> Rows:
        """Those of one game."""
        return Rows(
            observation=tuple(column[game] for column in self.observation),
            mask=tuple(column[game] for column in self.action_mask),
            acting=self.acting[game],
            reward=self.reward[game],
            status=self.seat_status[game],
            # Of a column without dimensions an entry is no view.
            state=tuple(column[game, ...] for column in self.state),
        )

    def keep_last(self, game: int) -> None:
        """Copies what a game shows to what its episode showed last."""
        for now, last in (
            (self.observation, self.final_observation),
            (self.action_mask, self.final_action_mask),
            (self.state, self.final_state),
        ):
            for column, kept in zip(now, last, strict=True):
                kept[game] = column[game]


class SharedMemory:
    """Anonymous memory that child processes map by its descriptor; freed when all let go of it."""

    def __init__(self, description: Description, num_games: int, *, with_state: bool) -> None:
        self._descriptor = os.memfd_create("mazemesh-foreign-game")
        os.ftruncate(self._descriptor, _size(description, num_games, with_state))
        self.arrays = map_arrays(self._descriptor, description, num_games, with_state=with_state)

    @property
    def descriptor(self) -> int:
        """What a child inherits."""
        return self._descriptor

    def close(self) -> None:
        """Gives up the descriptor; the arrays stay as long as somebody has them."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def map_arrays(
    descriptor: int, description: Description, num_games: int, *, with_state: bool
) -> Arrays:
    """The arrays in the memory of a descriptor."""
    memory = mmap.mmap(descriptor, _size(description, num_games, with_state))
    arrays: dict[str, Any] = dict.fromkeys(_COLUMNS, ())
    for name, dtype, shape, offset, _ in _layout(description, num_games, with_state):
        array = np.frombuffer(memory, dtype, math.prod(shape), offset).reshape(shape)
        arrays[name] = (*arrays[name], array) if name in _COLUMNS else array
    return Arrays(**arrays)


def shared_bytes(description: Description, num_games: int, *, with_state: bool) -> int:
    """Bytes of the arrays of so many games."""
    return _size(description, num_games, with_state)


def _size(description: Description, num_games: int, with_state: bool) -> int:
    return max(end for *_, end in _layout(description, num_games, with_state))


_COLUMNS = (
    *("observation", "final_observation", "action_mask", "final_action_mask"),
    *("state", "final_state"),
)
"""Arrays of which there is one for each column."""

_Field = tuple[str, np.dtype[Any], tuple[int, ...]]


def _fields(description: Description, num_games: int, with_state: bool) -> Iterator[_Field]:
    n, s = num_games, description.seats
    for name in ("observation", "final_observation"):
        for column in observation_columns(description.observation_space):
            yield name, column.dtype, (n, s, *column.shape)
    for name in ("action_mask", "final_action_mask"):
        for column in mask_columns(description.action_space):
            yield name, column.dtype, (n, s, *column.shape)
    if with_state and description.state_space is not None:
        for name in ("state", "final_state"):
            for column in state_columns(description.state_space):
                yield name, column.dtype, (n, *column.shape)
    action = action_dtype(description.action_space)
    names: dict[tuple[Any, tuple[int, ...]], tuple[str, ...]] = {
        (np.float32, (n, s)): ("reward", "score", "episode_return"),
        (np.bool_, (n, s)): ("success", "acting"),
        (np.uint8, (n, s)): ("seat_status",),
        (np.int8, (n, s)): ("controller", "next_controller"),
        (np.bool_, (n,)): ("terminated", "truncated", "lost", "active"),
        (np.int32, (n,)): ("steps", "episode_steps", "rotation"),
        (np.int64, (n,)): ("pulse",),
        (np.uint64, (n,)): ("seed",),
        (np.uint32, (n,)): ("game_id", "episode"),
    }
    for name in ("actions", "taken"):
        yield name, action, (n, s)
    for (kind, shape), own in names.items():
        for name in own:
            yield name, np.dtype(kind), shape


def _layout(
    description: Description, num_games: int, with_state: bool
) -> Iterator[tuple[str, np.dtype[Any], tuple[int, ...], int, int]]:
    """Name, dtype, shape, offset and end of each array."""
    offset = 0
    for name, dtype, shape in _fields(description, num_games, with_state):
        end = offset + dtype.itemsize * math.prod(shape)
        yield name, dtype, shape, offset, end
        offset = -(-end // _ALIGNMENT) * _ALIGNMENT
