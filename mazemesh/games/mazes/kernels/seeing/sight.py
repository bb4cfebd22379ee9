"""Hiding what walls hide, where the settings ask for `line_of_sight`; `rays` defines sight."""

from __future__ import annotations

from mazemesh.games.mazes.kernels.compiling import routine
from mazemesh.games.mazes.kernels.seeing.rays import Rays
from mazemesh.games.mazes.kernels.state import ByteArray

_SOUTH, _VISITED = 1, 2


@routine
def hide(
    out: ByteArray,
    begin: int,
    planes: int,
    window: int,
    east: ByteArray,
    south: ByteArray,
    corner: int,
    rays: Rays,
) -> None:
    """Write the plane `seen`, the last of an observation at `begin`, and clear what is not.

    `corner` is where the window begins in the planes `east` and `south` of the maze.
    """
    area = window * window
    seen = begin + (planes - 1) * area
    for cell in range(area):
        out[seen + cell] = 255 if _is_seen(cell, window, east, south, corner, rays) else 0
    _hide_passages(out, begin, seen, window)
    for plane in range(_VISITED + 1, planes - 1):
        for cell in range(area):
            out[begin + plane * area + cell] &= out[seen + cell]
    edges = begin + planes * area
    for line in range(window):
        out[edges + line] &= out[seen + line]
        out[edges + window + line] &= out[seen + line * window]


@routine
def _is_seen(
    cell: int, window: int, east: ByteArray, south: ByteArray, corner: int, rays: Rays
) -> bool:
    for crossing in range(window - 1):
        if rays[cell, crossing, 0] < 0:
            return True
        one = _is_open(rays[cell, crossing, 0], east, south, corner)
        one &= _is_open(rays[cell, crossing, 1], east, south, corner)
        other = _is_open(rays[cell, crossing, 2], east, south, corner)
        other &= _is_open(rays[cell, crossing, 3], east, south, corner)
        if not (one or other):
            return False
    return True


@routine
def _is_open(code: int, east: ByteArray, south: ByteArray, corner: int) -> bool:
    index = corner + (code >> 1)
    return bool(south[index] if code & 1 else east[index])


@routine
def _hide_passages(out: ByteArray, begin: int, seen: int, window: int) -> None:
    """Of a passage between two cells it is enough to see one."""
    area = window * window
    for row in range(window):
        for column in range(window):
            cell = row * window + column
            here = out[seen + cell]
            beside = out[seen + cell + 1] if column < window - 1 else here
            below = out[seen + cell + window] if row < window - 1 else here
            out[begin + cell] &= here | beside
            out[begin + _SOUTH * area + cell] &= here | below
