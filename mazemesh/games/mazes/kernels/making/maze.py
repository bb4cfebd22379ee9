"""Maze generation: four ways to carve a tree of passages, then loops.

The algorithms are the classical ones (Buck, Mazes for Programmers, 2015): recursive backtracker,
randomized Prim, randomized Kruskal and recursive division. Each leaves every cell reachable.
Directions are 0 north, 1 east, 2 south, 3 west throughout. A draw among one is no draw.
"""

from __future__ import annotations

import numpy as np

from mazemesh.games.mazes.kernels.compiling import part
from mazemesh.games.mazes.kernels.philox import Rng, below
from mazemesh.games.mazes.kernels.state import ByteArray, IntArray

_DFS, _PRIM, _KRUSKAL, _DIVISION, _MIXED = range(5)


@part
def carve(
    passages: ByteArray,
    sides: ByteArray,
    height: int,
    width: int,
    generator: int,
    loops: float,
    rng: Rng,
    first: IntArray,
    second: IntArray,
) -> None:
    """Write a new maze into `passages` [height * width].

    `sides` tells which neighbours a cell has; `first` and `second` are scratch, twice as long.
    """
    passages[:] = 0
    kind = below(rng, _MIXED) if generator == _MIXED else generator
    if kind == _DFS:
        _carve_dfs(passages, sides, width, rng, first)
    elif kind == _PRIM:
        _carve_prim(passages, sides, width, rng, first, second)
    elif kind == _KRUSKAL:
        _carve_kruskal(passages, height, width, rng, first, second)
    else:
        _divide(passages, height, width, rng, first)
    if loops > 0.0:
        _open_loops(passages, height, width, loops, rng, first)


@part
def neighbour(cell: int, direction: int, width: int) -> int:
    """Return the cell one step in a direction."""
    if direction == 0:
        return cell - width
    if direction == 1:
        return cell + 1
    if direction == 2:
        return cell + width
    return cell - 1


@part
def _join(passages: ByteArray, cell: int, direction: int, width: int) -> None:
    passages[cell] |= 1 << direction
    passages[neighbour(cell, direction, width)] |= 1 << ((direction + 2) % 4)


@part
def _carve_dfs(
    passages: ByteArray, sides: ByteArray, width: int, rng: Rng, stack: IntArray
) -> None:
    start = below(rng, sides.size)
    stack[0] = start
    depth = 1
    while depth:
        cell = stack[depth - 1]
        around = int(np.int64(sides[cell]))
        choices = 0  # two bits a direction
        count = 0
        for direction in range(4):
            # Without a branch, as none here could be predicted: outside means the cell itself.
            other = neighbour(cell, direction, width) if around >> direction & 1 else cell
            fresh = int((passages[other] == 0) & (other != start))
            choices |= (direction * fresh) << (2 * count)
            count += fresh
        if count == 0:
            depth -= 1
            continue
        chosen = below(rng, count) if count > 1 else 0
        direction = (choices >> (2 * chosen)) & 3
        _join(passages, cell, direction, width)
        stack[depth] = neighbour(cell, direction, width)
        depth += 1


@part
def _carve_prim(
    passages: ByteArray, sides: ByteArray, width: int, rng: Rng, frontier: IntArray, mark: IntArray
) -> None:
    """Join a random cell of the frontier to a random neighbour in the tree, until none is left."""
    cells = sides.size
    mark[:cells] = 0  # 1 = in the frontier, 2 = in the tree
    frontier[0] = below(rng, cells)
    size = 1
    while size:
        index = below(rng, size) if size > 1 else 0
        cell = frontier[index]
        size -= 1
        frontier[index] = frontier[size]
        mark[cell] = 2
        around = int(np.int64(sides[cell]))
        choices = 0
        count = 0
        for direction in range(4):
            inside = around >> direction & 1
            other = neighbour(cell, direction, width) if inside else cell
            joined = inside & int(mark[other] == 2)
            choices |= (direction * joined) << (2 * count)
            count += joined
            fresh = int(mark[other] == 0)
            mark[other] |= fresh
            frontier[size] = other
            size += fresh
        if count:
            chosen = below(rng, count) if count > 1 else 0
            _join(passages, cell, (choices >> (2 * chosen)) & 3, width)


@part
def _closed_walls(passages: ByteArray, height: int, width: int, walls: IntArray) -> int:
    """List the closed inner walls as 2 * cell (its east) or 2 * cell + 1 (its south)."""
    count = 0
    for row in range(height):
        for column in range(width):
            cell = row * width + column
            passages_here = int(np.int64(passages[cell]))
            walls[count] = 2 * cell
            count += int(column < width - 1) & ~(passages_here >> 1) & 1
            walls[count] = 2 * cell + 1
            count += int(row < height - 1) & ~(passages_here >> 2) & 1
    return count


@part
def _root(parent: IntArray, cell: int) -> int:
    while parent[cell] != cell:
        parent[cell] = parent[parent[cell]]
        cell = parent[cell]
    return cell


@part
def _carve_kruskal(
    passages: ByteArray, height: int, width: int, rng: Rng, walls: IntArray, parent: IntArray
) -> None:
    count = _closed_walls(passages, height, width, walls)
    for cell in range(height * width):
        parent[cell] = cell
    missing = height * width - 1
    index = 0
    while missing:
        wall = _draw_next(walls, index, count, rng)
        index += 1
        cell = wall // 2
        direction = wall % 2 + 1
        here = _root(parent, cell)
        there = _root(parent, neighbour(cell, direction, width))
        if here != there:
            parent[there] = here
            _join(passages, cell, direction, width)
            missing -= 1


@part
def _draw_next(items: IntArray, index: int, count: int, rng: Rng) -> int:
    """One step of a Fisher-Yates shuffle: swap a random one of the rest to `index`."""
    other = index + (below(rng, count - index) if count - index > 1 else 0)
    item = int(items[other])
    items[other] = items[index]
    items[index] = item
    return item


@part
def _divide(passages: ByteArray, height: int, width: int, rng: Rng, stack: IntArray) -> None:
    """Open everything, then split rectangles by walls with one gap until all are corridors.

    A rectangle on the stack is (row, column, height, width); at most cells / 2 wait at a time.
    """
    for row in range(height):
        for column in range(width):
            if column < width - 1:
                _join(passages, row * width + column, 1, width)
            if row < height - 1:
                _join(passages, row * width + column, 2, width)
    stack[0], stack[1], stack[2], stack[3] = 0, 0, height, width
    size = 4
    while size:
        size -= 4
        y, x, h, w = stack[size], stack[size + 1], stack[size + 2], stack[size + 3]
        if h < 2 or w < 2:
            continue
        lying = h > w or (h == w and below(rng, 2) == 0)
        span, across = (h, w) if lying else (w, h)
        wall = below(rng, span - 1) if span > 2 else 0
        gap = below(rng, across)
        for offset in range(across):
            if offset != gap:
                if lying:
                    _split(passages, (y + wall) * width + x + offset, 2, width)
                else:
                    _split(passages, (y + offset) * width + x + wall, 1, width)
        near, far = wall + 1, span - wall - 1
        if lying:
            stack[size], stack[size + 1], stack[size + 2], stack[size + 3] = y, x, near, w
            size += 4
            stack[size], stack[size + 1], stack[size + 2], stack[size + 3] = y + near, x, far, w
        else:
            stack[size], stack[size + 1], stack[size + 2], stack[size + 3] = y, x, h, near
            size += 4
            stack[size], stack[size + 1], stack[size + 2], stack[size + 3] = y, x + near, h, far
        size += 4


@part
def _split(passages: ByteArray, cell: int, direction: int, width: int) -> None:
    passages[cell] ^= 1 << direction
    passages[neighbour(cell, direction, width)] ^= 1 << ((direction + 2) % 4)


@part
def _open_loops(
    passages: ByteArray, height: int, width: int, loops: float, rng: Rng, walls: IntArray
) -> None:
    count = _closed_walls(passages, height, width, walls)
    opened = int(loops * count + 0.5)
    for index in range(opened):
        wall = _draw_next(walls, index, count, rng)
        _join(passages, wall // 2, wall % 2 + 1, width)
