"""The whole maze, as critics and drawings see it."""

from __future__ import annotations

import numpy as np
import pytest

from mazemesh.games import GameSettings, bot_code, get_game, list_games
from mazemesh.games.mazes.engine import BatchEngine
from mazemesh.games.mazes.overview import landmarks
from tests.unit.games.mazes.stages import open_field


@pytest.mark.parametrize("game", list_games(), ids=lambda game: game.name)
def test_planes_show_the_state(game: object) -> None:
    engine = BatchEngine(game, GameSettings(width=9, height=6), 16)
    engine.next_controller[:] = bot_code("shortest-path")
    engine.reset(seed=1, game_id=np.arange(16), rotation=np.arange(16) % engine.spec.seats)
    for _ in range(60):
        engine.step(np.zeros(engine.taken.shape, np.int8))
        state = engine.global_state()
        assert state.shape == (16, len(engine.overview), 6, 9)
        planes = dict(zip(engine.overview, state.swapaxes(0, 1), strict=True))
        assert np.array_equal(planes["passage_east"] > 0, engine.passages & 2 > 0)
        assert np.array_equal(planes["passage_south"] > 0, engine.passages & 4 > 0)
        for seat in range(engine.spec.seats):
            where = [np.argwhere(plane).tolist() for plane in planes[f"player_{seat}"]]
            assert where == [[cell] for cell in engine.position[:, seat].tolist()]
    assert state is engine.global_state()
    assert set(np.unique(state)) == {0, 255}


def test_a_stolen_flag_is_shown_with_its_carrier() -> None:
    for rotation in range(2):
        engine = open_field("ctf", 2, rotation=rotation)
        thief = rotation  # the seat at place 0 is of team 0
        engine.tally[0, thief] = 1
        planes = dict(zip(engine.overview, engine.global_state()[0], strict=True))
        assert np.argwhere(planes["flag_1"]).tolist() == [engine.position[0, thief].tolist()]
        assert np.array_equal(planes["flag_0"], planes["base_0"])
        goals, items = landmarks(engine, 0)
        assert sorted(goals) == sorted([engine.exit[0].tolist(), engine.base[0].tolist()])
        assert engine.position[0, thief].tolist() in items


def test_the_evader_has_a_plane() -> None:
    engine = open_field("pursuit", 3, rotation=1)
    planes = dict(zip(engine.overview, engine.global_state()[0], strict=True))
    assert np.array_equal(planes["evader"], planes["player_2"])
    assert landmarks(engine, 0) == ([], [])


def test_items_have_planes() -> None:
    for name, plane in (("collect", "gems"), ("coop-keys", "keys")):
        engine = open_field(name, 2)
        state = engine.global_state()[0, engine.overview.index(plane)]
        assert np.array_equal(state, engine.items[0])
        assert landmarks(engine, 0)[1] == np.argwhere(engine.items[0]).tolist()
    assert get_game("collect").overview == ("gems",)
