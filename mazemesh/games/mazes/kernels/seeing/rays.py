"""Lines of sight in a window, as the passages that each of them crosses.

A cell is seen when the straight line between its centre and the player's crosses open passages
only. Where the line runs through a corner of cells, one of the two ways round the corner must be
open. So sight is mutual: who sees a cell is seen from there.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Rays = npt.NDArray[np.int32]


def draw_rays(window: int, stride: int) -> Rays:
    """Return the crossings of the line from the centre to each cell, int32 [w * w, w - 1, 4].

    A crossing (a, b, c, d) is open where a and b, or c and d, are. Each is 2 * i for bit i of the
    plane `east`, or 2 * i + 1 of `south`, i counted from the window's first cell in planes with
    rows of `stride`. A line with fewer crossings ends with -1.
    """
    rays = np.full((window * window, window - 1, 4), -1, np.int32)
    middle = window // 2
    for row in range(window):
        for column in range(window):
            crossings = _crossings(middle, row - middle, column - middle, stride)
            if crossings:
                rays[row * window + column, : len(crossings)] = crossings
    return rays


def _crossings(middle: int, down: int, right: int, stride: int) -> list[tuple[int, ...]]:
    """Return the crossings of a line by where they lie on it.

    Line i of the grid is crossed at (2 i + 1) / (2 |d|) of the way; both sides of the comparison
    are multiplied by 2 |down| |right|.
    """
    step_down, step_right = int(np.sign(down)), int(np.sign(right))
    rows, columns = 0, 0
    crossings: list[tuple[int, ...]] = []
    while rows < abs(down) or columns < abs(right):
        row, column = middle + rows * step_down, middle + columns * step_right
        next_row = (2 * rows + 1) * abs(right)
        next_column = (2 * columns + 1) * abs(down)
        if next_row == next_column:
            beside, below = column + step_right, row + step_down
            crossings.append(
                (
                    _east(row, min(column, beside), stride),
                    _south(min(row, below), beside, stride),
                    _south(min(row, below), column, stride),
                    _east(below, min(column, beside), stride),
                )
            )
            rows, columns = rows + 1, columns + 1
        elif next_row < next_column:
            crossings.append((_south(min(row, row + step_down), column, stride),) * 4)
            rows += 1
        else:
            crossings.append((_east(row, min(column, column + step_right), stride),) * 4)
            columns += 1
    return crossings


def _east(row: int, column: int, stride: int) -> int:
    return 2 * (row * stride + column)


def _south(row: int, column: int, stride: int) -> int:
    return 2 * (row * stride + column) + 1
