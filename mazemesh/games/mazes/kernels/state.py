"""The arrays that the kernels work on. All are C-contiguous and made once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mazemesh.games.mazes.kernels.compiling import part
from mazemesh.games.mazes.kernels.philox import RNG_WORDS
from mazemesh.games.mazes.kernels.seeing.rays import draw_rays

BoolArray = npt.NDArray[np.bool_]
ByteArray = npt.NDArray[np.uint8]
Int8Array = npt.NDArray[np.int8]
Int16Array = npt.NDArray[np.int16]
IntArray = npt.NDArray[np.int32]
IndexArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]

# A row of a plane is copied in words of 8 bytes, so a read may pass the plane's end by 7.
OVERRUN = 8


class Parameters(NamedTuple):
    """The settings as the kernels take them.

    A padded plane shows a maze with a margin of half a window, and one cell more in the north and
    west: `plane` bytes in rows of `stride`. Unless `observed`, games with nothing but an exit write
    no observations.
    """

    height: int
    width: int
    window: int
    stride: int
    plane: int
    seats: int
    step_limit: int
    generator: int
    loops: float
    shaping: float
    shaping_discount: float
    may_stay: bool
    observation_size: int
    planes: int
    line_of_sight: bool
    items: int
    observed: bool = True


@part
def plane_index(row: int, column: int, p: Parameters) -> int:
    """Return where a cell stands in a padded plane."""
    margin = p.window // 2 + 1
    return (row + margin) * p.stride + column + margin


class State(NamedTuple):
    """The games of one engine; n = games, s = seats, D = observation size.

    Cells are numbered row * width + column from the north-west corner. The bits 1, 2, 4, 8 of a
    cell's `passages` are north, east, south, west. Arrays that are copied in words are flat. The
    planes `east`, `south` and `visited` hold what the observation's planes of that name show, with
    a margin, so that any window is a plain copy.
    """

    observation: ByteArray  # [n * s * D]
    final_observation: ByteArray  # [n * s * D]
    action_mask: ByteArray  # [n, s, 5]
    final_action_mask: ByteArray  # [n, s, 5]
    reward: FloatArray  # [n, s]
    score: FloatArray  # [n, s]
    episode_return: FloatArray  # [n, s]
    terminated: BoolArray  # [n]
    truncated: BoolArray  # [n]
    active: BoolArray  # [n]
    ended: IndexArray  # [n] the games that ended in the last step, the first k of them
    steps: IntArray  # [n]
    episode_steps: IntArray  # [n]
    taken: Int8Array  # [n, s]
    controller: Int8Array  # [n, s]
    next_controller: Int8Array  # [n, s]
    seed: npt.NDArray[np.uint64]  # [n]
    game_id: npt.NDArray[np.uint32]  # [n]
    episode: npt.NDArray[np.uint32]  # [n]
    rotation: IntArray  # [n]
    position: IntArray  # [n, s, 2] row, column
    heading: ByteArray  # [n, s] 0 = not moved yet, else the action of the last real move
    layer: ByteArray  # [n, s] seats hinder each other's moves on the same layer only
    exit: IntArray  # [n, 2] row, column
    passages: ByteArray  # [n, cells]
    distance: Int16Array  # [n, cells] steps to the exit, or to what else the rule looks for
    order: IntArray  # [n, cells + 1] the cells by their distance to the exit; written by a reset
    eccentricity: IntArray  # [n] greatest distance to the exit
    sides: ByteArray  # [cells] the directions in which the maze goes on, bits as in `passages`
    compass: ByteArray  # [max(height, width)] byte for a distance to the target
    rays: IntArray  # [window ** 2, window - 1, 4] what a line of sight crosses; see `sight`
    east: ByteArray  # [n * plane]
    south: ByteArray  # [n * plane]
    visited: ByteArray  # [n * s * plane]
    target: IntArray  # [s] scratch of a step: the wanted cell
    moving: BoolArray  # [s] scratch of a step
    potential: npt.NDArray[np.float64]  # [s] scratch of a step: before the moves
    rng: npt.NDArray[np.uint64]  # [n, 9] where the random numbers of a game's maze have come to
    first: IntArray  # [2 * cells] scratch of a reset
    second: IntArray  # [2 * cells] scratch of a reset


@part
def cell_of(p: Parameters, s: State, game: int, seat: int) -> int:
    """Return the cell that a seat stands on."""
    return int(s.position[game, seat, 0] * p.width + s.position[game, seat, 1])


def allocate(p: Parameters, n: int) -> State:
    """Return the zeroed arrays of n games."""
    seats, cells = p.seats, p.height * p.width
    side = max(p.height, p.width)
    return State(
        observation=np.zeros(n * seats * p.observation_size, np.uint8),
        final_observation=np.zeros(n * seats * p.observation_size, np.uint8),
        action_mask=np.zeros((n, seats, 5), np.uint8),
        final_action_mask=np.zeros((n, seats, 5), np.uint8),
        reward=np.zeros((n, seats), np.float32),
        score=np.zeros((n, seats), np.float32),
        episode_return=np.zeros((n, seats), np.float32),
        terminated=np.zeros(n, np.bool_),
        truncated=np.zeros(n, np.bool_),
        active=np.zeros(n, np.bool_),
        ended=np.zeros(n, np.int64),
        steps=np.zeros(n, np.int32),
        episode_steps=np.zeros(n, np.int32),
        taken=np.zeros((n, seats), np.int8),
        controller=np.full((n, seats), -1, np.int8),
        next_controller=np.full((n, seats), -1, np.int8),
        seed=np.zeros(n, np.uint64),
        game_id=np.zeros(n, np.uint32),
        episode=np.zeros(n, np.uint32),
        rotation=np.zeros(n, np.int32),
        position=np.zeros((n, seats, 2), np.int32),
        heading=np.zeros((n, seats), np.uint8),
        layer=np.zeros((n, seats), np.uint8),
        exit=np.zeros((n, 2), np.int32),
        passages=np.zeros((n, cells), np.uint8),
        distance=np.zeros((n, cells), np.int16),
        order=np.zeros((n, cells + 1), np.int32),
        eccentricity=np.zeros(n, np.int32),
        sides=_sides(p.height, p.width),
        compass=(np.arange(side) * 255 // (side - 1)).astype(np.uint8),
        rays=draw_rays(p.window if p.line_of_sight else 1, p.stride),
        east=np.zeros(n * p.plane, np.uint8),
        south=np.zeros(n * p.plane, np.uint8),
        visited=np.zeros(n * seats * p.plane, np.uint8),
        target=np.zeros(seats, np.int32),
        moving=np.zeros(seats, np.bool_),
        potential=np.zeros(seats, np.float64),
        rng=np.zeros((n, RNG_WORDS), np.uint64),
        first=np.zeros(2 * cells, np.int32),
        second=np.zeros(2 * cells, np.int32),
    )


def _sides(height: int, width: int) -> ByteArray:
    sides = np.zeros((height, width), np.uint8)
    sides[1:] |= 1
    sides[:, :-1] |= 2
    sides[:-1] |= 4
    sides[:, 1:] |= 8
    return sides.ravel()
