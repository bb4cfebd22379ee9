"""Every maze is whole, solvable and fair, whichever generator made it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mazemesh.games import GENERATORS, GameSettings, get_game
from mazemesh.games.mazes.engine import BatchEngine

SIDE = st.integers(2, 16)
SEED = st.integers(0, 2**63 - 1)


def _engine(game: str, num_games: int, seed: int, **values: object) -> BatchEngine:
    engine = BatchEngine(get_game(game), GameSettings(**values), num_games)
    engine.reset(seed=np.uint64(seed), game_id=np.arange(num_games))
    return engine


@settings(deadline=None)
@given(SIDE, SIDE, st.sampled_from(GENERATORS), st.floats(0, 1), SEED)
def test_mazes_are_connected_and_walls_have_two_sides(
    width: int, height: int, generator: str, loops: float, seed: int
) -> None:
    values = {"width": width, "height": height, "generator": generator, "loops": loops}
    engine = _engine("solo", 4, seed, **values)
    north, east, south, west = (engine.passages >> bit & 1 for bit in range(4))
    assert np.array_equal(east[:, :, :-1], west[:, :, 1:])
    assert np.array_equal(south[:, :-1], north[:, 1:])
    assert not north[:, 0].any()
    assert not south[:, -1].any()
    assert not west[:, :, 0].any()
    assert not east[:, :, -1].any()
    assert engine.distance.min() == 0
    assert (np.sort(engine.distance.reshape(4, -1))[:, 1] == 1).all()
    tree = width * height - 1
    inner = 2 * width * height - width - height
    opened = tree + int(loops * (inner - tree) + 0.5)
    assert (east.sum((1, 2)) + south.sum((1, 2)) == opened).all()


@settings(deadline=None)
@given(SIDE, SIDE, st.sampled_from(GENERATORS), st.integers(2, 8), SEED)
def test_starts_are_distinct_far_and_fair(
    width: int, height: int, generator: str, seats: int, seed: int
) -> None:
    seats = min(seats, width * height // 2)
    values = {"width": width, "height": height, "generator": generator, "seats": seats}
    engine = _engine("race", 4, seed, **values)
    for game in range(4):
        distance = engine.distance[game]
        starts = {tuple(cell) for cell in engine.position[game].tolist()}
        assert len(starts) == seats
        far = np.sort(distance[2 * distance >= distance.max()])
        if far.size < seats:
            far = np.sort(distance.ravel())[-seats:]
        chosen = [int(distance[cell]) for cell in starts]
        assert min(chosen) >= far[0]
        assert max(chosen) - min(chosen) == (far[seats - 1 :] - far[: far.size - seats + 1]).min()
        if far.size >= seats and np.bincount(far).max() >= seats:
            assert len(set(chosen)) == 1


def test_distances_are_walking_distances() -> None:
    engine = _engine("solo", 50, 11, width=13, height=7)
    for game in range(50):
        distance, passages = engine.distance[game], engine.passages[game]
        assert distance[tuple(engine.exit[game])] == 0
        for row, column in np.ndindex(distance.shape):
            neighbours = [
                distance[row + down, column + right]
                for bit, (down, right) in enumerate([(-1, 0), (0, 1), (1, 0), (0, -1)])
                if passages[row, column] >> bit & 1
            ]
            if distance[row, column]:
                assert min(neighbours) == distance[row, column] - 1


def test_mixed_draws_every_generator() -> None:
    mixed = _engine("solo", 64, 5, generator="mixed", loops=0.0)
    # A long corridor without branches tells a backtracker from Prim; here it is enough that the
    # share of dead ends varies more over "mixed" than within any one generator.
    spread = {
        name: np.std(_dead_ends(_engine("solo", 64, 5, generator=name, loops=0.0)))
        for name in GENERATORS[:-1]
    }
    assert np.std(_dead_ends(mixed)) > max(spread.values())


def _dead_ends(engine: BatchEngine) -> np.ndarray:
    ends = np.isin(engine.passages, (1, 2, 4, 8))
    return ends.mean(axis=(1, 2))
