"""Who has done what a game is about: told by the game, not by the last reward."""

from typing import Any

import gymnasium
import numpy as np
import pytest

from mazemesh.games import GameSettings, get_game
from mazemesh.games.bots import BOTS
from mazemesh.games.foreign.environments.gymnasium_environment import GymnasiumEnvironment
from mazemesh.games.foreign.seats.rows import Rows
from mazemesh.games.mazes.engine import BatchEngine


@pytest.mark.parametrize(
    ("game", "settings"),
    [
        ("collect", GameSettings(width=5, height=5)),
        ("race", GameSettings(width=5, height=5, seats=3, shaping=1.0)),
    ],
)
@pytest.mark.slow
def test_a_positive_last_reward_is_no_success(game: str, settings: GameSettings) -> None:
    """The last gem of one who loses; a step towards the exit that another has reached."""
    engine = BatchEngine(get_game(game), settings, 256)
    engine.next_controller[...] = BOTS.index("random")
    engine.reset(seed=1, game_id=np.arange(256))
    paid, won = 0, 0
    for _ in range(100):
        engine.step(np.zeros_like(engine.taken))
        ended = engine.terminated[:, None]
        assert (engine.success == (engine.score == 1.0)).all()
        assert not (engine.success & ~(engine.terminated | engine.truncated)[:, None]).any()
        paid += int((ended & (engine.reward > 0) & ~engine.success).sum())
        won += int(engine.success.sum())
    assert paid
    assert won


class Told(gymnasium.Env[Any, Any]):
    """Ends at once, without reward, and says how it went."""

    observation_space = gymnasium.spaces.Box(0, 1, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        return np.zeros(1, np.float32), {}

    def step(self, action: int) -> Any:
        info = {"is_success": bool(action)}
        return np.zeros(1, np.float32), 0.0, True, False, info


def test_what_an_environment_says_of_success_counts() -> None:
    environment = GymnasiumEnvironment(Told(), 1, "", strict=True)
    rows = Rows(
        observation=(np.zeros((1, 1), np.float32),),
        mask=(np.zeros((1, 2), np.uint8),),
        acting=np.zeros(1, np.bool_),
        reward=np.zeros(1, np.float32),
        status=np.zeros(1, np.uint8),
    )
    environment.reset(0, [0], rows)
    assert environment.successes([0]) == {}
    for action in (1, 0):
        environment.step([action], [0], rows)
        assert environment.successes([0]) == {0: bool(action)}
