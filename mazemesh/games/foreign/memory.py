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

from mazemesh.games.foreign.description import Description

_ALIGNMENT = 64


@dataclass(frozen=True, slots=True)
class Arrays:
    """The state of n games of s seats, as `mazemesh.games.mazes.engine.BatchEngine` describes it.

    `actions` int8 [n, s] is what the caller sends; `lost` bool [n] tells whose episode the last
    step lost because the environment failed; `success` bool [n, s] which seats of the games that it
    ended did what the game is about. `pulse` int64 [n] tells at the first game of each worker how
    many calls of environments it has begun: twice that, and 1 more where the last is no step.
    """

    observation: npt.NDArray[Any]
    final_observation: npt.NDArray[Any]
    action_mask: npt.NDArray[np.uint8]
    final_action_mask: npt.NDArray[np.uint8]
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
    actions: npt.NDArray[np.int8]
    taken: npt.NDArray[np.int8]
    controller: npt.NDArray[np.int8]
    next_controller: npt.NDArray[np.int8]
    seed: npt.NDArray[np.uint64]
    game_id: npt.NDArray[np.uint32]
    episode: npt.NDArray[np.uint32]
    rotation: npt.NDArray[np.int32]
    pulse: npt.NDArray[np.int64]


class SharedMemory:
    """Anonymous memory that child processes map by its descriptor; freed when all let go of it."""

    def __init__(self, description: Description, num_games: int) -> None:
        self._descriptor = os.memfd_create("mazemesh-foreign-game")
        os.ftruncate(self._descriptor, _size(description, num_games))
        self.arrays = map_arrays(self._descriptor, description, num_games)

    @property
    def descriptor(self) -> int:
        """What a child inherits."""
        return self._descriptor

    def close(self) -> None:
        """Gives up the descriptor; the arrays stay as long as somebody has them."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def map_arrays(descriptor: int, description: Description, num_games: int) -> Arrays:
    """The arrays in the memory of a descriptor."""
    memory = mmap.mmap(descriptor, _size(description, num_games))
    arrays: dict[str, Any] = {}
    for name, dtype, shape, offset, _ in _layout(description, num_games):
        count = math.prod(shape)
        arrays[name] = np.frombuffer(memory, dtype, count, offset).reshape(shape)
    return Arrays(**arrays)


def shared_bytes(description: Description, num_games: int) -> int:
    """Bytes of the arrays of so many games."""
    return _size(description, num_games)


def _size(description: Description, num_games: int) -> int:
    return max(end for *_, end in _layout(description, num_games))


def _layout(
    description: Description, num_games: int
) -> Iterator[tuple[str, np.dtype[Any], tuple[int, ...], int, int]]:
    """Name, dtype, shape, offset and end of each array."""
    n, s = num_games, description.seats
    views = np.dtype(description.observation_dtype), (n, s, description.observation_size)
    masks = np.dtype(np.uint8), (n, s, description.num_actions)
    numbers = np.dtype(np.float32), (n, s)
    flags = np.dtype(np.bool_), (n,)
    counts = np.dtype(np.int32), (n,)
    codes = np.dtype(np.int8), (n, s)
    fields: dict[str, tuple[np.dtype[Any], tuple[int, ...]]] = {
        **dict.fromkeys(("observation", "final_observation"), views),
        **dict.fromkeys(("action_mask", "final_action_mask"), masks),
        **dict.fromkeys(("reward", "score", "episode_return"), numbers),
        **dict.fromkeys(("terminated", "truncated", "lost", "active"), flags),
        **dict.fromkeys(("steps", "episode_steps", "rotation"), counts),
        "success": (np.dtype(np.bool_), (n, s)),
        **dict.fromkeys(("actions", "taken", "controller", "next_controller"), codes),
        "seat_status": (np.dtype(np.uint8), (n, s)),
        "pulse": (np.dtype(np.int64), (n,)),
        "seed": (np.dtype(np.uint64), (n,)),
        **dict.fromkeys(("game_id", "episode"), (np.dtype(np.uint32), (n,))),
    }
    offset = 0
    for name, (dtype, shape) in fields.items():
        end = offset + dtype.itemsize * math.prod(shape)
        yield name, dtype, shape, offset, end
        offset = -(-end // _ALIGNMENT) * _ALIGNMENT
