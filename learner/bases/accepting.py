"""Which actions an algorithm learns; without torch, so that a run is refused at its start."""

from __future__ import annotations

from collections.abc import Callable

from mazemesh.errors import InvalidArgument
from mazemesh.games.spaces import Box, Discrete, Leaf, Space, leaves

ANY = "ppo, impala or a2c learn actions of any kind"


def one_discrete(algorithm: str) -> Callable[[Space], None]:
    """For those that compare the values of all actions."""

    def check(actions: Space) -> None:
        """Raises InvalidArgument: there is more than one leaf, or it is not Discrete."""
        parts = leaves(actions)
        if len(parts) != 1 or not isinstance(parts[0].space, Discrete):
            raise InvalidArgument(
                f"algorithm: {algorithm} learns a single Discrete action, and the game's is "
                f"{_told(parts)}; {ANY}"
            )

    return check


def bounded_boxes(algorithm: str) -> Callable[[Space], None]:
    """For those that scale continuous actions to their bounds."""

    def check(actions: Space) -> None:
        """Raises InvalidArgument: a leaf is no Box, or has no bounds."""
        parts = leaves(actions)
        if not all(isinstance(leaf.space, Box) for leaf in parts):
            raise InvalidArgument(
                f"algorithm: {algorithm} learns continuous actions, and the game's are "
                f"{_told(parts)}; {ANY}, and sac a single Discrete"
            )
        _check_bounds(algorithm, parts)

    return check


def discrete_or_boxes(algorithm: str) -> Callable[[Space], None]:
    """For those that learn either."""

    def check(actions: Space) -> None:
        """Raises InvalidArgument: it is neither a single Discrete nor all Boxes with bounds."""
        parts = leaves(actions)
        if len(parts) == 1 and isinstance(parts[0].space, Discrete):
            return
        if not all(isinstance(leaf.space, Box) for leaf in parts):
            raise InvalidArgument(
                f"algorithm: {algorithm} learns a single Discrete action or continuous ones, and "
                f"the game's are {_told(parts)}; {ANY}"
            )
        _check_bounds(algorithm, parts)

    return check


def _check_bounds(algorithm: str, parts: tuple[Leaf, ...]) -> None:
    for leaf in parts:
        if isinstance(leaf.space, Box) and not leaf.space.bounded:
            name = f"action.{leaf.name}" if leaf.name else "action"
            raise InvalidArgument(
                f"algorithm: {algorithm} scales actions to their bounds, and those of {name} are "
                f"not finite; {ANY}"
            )


def _told(parts: tuple[Leaf, ...]) -> str:
    return ", ".join(
        f"{leaf.name}: {type(leaf.space).__name__}" if leaf.name else type(leaf.space).__name__
        for leaf in parts
    )
