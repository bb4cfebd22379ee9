"""Who gives way, told on an open field."""

from __future__ import annotations

import numpy as np
import pytest

from mazemesh.games import GameSettings, get_game
from mazemesh.games.mazes.engine import BatchEngine

STAY, NORTH, EAST, SOUTH, WEST = range(5)
Cells = list[tuple[int, int]]


def _play(cells: Cells, actions: list[int], seed: int = 0) -> Cells:
    """Return where players on the open field stand after one step."""
    settings = GameSettings(width=6, height=6, loops=1.0, seats=len(cells))
    engine = BatchEngine(get_game("race"), settings)
    engine.reset(seed=seed)
    engine.distance[:] = 9  # nobody is at the exit
    engine.position[0] = cells
    engine.step(np.array([actions], np.int8))
    return [(int(row), int(column)) for row, column in engine.position[0]]


def test_players_may_swap() -> None:
    assert _play([(2, 2), (2, 3)], [EAST, WEST]) == [(2, 3), (2, 2)]


def test_a_ring_moves() -> None:
    ring: Cells = [(1, 1), (1, 2), (2, 2), (2, 1)]
    assert _play(ring, [EAST, SOUTH, WEST, NORTH]) == [*ring[1:], ring[0]]


def test_a_train_moves_when_its_head_does() -> None:
    train: Cells = [(3, 1), (3, 2), (3, 3)]
    assert _play(train, [EAST, EAST, EAST]) == [(3, 2), (3, 3), (3, 4)]


def test_a_train_waits_behind_one_who_stays() -> None:
    train: Cells = [(3, 1), (3, 2), (3, 3)]
    assert _play(train, [EAST, EAST, STAY]) == train


@pytest.mark.parametrize("rivals", [2, 3, 4])
def test_one_of_the_rivals_goes_each_as_often(rivals: int) -> None:
    around: Cells = [(1, 2), (2, 3), (3, 2), (2, 1)]
    actions = [SOUTH, WEST, NORTH, EAST]
    wins = np.zeros(rivals)
    for seed in range(400):
        after = _play(around[:rivals], actions[:rivals], seed)
        moved = [seat for seat in range(rivals) if after[seat] != around[seat]]
        assert len(moved) == 1
        assert after[moved[0]] == (2, 2)
        wins[moved[0]] += 1
    # Five standard deviations of a binomial count.
    share = 1 / rivals
    assert np.abs(wins - 400 * share).max() < 5 * np.sqrt(400 * share * (1 - share))


def test_a_loser_holds_up_those_behind() -> None:
    cells: Cells = [(2, 1), (2, 3), (2, 0)]
    seen = set()
    for seed in range(40):
        after = _play(cells, [EAST, WEST, EAST], seed)
        if after[0] == (2, 2):
            assert after == [(2, 2), (2, 3), (2, 1)]
        else:
            assert after == [(2, 1), (2, 2), (2, 0)]
        seen.add(after[0])
    assert len(seen) == 2
