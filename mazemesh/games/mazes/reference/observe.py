"""What a player sees, cell by cell."""

from __future__ import annotations

from mazemesh.games.mazes.reference.maze import Cell, Maze
from mazemesh.games.settings import GameSettings


def observe(
    settings: GameSettings,
    maze: Maze,
    me: Cell,
    target: Cell,
    seen: set[Cell],
    visits: dict[Cell, int],
    planes: list[set[Cell]],
    steps: int,
    heading: int,
    vectors: list[int],
) -> bytes:
    """Return the observation of a player at `me`, from where the cells `seen` are in sight.

    `planes` are the players' and the rule's own.
    """
    margin = settings.view // 2
    rows = range(me[0] - margin, me[0] + margin + 1)
    columns = range(me[1] - margin, me[1] + margin + 1)
    window = [(y, x) for y in rows for x in columns]

    def is_open(one: Cell, other: Cell) -> int:
        return 255 * (one in maze and other in maze[one] and bool({one, other} & seen))

    view = [is_open((y, x), (y, x + 1)) for y, x in window]
    view += [is_open((y, x), (y + 1, x)) for y, x in window]
    view += [min(255, 64 * visits.get(cell, 0)) for cell in window]
    for plane in planes:
        view += [255 * (cell in plane & seen) for cell in window]
    if settings.line_of_sight:
        view += [255 * (cell in seen) for cell in window]
    view += [is_open((rows[0] - 1, x), (rows[0], x)) for x in columns]
    view += [is_open((y, columns[0] - 1), (y, columns[0])) for y in rows]
    view += compass(settings, me, target)
    view.append(steps * 255 // settings.steps)
    view += [255 * (heading == action) for action in (1, 2, 3, 4)]
    return bytes(view + vectors)


def compass(settings: GameSettings, me: Cell, target: Cell) -> list[int]:
    """Return how far east, west, south and north the target is."""
    scale = max(settings.width, settings.height) - 1
    south, east = target[0] - me[0], target[1] - me[1]
    return [max(0, part) * 255 // scale for part in (east, -east, south, -south)]
