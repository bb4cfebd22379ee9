"""Who sees what, by exact geometry."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from mazemesh.games.mazes.reference.maze import Cell, Maze


def sees(maze: Maze, me: Cell, other: Cell) -> bool:
    """Return whether the line between two cells' centres crosses open passages only."""
    if me not in maze or other not in maze:
        return False
    down, right = other[0] - me[0], other[1] - me[1]
    # A line crosses the border behind row i of its way at (i + 1/2) / |down|, likewise for columns.
    rows = {Fraction(2 * i + 1, 2 * abs(down)) for i in range(abs(down))}
    columns = {Fraction(2 * i + 1, 2 * abs(right)) for i in range(abs(right))}
    here = me
    for when in sorted(rows | columns):
        below = (here[0] + (1 if down > 0 else -1), here[1])
        beside = (here[0], here[1] + (1 if right > 0 else -1))
        if when in rows and when in columns:
            corner = (below[0], beside[1])
            ways = [[here, below, corner], [here, beside, corner]]
        else:
            ways = [[here, below if when in rows else beside]]
        if not any(_is_open(maze, way) for way in ways):
            return False
        here = ways[0][-1]
    return True


def _is_open(maze: Maze, way: list[Cell]) -> bool:
    return all(other in maze[one] for one, other in pairwise(way))
