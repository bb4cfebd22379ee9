"""What callers of the batch engine rely on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mazemesh.errors import InvalidArgument
from mazemesh.games import Game, GameSettings, bot_code, get_game, list_games
from mazemesh.games.mazes.engine import BatchEngine, compile_game

RACE, SOLO = get_game("race"), get_game("solo")
GAMES = list_games()
NAMES = [game.name for game in GAMES]


def _hashes(engine: BatchEngine) -> list[int]:
    return [engine.state_hash(game) for game in range(engine.num_games)]


def _actions(steps: int, games: int, seats: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(7)
    for _ in range(steps):
        yield rng.integers(0, 5, (games, seats), dtype=np.int8)


@pytest.mark.parametrize("game", GAMES, ids=NAMES)
def test_a_game_is_the_same_alone_and_in_a_batch(game: Game) -> None:
    batch = BatchEngine(game, None, 64)
    batch.reset(seed=9, game_id=np.arange(64))
    chosen = 41
    alone = BatchEngine(game)
    alone.reset(seed=9, game_id=chosen)
    for actions in _actions(300, 64, batch.spec.seats):
        batch.step(actions)
        alone.step(actions[chosen : chosen + 1])
        assert batch.state_hash(chosen) == alone.state_hash(0)
        assert np.array_equal(batch.observation[chosen], alone.observation[0])
        assert np.array_equal(batch.reward[chosen], alone.reward[0])


def test_engines_in_threads_do_not_disturb_each_other() -> None:
    def play(seed: int) -> list[int]:
        engine = BatchEngine(RACE, GameSettings(), 32)
        engine.next_controller[:] = bot_code("random")
        engine.reset(seed=seed, game_id=np.arange(32))
        idle = np.zeros((32, 2), np.int8)
        for _ in range(200):
            engine.step(idle)
        return _hashes(engine)

    expected = [play(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(play, range(4))) == expected


@pytest.mark.parametrize("seats", [2, 3, 8])
@pytest.mark.parametrize("game", GAMES, ids=NAMES)
def test_rotations_treat_the_seats_alike(game: Game, seats: int) -> None:
    """Seats that swap places and players see each other's game."""
    if seats > game.max_seats or seats % game.seats_multiple:
        pytest.skip("not so many players")
    engine = BatchEngine(game, GameSettings(seats=seats, width=6, height=6), seats)
    engine.reset(seed=np.full(seats, 3, np.uint64), rotation=np.arange(seats))
    places = (np.arange(seats)[None, :] + np.arange(seats)[:, None]) % seats
    by_place = np.argsort(places, axis=1)
    for actions in _actions(150, 1, seats):
        engine.step(np.ascontiguousarray(actions[0][places]))
        for array in (engine.observation, engine.reward, engine.score, engine.position):
            rows = [array[game][by_place[game]] for game in range(seats)]
            assert all(np.array_equal(rows[0], row) for row in rows)


def test_shortest_path_needs_the_walking_distance() -> None:
    engine = BatchEngine(SOLO, GameSettings(width=14, height=9), 64, autoreset=False)
    engine.next_controller[:] = bot_code("bot/shortest-path")
    engine.reset(seed=1, game_id=np.arange(64))
    games = np.arange(64)
    needed = engine.distance[games, engine.position[:, 0, 0], engine.position[:, 0, 1]].copy()
    idle = np.zeros((64, 1), np.int8)
    solved_after = np.zeros(64, np.int32)
    while engine.active.any():
        engine.step(idle)
        solved_after[engine.terminated] = engine.episode_steps[engine.terminated]
    assert np.array_equal(solved_after, needed)


def test_the_wall_follower_solves_every_maze_without_loops() -> None:
    engine = BatchEngine(SOLO, GameSettings(loops=0.0), 256, autoreset=False)
    engine.next_controller[:] = bot_code("bot/wall-follower")
    engine.reset(seed=1, game_id=np.arange(256))
    solved = np.zeros(256, np.bool_)
    while engine.active.any():
        engine.step(np.zeros((256, 1), np.int8))
        solved |= engine.terminated
    assert solved.all()


def test_the_random_bot_never_stays() -> None:
    engine = BatchEngine(SOLO, GameSettings(), 64)
    engine.next_controller[:] = bot_code("bot/random")
    engine.reset(seed=1, game_id=np.arange(64))
    counts = np.zeros(5, np.int64)
    for _ in range(100):
        engine.step(np.zeros((64, 1), np.int8))
        counts += np.bincount(engine.taken.ravel(), minlength=5)
    assert counts[0] == 0
    assert (counts[1:] > 6400 / 8).all()


@pytest.mark.parametrize(
    ("name", "shaping"), [("race", 0.0), ("collect", 0.0), ("pursuit", 0.7), ("ctf", 0.7)]
)
def test_what_one_side_wins_the_other_loses(name: str, shaping: float) -> None:
    engine = BatchEngine(get_game(name), GameSettings(seats=6, shaping=shaping), 64)
    engine.next_controller[:] = 1 + np.arange(6) % 2  # wall-follower, shortest-path
    engine.reset(seed=1, game_id=np.arange(64), rotation=np.arange(64) % 6)
    teams = np.array(engine.spec.teams)
    ends = 0
    for _ in range(150):
        rotation = engine.rotation.copy()
        engine.step(np.zeros((64, 6), np.int8))
        assert np.abs(engine.reward.sum(axis=1)).max() < 1e-5
        for game in np.flatnonzero(engine.terminated | engine.truncated):
            team = teams[(np.arange(6) + rotation[game]) % 6]
            scores = [set(engine.score[game, team == one].tolist()) for one in np.unique(team)]
            assert all(len(shared) == 1 for shared in scores)
            assert np.isclose(sum(shared.pop() for shared in scores), 1.0)
            ends += 1
    assert ends > 64


def test_shaping_in_a_race_is_of_ones_own_way_alone() -> None:
    """Over an episode each gains its own first distance, whoever wins and whatever others do."""
    plain = BatchEngine(RACE, GameSettings(seats=3), 64, autoreset=False)
    settings = GameSettings(seats=3, shaping=0.5, shaping_discount=1.0)
    shaped = BatchEngine(RACE, settings, 64, autoreset=False)
    for engine in (plain, shaped):
        engine.next_controller[:] = [bot_code("bot/random"), 1, 2]
        engine.reset(seed=4, game_id=np.arange(64))
    cells = plain.position
    far = plain.distance[np.arange(64)[:, None], cells[..., 0], cells[..., 1]].copy()
    share = far / plain.distance.max(axis=(1, 2))[:, None]
    idle, ended = np.zeros((64, 3), np.int8), np.zeros(64, np.bool_)
    while plain.active.any():
        plain.step(idle)
        shaped.step(idle)
        over = plain.terminated
        gain = shaped.episode_return[over] - plain.episode_return[over]
        assert np.allclose(gain, 0.5 * share[over], atol=1e-4)
        ended |= over
    assert ended.sum() > 32


def test_shaping_telescopes_to_the_first_potential() -> None:
    plain = BatchEngine(SOLO, GameSettings(), 32, autoreset=False)
    shaped = BatchEngine(SOLO, GameSettings(shaping=2.0, shaping_discount=1.0), 32, autoreset=False)
    for engine in (plain, shaped):
        engine.next_controller[:] = bot_code("bot/shortest-path")
        engine.reset(seed=4, game_id=np.arange(32))
    cells = plain.position[:, 0]
    far = plain.distance[np.arange(32), cells[:, 0], cells[:, 1]]
    share = far / plain.distance.max(axis=(1, 2))
    while plain.active.any():
        plain.step(np.zeros((32, 1), np.int8))
        shaped.step(np.zeros((32, 1), np.int8))
        ended = plain.terminated
        gain = shaped.episode_return[ended, 0] - plain.episode_return[ended, 0]
        assert np.allclose(gain, 2.0 * share[ended], atol=1e-4)


def test_autoreset_begins_the_next_episode_in_the_same_step() -> None:
    engine = BatchEngine(SOLO, GameSettings(step_limit=3), 8)
    engine.reset(seed=2, game_id=np.arange(8), episode=5)
    stay = np.zeros((8, 1), np.int8)
    for _ in range(3):
        last = engine.observation.copy()
        engine.step(stay)
    assert engine.truncated.all()
    assert (engine.steps == 0).all()
    assert (engine.episode_steps == 3).all()
    assert (engine.episode == 6).all()
    assert np.allclose(engine.episode_return, -1.0)
    time = engine.spec.layout[-2].offset
    assert (engine.final_observation[:, :, time] == 255).all()
    assert (engine.observation[:, :, time] == 0).all()
    planes = 2 * engine.spec.view**2
    assert np.array_equal(engine.final_observation[:, :, :planes], last[:, :, :planes])
    fresh = BatchEngine(SOLO, GameSettings(step_limit=3), 8)
    fresh.reset(seed=2, game_id=np.arange(8), episode=6)
    assert np.array_equal(fresh.observation, engine.observation)


def test_a_finished_game_stands_still_without_autoreset() -> None:
    engine = BatchEngine(SOLO, GameSettings(step_limit=1), 2, autoreset=False)
    engine.reset(seed=2)
    engine.step(np.zeros((2, 1), np.int8))
    assert engine.truncated.all()
    assert not engine.active.any()
    before = _hashes(engine)
    engine.step(np.ones((2, 1), np.int8))
    assert not engine.truncated.any()
    assert not engine.reward.any()
    assert _hashes(engine) == before


def test_a_new_controller_waits_for_the_next_episode() -> None:
    engine = BatchEngine(SOLO, GameSettings(step_limit=2), 1)
    engine.reset(seed=2)
    engine.next_controller[:] = bot_code("bot/shortest-path")
    stay = np.zeros((1, 1), np.int8)
    engine.step(stay)
    assert engine.taken[0, 0] == 0
    engine.step(stay)
    engine.step(stay)
    assert engine.taken[0, 0] > 0


def test_reset_leaves_other_games_alone() -> None:
    engine = BatchEngine(RACE, GameSettings(), 4)
    engine.reset(seed=np.arange(4, dtype=np.uint64))
    engine.step(np.full((4, 2), 1, np.int8))
    before = _hashes(engine)
    engine.reset([1, 3], seed=[8, 9])
    after = _hashes(engine)
    assert [before[game] == after[game] for game in range(4)] == [True, False, True, False]


def test_visits_count_the_cells_walked() -> None:
    engine = BatchEngine(SOLO, GameSettings(), 1)
    engine.reset(seed=2)
    for expected in (1, 2, 3, 4, 4):
        visits = engine.visits(0, 0)
        assert visits[tuple(engine.position[0, 0])] == expected
        assert visits.sum() == expected
        engine.step(np.zeros((1, 1), np.int8))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"games": [2], "seed": 0}, "games: indices 2..2 should lie in 0..1"),
        ({"games": [-1], "seed": 0}, "games: indices -1..-1 should lie in 0..1"),
        ({"games": [0, 0], "seed": 0}, "games: .* more than once"),
        ({"seed": [1, 2, 3]}, "seed: .* should be one value or"),
        ({"seed": 0, "rotation": 2}, "rotation: 2..2 should lie in 0..1"),
        ({"seed": -1}, "seed: -1..-1 should lie in"),
        ({"seed": 0, "episode": 2**32}, "episode: 4294967296..4294967296 should lie in"),
        ({"seed": 0.5}, "seed: .* should be whole numbers"),
    ],
)
def test_a_wrong_reset_is_refused(arguments: dict[str, object], message: str) -> None:
    engine = BatchEngine(RACE, GameSettings(), 2)
    with pytest.raises(InvalidArgument, match=message):
        engine.reset(**arguments)
    assert not engine.active.any()


@pytest.mark.parametrize("actions", [np.zeros((2, 1), np.int8), np.zeros((2, 2), np.int64)])
def test_wrong_actions_are_refused(actions: np.ndarray) -> None:
    engine = BatchEngine(RACE, GameSettings(), 2)
    with pytest.raises(InvalidArgument, match=r"actions: .* should be int8 \[2, 2\]"):
        engine.step(actions)


@pytest.mark.parametrize("num_games", [0, 2**20 + 1])
def test_a_wrong_number_of_games_is_refused(num_games: int) -> None:
    with pytest.raises(InvalidArgument, match=f"num_games: {num_games}"):
        BatchEngine(RACE, GameSettings(), num_games)


@pytest.mark.timeout(400)  # where nothing is compiled yet
def test_compiled_games_load_from_the_cache() -> None:
    """A later process finds the machine code on disk and compiles nothing."""
    for game in GAMES:
        compile_game(game)
    program = (
        "from mazemesh.games import list_games\n"
        "from mazemesh.games.mazes.engine import compile_game\n"
        "for game in list_games():\n"
        "    compile_game(game)\n"
        "    for kernel in (game.load_reset(), game.load_step()):\n"
        "        assert sum(kernel.stats.cache_hits.values()) == 1, kernel\n"
        "        assert not kernel.stats.cache_misses, kernel\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
