"""What all seats of an engine see, written as the bits that travel."""

from __future__ import annotations

import numpy as np

from mazemesh.games.mazes.game import MazeGame
from mazemesh.games.mazes.kernels.compiling import ready
from mazemesh.games.mazes.kernels.seeing.observe_packed import (
    OVERRUN,
    WIDEST,
    observe_packed,
)
from mazemesh.games.mazes.kernels.state import ByteArray, IndexArray, Parameters, State
from mazemesh.games.spec import GameSpec


class PackedView:
    """Packed observations and masks of `num_games` games.

    Attributes:
        observation: uint8 [n, s, row_bytes], what each seat sees now.
        action_mask: uint8 [n, s, 1], what is legal.
        final_observation: uint8 [t, s, row_bytes], the last one of each episode that the last step
            truncated, in the order of the games.
        final_action_mask: uint8 [t, s, 1], and what was legal.
    """

    def __init__(self, p: Parameters, s: State, spec: GameSpec) -> None:
        """Compiles what is not yet, and looks."""
        assert spec.packing is not None
        self._parameters, self._state = p, s
        self._row_bytes = spec.packing.row_bytes
        self._all = np.arange(len(s.active))
        self._memory, self._masks = self._room(len(s.active))
        arguments = p, s, self._memory, self._masks, self._all, self._row_bytes
        self._look = ready(observe_packed, *arguments)
        self.observation, self.action_mask = self._rows(self._memory, self._masks)
        self._none = self.observation[:0], self.action_mask[:0]
        self.final_observation, self.final_action_mask = self._none
        self.look()

    def look(self) -> None:
        """Writes what is seen now."""
        self._write(self._memory, self._masks, self._all)

    def keep_last(self) -> None:
        """Writes what was seen last in the episodes that the last step truncated."""
        games = self._state.truncated.nonzero()[0]
        if not len(games):
            self.final_observation, self.final_action_mask = self._none
            return
        memory, masks = self._room(len(games))
        self._write(memory, masks, games)
        self.final_observation, self.final_action_mask = self._rows(memory, masks)

    def _write(self, memory: ByteArray, masks: ByteArray, games: IndexArray) -> None:
        self._look(self._parameters, self._state, memory, masks, games, self._row_bytes)

    def _room(self, games: int) -> tuple[ByteArray, ByteArray]:
        rows = games * self._parameters.seats
        return np.zeros(rows * self._row_bytes + OVERRUN, np.uint8), np.zeros(rows, np.uint8)

    def _rows(self, memory: ByteArray, masks: ByteArray) -> tuple[ByteArray, ByteArray]:
        rows, seats = memory[: len(memory) - OVERRUN], self._parameters.seats
        return rows.reshape(-1, seats, self._row_bytes), masks.reshape(-1, seats, 1)


def can_pack(game: MazeGame, p: Parameters) -> bool:
    """Whether `observe_packed` knows all that there is to see."""
    return game.is_plain and p.window <= WIDEST and not p.line_of_sight
