"""The settings of a game: what a user may choose about maze, view and reward."""

from __future__ import annotations

from dataclasses import dataclass

from mazemesh.errors import InvalidArgument

GENERATORS: tuple[str, ...] = ("dfs", "prim", "kruskal", "division", "mixed")
MAX_SIDE = 64
MAX_VIEW = 31
MAX_STEP_LIMIT = 65_535
MAX_SEATS = 8
"""Of a maze."""
MOST_SEATS = 1024
"""Of any game."""


@dataclass(frozen=True, slots=True)
class GameSettings:
    """Settings of one game. A value outside its range raises `InvalidArgument` at construction.

    Attributes:
        width: Cells from west to east, 2..64.
        height: Cells from north to south, 2..64.
        view: Side of the square window that a player sees, odd, 3..31.
        generator: One of `GENERATORS`; "mixed" draws one of the others for each maze.
        loops: Fraction of the generator's remaining inner walls that is opened, 0..1. At 0 there is
            exactly one way between any two cells.
        step_limit: Steps after which an episode is truncated, 1..65535; 0 stands for
            2 * width * height.
        seats: Players; 0 stands for the rule's default.
        line_of_sight: Whether walls hide what is behind them. Without it a player sees the whole
            window. See `mazemesh.games.mazes.kernels.seeing.sight`.
        shaping: Coefficient of potential-based reward shaping (Ng, Harada and Russell 1999), for
            training only. 0 turns it off.
        shaping_discount: Discount of the shaping term. At the learner's own the shaped game keeps
            its optimal policies; presets take 1, which keeps them only for an undiscounted learner
            and is learned sooner (docs/adr/0098).
    """

    width: int = 10
    height: int = 10
    view: int = 7
    generator: str = "mixed"
    loops: float = 0.1
    step_limit: int = 0
    seats: int = 0
    line_of_sight: bool = False
    shaping: float = 0.0
    shaping_discount: float = 0.99

    def __post_init__(self) -> None:
        _check_whole("width", self.width, 2, MAX_SIDE)
        _check_whole("height", self.height, 2, MAX_SIDE)
        _check_whole("view", self.view, 3, MAX_VIEW)
        if self.view % 2 == 0:
            raise InvalidArgument(
                f"view: {self.view} is even; an odd number puts the player in the middle"
            )
        if self.generator not in GENERATORS:
            raise InvalidArgument(
                f"generator: {self.generator!r} is unknown; choose one of {', '.join(GENERATORS)}"
            )
        _check_range("loops", self.loops, 0.0, 1.0)
        _check_whole("step_limit", self.step_limit, 0, MAX_STEP_LIMIT)
        _check_whole("seats", self.seats, 0, MOST_SEATS)
        if not isinstance(self.line_of_sight, bool):
            raise InvalidArgument(f"line_of_sight: {self.line_of_sight!r} should be true or false")
        _check_range("shaping", self.shaping, 0.0, 100.0)
        _check_range("shaping_discount", self.shaping_discount, 0.0, 1.0)

    @property
    def steps(self) -> int:
        """The step limit in force."""
        return self.step_limit or 2 * self.width * self.height


def _check_whole(field: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidArgument(f"{field}: {value!r} should be a whole number in {low}..{high}")
    _check_range(field, value, low, high)


def _check_range(field: str, value: object, low: float, high: float) -> None:
    if not isinstance(value, int | float):
        raise InvalidArgument(f"{field}: {value!r} should be a number in {low}..{high}")
    if not low <= value <= high:
        raise InvalidArgument(f"{field}: {value} is outside {low}..{high}")
