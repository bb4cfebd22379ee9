"""Memory of seats, and an actor's use of it."""

from __future__ import annotations

import numpy as np

from mazemesh.policy.memory import SeatMemory


def test_each_seat_has_its_own_and_forgets_at_an_episodes_end() -> None:
    memory = SeatMemory(3, 2)
    games, seats = np.array([0, 2]), np.array([1, 0])
    np.testing.assert_array_equal(memory.read(games, seats, 4), np.zeros((2, 4)))
    memory.write(games, seats, np.array([[1.0] * 4, [2.0] * 4], np.float32))
    np.testing.assert_array_equal(memory.read(games, seats, 4)[:, 0], [1, 2])
    np.testing.assert_array_equal(memory.read(games, 1 - seats, 4)[:, 0], [0, 0])
    memory.forget(np.array([2]))
    np.testing.assert_array_equal(memory.read(games, seats, 4)[:, 0], [1, 0])


def test_policies_of_several_sizes_share_it() -> None:
    memory, game = SeatMemory(2, 1), np.array([0])
    memory.write(game, game, np.zeros((1, 0), np.float32))
    assert memory.read(game, game, 0).shape == (1, 0)
    assert memory.read(game, game, 2).shape == (1, 2)
    memory.write(game, game, np.ones((1, 2), np.float32))
    np.testing.assert_array_equal(memory.read(game, game, 3), [[1, 1, 0]])
