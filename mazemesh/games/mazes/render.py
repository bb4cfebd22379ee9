"""Drawings of a maze: text for terminals, pixels for videos."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# Indexed by the walls that meet at a corner: 1 up, 2 right, 4 down, 8 left.
_CORNERS = " ╵╶└╷│┌├╴┘─┴┐┤┬┼"
_GOAL, _ITEM, _TRAIL = "◆", "*", "·"
_NORTH, _EAST, _SOUTH, _WEST = 1, 2, 4, 8
_PIXELS = 16
_WALL_COLOUR, _TRAIL_COLOUR = (40, 40, 40), (220, 226, 240)
_GOAL_COLOUR, _ITEM_COLOUR = (46, 160, 67), (240, 180, 0)
_PLAYER_COLOURS = (
    (31, 111, 235),
    (218, 54, 51),
    (191, 135, 0),
    (130, 80, 223),
    (9, 132, 132),
    (207, 34, 122),
    (110, 119, 129),
    (150, 84, 30),
)

Cell = Sequence[int] | npt.NDArray[np.int32]
Passages = npt.NDArray[np.uint8]
Visits = npt.NDArray[np.uint8]


def draw_text(
    passages: Passages,
    goals: Cell | Sequence[Cell],
    players: Sequence[Cell],
    visits: Visits | None = None,
    items: Sequence[Cell] = (),
) -> str:
    """Draw a maze in box-drawing characters, 2 * height + 1 lines.

    Args:
        passages: uint8 [height, width], bits 1, 2, 4, 8 = open to north, east, south, west.
        goals: Row and column of the exit, or of each base; shown as diamonds.
        players: Row and column of each seat, shown as its number from 1, over all else.
        visits: [height, width], more than 0 where a dot shows the own trail.
        items: Row and column of each thing that lies there; shown as stars.
    """
    height, width = passages.shape
    signs = np.full((height, width), " ")
    if visits is not None:
        signs[visits > 0] = _TRAIL
    for row, column in _cells(goals):
        signs[row, column] = _GOAL
    for row, column in _cells(items):
        signs[row, column] = _ITEM
    for seat, cell in enumerate(players):
        signs[cell[0], cell[1]] = str(seat + 1)
    beside, above = _walls(passages)
    lines = []
    for row in range(height + 1):
        lines.append(_border_line(beside, above, row))
        if row < height:
            cells = [f"{'│' if beside[row, x] else ' '} {signs[row, x]} " for x in range(width)]
            lines.append("".join(cells) + ("│" if beside[row, width] else " "))
    return "\n".join(lines)


def draw_pixels(
    passages: Passages,
    goals: Cell | Sequence[Cell],
    players: Sequence[Cell],
    visits: Visits | None = None,
    items: Sequence[Cell] = (),
) -> npt.NDArray[np.uint8]:
    """Draw a maze as RGB, uint8 [16 * height + 1, 16 * width + 1, 3]; arguments as `draw_text`."""
    height, width = passages.shape
    image = np.full((height * _PIXELS + 1, width * _PIXELS + 1, 3), 255, np.uint8)

    def fill(row: int, column: int, margin: int, colour: tuple[int, int, int]) -> None:
        top, left = row * _PIXELS, column * _PIXELS
        inner = slice(top + margin, top + _PIXELS + 1 - margin)
        image[inner, left + margin : left + _PIXELS + 1 - margin] = colour

    if visits is not None:
        for row, column in np.argwhere(visits > 0):
            fill(int(row), int(column), 0, _TRAIL_COLOUR)
    for row, column in _cells(goals):
        fill(row, column, 2, _GOAL_COLOUR)
    for row, column in _cells(items):
        fill(row, column, 6, _ITEM_COLOUR)
    for seat, cell in enumerate(players):
        fill(int(cell[0]), int(cell[1]), 4, _PLAYER_COLOURS[seat])
    beside, above = _walls(passages)
    for row, column in np.argwhere(beside):
        begin = row * _PIXELS
        image[begin : begin + _PIXELS + 1, column * _PIXELS] = _WALL_COLOUR
    for row, column in np.argwhere(above):
        begin = column * _PIXELS
        image[row * _PIXELS, begin : begin + _PIXELS + 1] = _WALL_COLOUR
    return image


def _cells(cells: Cell | Sequence[Cell]) -> list[list[int]]:
    """Return one cell or several as a list of (row, column)."""
    listed: list[list[int]] = np.reshape(np.asarray(cells, np.int64), (-1, 2)).tolist()
    return listed


def _walls(passages: Passages) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return walls in the west [height, width + 1] and north [height + 1, width] of the cells."""
    height, width = passages.shape
    beside = np.ones((height, width + 1), np.bool_)
    beside[:, 1:] = passages & _EAST == 0
    above = np.ones((height + 1, width), np.bool_)
    above[1:] = passages & _SOUTH == 0
    return beside, above


def _border_line(beside: npt.NDArray[np.bool_], above: npt.NDArray[np.bool_], row: int) -> str:
    """Return the line of corners and walls above a row of cells."""
    height, width = beside.shape[0], above.shape[1]
    line = ""
    for column in range(width + 1):
        corner = _NORTH * (row > 0 and beside[row - 1, column])
        corner += _EAST * (column < width and above[row, column])
        corner += _SOUTH * (row < height and beside[row, column])
        corner += _WEST * (column > 0 and above[row, column - 1])
        line += _CORNERS[int(corner)]
        if column < width:
            line += "───" if above[row, column] else "   "
    return line
