"""The perfect player of tic-tac-toe is perfect."""

from __future__ import annotations

import numpy as np

from bench.turns.perfect import Board, PerfectPlayer, after, best_moves, legal, value

EMPTY: Board = (0,) * 9


def test_tic_tac_toe_is_a_draw_and_every_opening_keeps_it() -> None:
    assert value(EMPTY) == 0
    assert best_moves(EMPTY) == tuple(range(9))


def test_after_a_corner_only_the_middle_holds() -> None:
    assert best_moves(after(EMPTY, 0)) == (4,)


def test_a_win_is_taken_and_a_threat_met() -> None:
    assert best_moves((1, 1, 0, -1, -1, 0, 0, 0, 0)) == (2,)
    assert value((1, 1, 0, -1, -1, 0, 0, 0, 0)) == 1
    assert best_moves((1, 0, 0, -1, -1, 0, 0, 0, 1)) == (5,)


def test_it_never_loses_whoever_begins() -> None:
    player = PerfectPlayer(np.random.default_rng(0))
    rng = np.random.default_rng(1)
    for game in range(60):
        board: Board = EMPTY
        turn, over = game % 2, False
        while not over:
            if turn:
                marks = np.array(board).reshape(3, 3)
                shown = np.stack([marks == 1, marks == -1], axis=2)[None]
                moves, _ = player.act(shown, np.ones((1, 9), np.uint8))
                move = int(moves[0])
            else:
                move = int(rng.choice(legal(board)))
            board = after(board, move)
            lost = any(
                all(board[square] == -1 for square in line)
                for line in ((0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8))
            )
            lost = lost or all(board[s] == -1 for s in (0, 4, 8))
            lost = lost or all(board[s] == -1 for s in (2, 4, 6))
            assert not (lost and not turn)
            over = lost or 0 not in board
            turn = 1 - turn
