"""What a player sees, cell by cell."""

from __future__ import annotations

from mazemesh.games.reference.maze import Cell, Maze
from mazemesh.games.settings import GameSettings


def observe(
    settings: GameSettings,
    maze: Maze,
    goal: Cell,
    me: Cell,
    others: list[Cell],
    visits: dict[Cell, int],
    steps: int,
    heading: int,
) -> bytes:
    """Return the observation of a player at `me`."""
    margin = settings.view // 2
    rows = range(me[0] - margin, me[0] + margin + 1)
    columns = range(me[1] - margin, me[1] + margin + 1)
    window = [(y, x) for y in rows for x in columns]

    def is_open(one: Cell, other: Cell) -> int:
        return 255 * (one in maze and other in maze[one])

    seen = [is_open((y, x), (y, x + 1)) for y, x in window]
    seen += [is_open((y, x), (y + 1, x)) for y, x in window]
    seen += [min(255, 64 * visits.get(cell, 0)) for cell in window]
    seen += [255 * (cell in others) for cell in window]
    seen += [255 * (cell == goal) for cell in window]
    seen += [is_open((rows[0] - 1, x), (rows[0], x)) for x in columns]
    seen += [is_open((y, columns[0] - 1), (y, columns[0])) for y in rows]
    scale = max(settings.width, settings.height) - 1
    south, east = goal[0] - me[0], goal[1] - me[1]
    seen += [max(0, part) * 255 // scale for part in (east, -east, south, -south)]
    seen.append(steps * 255 // settings.steps)
    seen += [255 * (heading == action) for action in (1, 2, 3, 4)]
    return bytes(seen)
