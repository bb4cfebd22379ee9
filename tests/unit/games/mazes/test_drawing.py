"""Mazes that a thread draws ahead are those that would be drawn in place."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from mazemesh.games import GENERATORS, GameSettings, bot_code, get_game
from mazemesh.games.mazes.engine import BatchEngine

GAMES = 16


def engines(name: str, generator: str) -> tuple[BatchEngine, BatchEngine]:
    """Two alike, the second of which draws ahead."""
    settings = GameSettings(width=7, height=6, generator=generator, step_limit=9)
    made = [BatchEngine(get_game(name), settings, GAMES, draw_ahead=ahead) for ahead in (0, 1)]
    for engine in made:
        engine.next_controller[:, 0] = bot_code("shortest-path")
        engine.reset(seed=1, game_id=np.arange(GAMES))
    return made[0], made[1]


def await_mazes(engine: BatchEngine) -> None:
    while engine.drawn_ahead < GAMES:
        time.sleep(0)


def assert_alike(one: BatchEngine, other: BatchEngine) -> None:
    for game in range(GAMES):
        assert one.state_hash(game) == other.state_hash(game)
    for name in ("observation", "action_mask", "distance", "reward", "final_observation", "taken"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("name", ["race", "ctf"])
def test_play_is_the_same(name: str, generator: str) -> None:
    plain, ahead = engines(name, generator)
    rng = np.random.default_rng(1)
    for turn in range(60):
        if turn % 3 == 0:  # else it is as ready as it happens to be
            await_mazes(ahead)
        if turn % 20 == 10:  # another name than the one that was drawn ahead
            some = np.arange(turn % 7, GAMES, 3)
            for engine in (plain, ahead):
                engine.reset(some, seed=turn, game_id=some, episode=turn)
        actions = rng.integers(0, 5, plain.taken.shape, dtype=np.int8)
        plain.step(actions)
        ahead.step(actions)
        assert_alike(plain, ahead)
    assert plain.episode.min() > 2


def test_the_next_mazes_and_no_more_are_drawn() -> None:
    plain, ahead = engines("race", "mixed")
    await_mazes(ahead)
    assert ahead.drawn_ahead == GAMES
    assert plain.drawn_ahead == 0


def test_the_thread_ends_with_its_engine() -> None:
    before = set(threading.enumerate())
    engine = engines("solo", "dfs")[1]
    (thread,) = set(threading.enumerate()) - before
    await_mazes(engine)
    del engine
    thread.join(timeout=60)
    assert not thread.is_alive()


def test_a_closed_engine_plays_on_and_draws_in_place() -> None:
    plain, ahead = engines("race", "mixed")
    ahead.close()
    ahead.close()
    actions = np.zeros(plain.taken.shape, np.int8)
    for _ in range(30):
        plain.step(actions)
        ahead.step(actions)
        assert_alike(plain, ahead)


def test_what_ended_can_be_looked_at_before_the_next_episode_begins() -> None:
    plain, watched = engines("collect", "mixed")
    ends: list[np.ndarray] = []

    def look() -> None:
        over = watched.terminated | watched.truncated
        assert over.any()
        assert not watched.active[over].any()
        assert (watched.steps[over] > 0).all()
        ends.append(watched.position[over].copy())

    actions = np.zeros(plain.taken.shape, np.int8)
    for _ in range(30):
        plain.step(actions)
        count = len(ends)
        watched.step(actions, on_end=look)
        assert (len(ends) > count) == bool((plain.terminated | plain.truncated).any())
        assert_alike(plain, watched)
    assert ends
