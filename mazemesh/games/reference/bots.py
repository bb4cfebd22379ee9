"""How the built-in bots choose, from lists of open directions."""

from __future__ import annotations

from collections.abc import Callable

from mazemesh.games.reference.maze import STEPS, Cell, Maze

# Heading -> directions to try: right, ahead, left, back.
_RIGHT_HAND = {1: (2, 1, 4, 3), 2: (3, 2, 1, 4), 3: (4, 3, 2, 1), 4: (1, 4, 3, 2)}


def step(cell: Cell, action: int) -> Cell:
    """Return the cell that an action leads to."""
    down, right = STEPS.get(action, (0, 0))
    return cell[0] + down, cell[1] + right


def choose(
    bot: str,
    maze: Maze,
    distance: dict[Cell, int],
    me: Cell,
    heading: int,
    draw: Callable[[int], int],
) -> int:
    """Return the action of a bot; `draw(n)` gives its random number in [0, n)."""
    legal = [action for action in STEPS if step(me, action) in maze[me]]
    if bot == "wall-follower":
        return next(action for action in _RIGHT_HAND[heading or 1] if action in legal)
    if bot == "shortest-path":
        legal = [action for action in legal if distance[step(me, action)] < distance[me]]
    return legal[draw(len(legal))] if len(legal) > 1 else legal[0]
