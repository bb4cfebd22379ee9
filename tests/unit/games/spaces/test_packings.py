"""What games show fits into the bits that their layouts tell of, and comes back bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from mazemesh.games import Game, GameSettings, get_game, list_games
from mazemesh.games.mazes.engine import BatchEngine
from mazemesh.games.spaces import Dict, Discrete, MultiBinary
from mazemesh.games.spaces.packings import packings
from mazemesh.packing.rows import pack_checked, unpack

GAMES = 8


@pytest.mark.parametrize("line_of_sight", [False, True])
@pytest.mark.parametrize("game", list_games(), ids=lambda game: game.name)
def test_all_that_is_seen_has_bits(game: Game, *, line_of_sight: bool) -> None:
    settings = GameSettings(width=5, height=4, step_limit=25, line_of_sight=line_of_sight)
    engine = BatchEngine(game, settings, GAMES)
    engine.reset(seed=5, game_id=np.arange(GAMES))
    found = packings(engine.spec)
    assert found is not None
    packing = found.by_name["observation"]
    assert 4 * packing.row_bytes < engine.spec.observation_size
    rng = np.random.default_rng(0)
    for _ in range(30):
        packed = pack_checked(packing, engine.observation, "observation")
        assert np.array_equal(unpack(packing, packed), engine.observation)
        pack_checked(found.by_name["action_mask"], engine.action_mask, "action_mask")
        engine.step(rng.integers(0, 5, engine.taken.shape, dtype=np.int8))


@pytest.mark.parametrize(
    ("game", "seats", "view"), [("race", 2, 7), ("race", 3, 5), ("solo", 1, 3)]
)
def test_an_engine_that_packs_shows_the_same(game: str, seats: int, view: int) -> None:
    settings = GameSettings(width=6, height=5, view=view, seats=seats, step_limit=20)
    plain, packs = (BatchEngine(get_game(game), settings, GAMES) for _ in range(2))
    for engine in (plain, packs):
        engine.reset(seed=3, game_id=np.arange(GAMES))
    assert packs.pack_observations()
    packing, view_of = plain.spec.packing, packs.packed_view
    assert packing is not None
    assert view_of is not None
    rng = np.random.default_rng(1)
    truncated = 0
    for _ in range(60):
        assert np.array_equal(unpack(packing, view_of.observation), plain.observation)
        assert np.array_equal(
            view_of.observation, pack_checked(packing, plain.observation, "observation")
        )
        actions = rng.integers(0, 5, (GAMES, seats), dtype=np.int8)
        plain.step(actions)
        packs.step(actions)
        over = np.flatnonzero(plain.truncated)
        truncated += len(over)
        final = unpack(packing, view_of.final_observation)
        assert np.array_equal(final, plain.final_observation[over])
        for name in ("action_mask", "reward", "terminated", "score", "final_action_mask"):
            assert np.array_equal(getattr(packs, name), getattr(plain, name)), name
    assert truncated


def test_games_that_show_more_are_packed_from_bytes() -> None:
    for game, settings in (
        ("ctf", GameSettings()),
        ("race", GameSettings(view=9)),
        ("race", GameSettings(line_of_sight=True)),
    ):
        engine = BatchEngine(get_game(game), settings, 1)
        assert not engine.pack_observations()
        assert engine.packed_view is None


def test_the_hash_is_of_names_and_packings() -> None:
    spec = get_game("race").spec()
    found = packings(spec)
    assert found is not None
    assert [name for name, _ in found.observations + found.masks] == ["observation", "action_mask"]
    assert found.hash == packings(get_game("solo").spec()).hash
    assert found.hash != packings(get_game("ctf").spec()).hash


def test_switches_travel_as_bits_in_any_game() -> None:
    from dataclasses import replace

    space = Dict((("lamps", MultiBinary((12,))), ("door", Discrete(4))))
    spec = replace(get_game("solo").spec(), layout=(), observation_size=0, observation_space=space)
    found = packings(spec)
    assert found is not None
    assert {name: one.row_bytes for name, one in found.observations} == {"observation.lamps": 2}
