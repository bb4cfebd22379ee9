"""A perfect player of tic-tac-toe: full minimax, by chance among the best moves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.games.spaces import Discrete
from mazemesh.policy.deciding import Deciding

Board = tuple[int, ...]
"""Nine squares in PettingZoo's order: 1 of who is to move, -1 of the other, 0 empty."""

_LINES = ((0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6))


@cache
def value(board: Board) -> int:
    """What who is to move makes of a position: 1 won, 0 drawn, -1 lost, if both play perfectly."""
    if any(all(board[square] == -1 for square in line) for line in _LINES):
        return -1
    if 0 not in board:
        return 0
    return max(-value(after(board, square)) for square in legal(board))


def after(board: Board, square: int) -> Board:
    """The position after a move, as the other sees it."""
    moved = [-mark for mark in board]
    moved[square] = -1
    return tuple(moved)


def legal(board: Board) -> list[int]:
    """The empty squares."""
    return [square for square, mark in enumerate(board) if mark == 0]


@cache
def best_moves(board: Board) -> tuple[int, ...]:
    """All moves that keep the position's value."""
    whole = value(board)
    return tuple(square for square in legal(board) if -value(after(board, square)) == whole)


class PerfectPlayer:
    """Plays as a policy does (`mazemesh.evaluation.play_matches`), by its own rules alone."""

    state_size = 0
    deciding = Deciding(Discrete(9))

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def seen(
        self, columns: Mapping[str, npt.NDArray[Any]]
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.uint8]]:
        """Observations [n, 3, 3, 2], own marks before the other's, and masks [n, 9]."""
        return columns["observation"], columns["action_mask"]

    def act(
        self, observation: npt.NDArray[Any], action_mask: npt.NDArray[np.uint8], *_: Any, **__: Any
    ) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
        """A best move in each of n positions."""
        own, other = np.moveaxis(observation.reshape(-1, 9, 2).astype(np.int8), 2, 0)
        boards = [tuple(row) for row in (own - other).tolist()]
        moves = [self._rng.choice(best_moves(board)) for board in boards]
        return np.array(moves, np.int8), np.zeros((len(moves), 0), np.float32)
