"""Training sessions of a Game service beside the engine that they should equal."""

import numpy as np
import numpy.typing as npt

from mazemesh.client.game.game import GamesSession
from mazemesh.games import GameSettings, get_game
from mazemesh.games.mazes.engine import BatchEngine

GAMES = 16
SMALL = GameSettings(width=5, height=4, view=5)
Actions = npt.NDArray[np.int8]


def some_actions(rng: np.random.Generator, games: int = GAMES, seats: int = 2) -> Actions:
    return rng.integers(0, 5, (games, seats), dtype=np.int8)


def engine_of(
    settings: GameSettings | None, seed: int, first_game_id: int = 0, game: str = "race"
) -> BatchEngine:
    engine = BatchEngine(get_game(game), settings, GAMES)
    engine.reset(seed=seed, game_id=np.arange(first_game_id, first_game_id + GAMES))
    return engine


def assert_same(session: GamesSession, engine: BatchEngine) -> None:
    step = session.step
    ended = np.flatnonzero(engine.terminated | engine.truncated)
    truncated = np.flatnonzero(engine.truncated)
    np.testing.assert_array_equal(step.observation, engine.observation)
    np.testing.assert_array_equal(step.action_mask, engine.action_mask)
    np.testing.assert_array_equal(step.reward, engine.reward)
    np.testing.assert_array_equal(step.status, engine.terminated + 2 * engine.truncated)
    np.testing.assert_array_equal(step.ended_games, ended)
    np.testing.assert_array_equal(step.ended_scores, engine.score[ended])
    np.testing.assert_array_equal(step.ended_steps, engine.episode_steps[ended])
    np.testing.assert_array_equal(step.ended_successes, engine.success[ended])
    np.testing.assert_array_equal(step.final_observation, engine.final_observation[truncated])
    np.testing.assert_array_equal(step.final_action_mask, engine.final_action_mask[truncated])


def play_both(
    session: GamesSession, engine: BatchEngine, rng: np.random.Generator, steps: int
) -> int:
    """Plays the same actions on both, comparing every step; returns how many games ended."""
    ended = 0
    for _ in range(steps):
        actions = some_actions(rng, seats=session.seats)
        session.send(actions)
        ended += session.receive().ended_games.size
        engine.step(actions)
        assert_same(session, engine)
    return ended
