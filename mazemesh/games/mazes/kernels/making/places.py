"""The exit, walking distances to it, and start places that are fair by them."""

from __future__ import annotations

from mazemesh.games.mazes.kernels.compiling import part
from mazemesh.games.mazes.kernels.making.maze import neighbour
from mazemesh.games.mazes.kernels.philox import Rng, below
from mazemesh.games.mazes.kernels.state import ByteArray, Int16Array, IntArray


@part
def measure(
    passages: ByteArray, width: int, goal: int, distance: Int16Array, queue: IntArray
) -> None:
    """Write each cell's walking distance to the goal.

    `queue` lists the cells by distance; it has room for one more.
    """
    queue[0] = goal
    measure_from(passages, width, 1, distance, queue)


@part
def measure_from(
    passages: ByteArray, width: int, goals: int, distance: Int16Array, queue: IntArray
) -> None:
    """Write each cell's walking distance to the nearest of the first `goals` cells of `queue`."""
    distance[:] = -1
    for index in range(goals):
        distance[queue[index]] = 0
    tail = goals
    for head in range(distance.size):
        cell = queue[head]
        beyond = distance[cell] + 1
        for direction in range(4):
            # Without a branch, as none here could be predicted: closed means the cell itself.
            other = neighbour(cell, direction, width) if passages[cell] >> direction & 1 else cell
            fresh = distance[other] < 0
            distance[other] = beyond if fresh else distance[other]
            queue[tail] = other
            tail += int(fresh)


@part
def draw_starts(distance: Int16Array, queue: IntArray, seats: int, rng: Rng) -> int:
    """Draw the start places; return i so that place p is cell `queue[i + p]`.

    All places are at one distance from the exit, at least half of the greatest, where such cells
    exist. Otherwise the spread of their distances is as small as the maze allows. The cells of
    `queue` are reordered.
    """
    cells = distance.size
    greatest = distance[queue[cells - 1]]
    lowest = 0
    while 2 * distance[queue[lowest]] < greatest:
        lowest += 1
    lowest = min(lowest, cells - seats)
    index = _draw_window(distance, queue, lowest, seats, rng)
    last = index + seats
    nearest = distance[queue[index]]
    if nearest == distance[queue[last - 1]]:
        while index > lowest and distance[queue[index - 1]] == nearest:
            index -= 1
        while last < cells and distance[queue[last]] == nearest:
            last += 1
    for place in range(seats):
        rest = last - index - place
        other = index + place + (below(rng, rest) if rest > 1 else 0)
        cell = queue[other]
        queue[other] = queue[index + place]
        queue[index + place] = cell
    return index


@part
def _draw_window(distance: Int16Array, queue: IntArray, lowest: int, seats: int, rng: Rng) -> int:
    """Draw one of the runs of `seats` cells in `queue` whose distances differ least."""
    least = 1 << 20
    count = 0
    for index in range(lowest, distance.size - seats + 1):
        spread = distance[queue[index + seats - 1]] - distance[queue[index]]
        if spread < least:
            least = spread
            count = 0
        if spread == least:
            count += 1
    remaining = below(rng, count) if count > 1 else 0
    for index in range(lowest, distance.size - seats + 1):
        if distance[queue[index + seats - 1]] - distance[queue[index]] == least:
            if remaining == 0:
                return index
            remaining -= 1
    return lowest
