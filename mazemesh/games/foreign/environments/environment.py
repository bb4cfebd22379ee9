"""What a worker asks of an environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from mazemesh.games.foreign.seats.description import Description
from mazemesh.games.foreign.seats.rows import BoolArray, Rows

RUNNING, TERMINATED, TRUNCATED, GONE = range(4)
"""What a step was to a seat: its agent goes on, ended by it in one way or the other, or had left
before it. The numbers are those of `GamesStep.seat_status` in game.proto."""


class Environment(Protocol):
    """One game of some agents, numbered from 0; what it sees and earns is written into rows.

    `seat[a]` is the row of agent a. An agent that has left sees zeros, may do anything and earns
    nothing.

    Attributes:
        description: What it is.
        slow_to_seed: A reset with a seed takes it many times as long as one without.
    """

    description: Description
    slow_to_seed: bool

    def reset(self, seed: int | None, seat: Sequence[int], rows: Rows) -> None:
        """Begins an episode: observations, masks, who acts and the state are written.

        Without a seed its random numbers go on where they are.
        """

    def step(self, actions: Sequence[Any], seat: Sequence[int], rows: Rows) -> bool:
        """Plays one step; returns whether the episode is over.

        Args:
            actions: By row: whole numbers where actions are numbers, else records of
                `columns.action_dtype`. Legal ones.
            seat: As above.
            rows: All of them are written. Rewards are 0 before.
        """

    def cut_off(self, seat: Sequence[int], rows: Rows) -> None:
        """Tells all agents that are left what they have not been told yet: the episode ends now."""

    def present(self, seat: Sequence[int]) -> BoolArray:
        """By row, whether it has an agent that is still in the game."""
        ...

    def successes(self, seat: Sequence[int]) -> dict[int, bool]:
        """By row, whether it did what the game is about; rows of which nothing is told are absent.

        Told by `is_success` in an info of the last step.
        """
        ...

    def close(self) -> None:
        """Frees what the environment holds."""
