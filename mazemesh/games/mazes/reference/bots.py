"""How the built-in bots choose, from lists of open directions."""

from __future__ import annotations

from collections.abc import Callable

from mazemesh.games.mazes.reference.maze import STEPS, Cell, Maze

# Heading -> directions to try: right, ahead, left, back.
_RIGHT_HAND = {1: (2, 1, 4, 3), 2: (3, 2, 1, 4), 3: (4, 3, 2, 1), 4: (1, 4, 3, 2)}


def step(cell: Cell, action: int) -> Cell:
    """Return the cell that an action leads to."""
    down, right = STEPS.get(action, (0, 0))
    return cell[0] + down, cell[1] + right


def choose(
    bot: str,
    maze: Maze,
    me: Cell,
    heading: int,
    good: list[int],
    draw: Callable[[int], int],
) -> int:
    """Return the action of a bot.

    Shortest-path chooses from `good`, and stays if that is empty; `draw(n)` gives the random number
    in [0, n).
    """
    legal = [action for action in STEPS if step(me, action) in maze[me]]
    if bot == "wall-follower":
        return next(action for action in _RIGHT_HAND[heading or 1] if action in legal)
    choices = good if bot == "shortest-path" else legal
    if not choices:
        return 0
    return choices[draw(len(choices))] if len(choices) > 1 else choices[0]


def downhill(maze: Maze, me: Cell, distance: dict[Cell, int]) -> list[int]:
    """Return the actions that lead down in `distance`."""
    return [
        action
        for action in STEPS
        if step(me, action) in maze[me] and distance[step(me, action)] < distance[me]
    ]
