"""What all seats of an engine see, written as the bits that travel."""

from __future__ import annotations

import numpy as np

from mazemesh.games.mazes.game import MazeGame
from mazemesh.games.mazes.kernels.compiling import ready
from mazemesh.games.mazes.kernels.observe_packed import (
    OVERRUN,
    SCRATCH,
    WIDEST,
    observe_packed,
)
from mazemesh.games.mazes.kernels.state import ByteArray, IndexArray, Parameters, State
from mazemesh.games.spec import GameSpec


class PackedView:
    """Packed observations of `num_games` games.

    Attributes:
        observation: uint8 [n, s, row_bytes], what each seat sees now.
        final_observation: uint8 [t, s, row_bytes], the last one of each episode that the last step
            truncated, in the order of the games.
    """

    def __init__(self, p: Parameters, s: State, spec: GameSpec) -> None:
        """Compiles what is not yet, and looks."""
        assert spec.packing is not None
        self._parameters, self._state = p, s
        self._row_bytes = spec.packing.row_bytes
        self._all = np.arange(len(s.active))
        self._memory = self._room(len(s.active))
        self._scratch = np.zeros(SCRATCH, np.uint8)
        arguments = p, s, self._memory, self._scratch, self._all, self._row_bytes
        self._look = ready(observe_packed, *arguments)
        self.observation = self._rows(self._memory)
        self.final_observation = self.observation[:0]
        self.look()

    def look(self) -> None:
        """Writes what is seen now."""
        self._write(self._memory, self._all)

    def keep_last(self) -> None:
        """Writes what was seen last in the episodes that the last step truncated."""
        games = np.flatnonzero(self._state.truncated)
        if not len(games):
            self.final_observation = self.observation[:0]
            return
        memory = self._room(len(games))
        self._write(memory, games)
        self.final_observation = self._rows(memory)

    def _write(self, memory: ByteArray, games: IndexArray) -> None:
        state = self._parameters, self._state
        self._look(*state, memory, self._scratch, games, self._row_bytes)

    def _room(self, games: int) -> ByteArray:
        return np.zeros(games * self._parameters.seats * self._row_bytes + OVERRUN, np.uint8)

    def _rows(self, memory: ByteArray) -> ByteArray:
        rows = memory[: len(memory) - OVERRUN]
        return rows.reshape(-1, self._parameters.seats, self._row_bytes)


def can_pack(game: MazeGame, p: Parameters) -> bool:
    """Whether `observe_packed` knows all that there is to see."""
    return game.is_plain and p.window <= WIDEST and not p.line_of_sight
