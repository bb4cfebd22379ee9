"""Maze, exit and start places as dicts of open neighbours."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeVar

from mazemesh.games.random import MAZE, bounded, philox
from mazemesh.games.settings import GameSettings

Cell = tuple[int, int]
Maze = dict[Cell, set[Cell]]
_Item = TypeVar("_Item")
STEPS: dict[int, Cell] = {1: (-1, 0), 2: (0, 1), 3: (1, 0), 4: (0, -1)}


class Draws:
    """The sequence of random numbers of one episode's maze."""

    def __init__(self, seed: int, game: int, episode: int) -> None:
        self._seed, self._game, self._episode = seed, game, episode
        self._block = 0
        self._words: list[int] = []

    def below(self, bound: int) -> int:
        """Return the next number in [0, bound)."""
        if not self._words:
            counter = (self._game, self._episode, self._block, MAZE)
            self._words = list(philox(self._seed, counter))
            self._block += 1
        return bounded(self._words.pop(0), bound)

    def below_or_zero(self, bound: int) -> int:
        """Return 0 without a draw where it is the only number."""
        return self.below(bound) if bound > 1 else 0


def around(cell: Cell) -> list[Cell]:
    """Return the four cells north, east, south and west, also those outside."""
    return [(cell[0] + down, cell[1] + right) for down, right in STEPS.values()]


def draw_maze(settings: GameSettings, draws: Draws) -> Maze:
    """Draw a maze."""
    maze: Maze = {(y, x): set() for y in range(settings.height) for x in range(settings.width)}
    names = list(_GENERATORS)
    name = settings.generator
    if name == "mixed":
        name = names[draws.below(len(names))]
    _GENERATORS[name](maze, draws)
    closed = _walls(maze)
    for _ in range(int(settings.loops * len(closed) + 0.5)):
        _open(maze, *take(closed, draws))
    return maze


def _open(maze: Maze, one: Cell, other: Cell) -> None:
    maze[one].add(other)
    maze[other].add(one)


def _close(maze: Maze, one: Cell, other: Cell) -> None:
    maze[one].remove(other)
    maze[other].remove(one)


def _walls(maze: Maze) -> list[tuple[Cell, Cell]]:
    """Return the closed inner walls, each cell's eastern before its southern."""
    sides = [(cell, other) for cell in maze for other in around(cell)[1:3] if other in maze]
    return [(cell, other) for cell, other in sides if other not in maze[cell]]


def take(items: list[_Item], draws: Draws) -> _Item:
    """Remove a random item; the first takes its place."""
    index = draws.below_or_zero(len(items))
    item = items[index]
    items[index] = items[0]
    del items[0]
    return item


def _dfs(maze: Maze, draws: Draws) -> None:
    cells = list(maze)
    path = [cells[draws.below(len(cells))]]
    seen = set(path)
    while path:
        fresh = [cell for cell in around(path[-1]) if cell in maze and cell not in seen]
        if not fresh:
            path.pop()
            continue
        chosen = fresh[draws.below_or_zero(len(fresh))]
        _open(maze, path[-1], chosen)
        seen.add(chosen)
        path.append(chosen)


def _prim(maze: Maze, draws: Draws) -> None:
    cells = list(maze)
    frontier = [cells[draws.below(len(cells))]]
    tree: set[Cell] = set()
    while frontier:
        index = draws.below_or_zero(len(frontier))
        cell = frontier[index]
        frontier[index] = frontier[-1]
        frontier.pop()
        tree.add(cell)
        joined = [other for other in around(cell) if other in tree]
        for other in around(cell):
            if other in maze and other not in tree and other not in frontier:
                frontier.append(other)
        if joined:
            _open(maze, cell, joined[draws.below_or_zero(len(joined))])


def _kruskal(maze: Maze, draws: Draws) -> None:
    region = {cell: {cell} for cell in maze}
    walls = _walls(maze)
    while any(len(cells) < len(maze) for cells in region.values()):
        one, other = take(walls, draws)
        if region[one] is not region[other]:
            merged = region[one] | region[other]
            for cell in merged:
                region[cell] = merged
            _open(maze, one, other)


def _division(maze: Maze, draws: Draws) -> None:
    for one, other in _walls(maze):
        _open(maze, one, other)
    _divide(maze, sorted(maze), draws)


def _divide(maze: Maze, room: list[Cell], draws: Draws) -> None:
    """Split a room by a wall with a gap, then its southern or eastern part, then the other."""
    rows = sorted({cell[0] for cell in room})
    columns = sorted({cell[1] for cell in room})
    if len(rows) < 2 or len(columns) < 2:
        return
    lying = len(rows) > len(columns)
    if len(rows) == len(columns):
        lying = draws.below(2) == 0
    axis, lines, across = (0, rows, columns) if lying else (1, columns, rows)
    last = lines[draws.below_or_zero(len(lines) - 1)]
    gap = across[draws.below(len(across))]
    for cell in room:
        if cell[axis] == last and cell[1 - axis] != gap:
            _close(maze, cell, around(cell)[2 if lying else 1])
    _divide(maze, [cell for cell in room if cell[axis] > last], draws)
    _divide(maze, [cell for cell in room if cell[axis] <= last], draws)


_GENERATORS: dict[str, Callable[[Maze, Draws], None]] = {
    "dfs": _dfs,
    "prim": _prim,
    "kruskal": _kruskal,
    "division": _division,
}


def distances(maze: Maze, goal: Cell) -> dict[Cell, int]:
    """Return each cell's walking distance to the goal, in order of distance."""
    found = {goal: 0}
    queue = deque([goal])
    while queue:
        cell = queue.popleft()
        for other in around(cell):
            if other in maze[cell] and other not in found:
                found[other] = found[cell] + 1
                queue.append(other)
    return found


def draw_starts(distance: dict[Cell, int], seats: int, draws: Draws) -> list[Cell]:
    """Draw the start places: equally far where possible, at least half the greatest distance."""
    cells = list(distance)
    greatest = distance[cells[-1]]
    far = [cell for cell in cells if 2 * distance[cell] >= greatest]
    if len(far) < seats:
        far = cells[-seats:]
    runs = [far[index : index + seats] for index in range(len(far) - seats + 1)]
    spreads = [distance[run[-1]] - distance[run[0]] for run in runs]
    best = [run for run, spread in zip(runs, spreads, strict=True) if spread == min(spreads)]
    chosen = best[draws.below_or_zero(len(best))]
    if min(spreads) == 0:
        chosen = [cell for cell in far if distance[cell] == distance[chosen[0]]]
    starts = []
    for place in range(seats):
        other = place + draws.below_or_zero(len(chosen) - place)
        chosen[place], chosen[other] = chosen[other], chosen[place]
        starts.append(chosen[place])
    return starts
