"""Which preset a game starts from."""

from __future__ import annotations

from typing import Any

import pytest

from learner.algorithms.presets import Preset, Presets
from learner.algorithms.registry import find
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.games import GameSettings

PRESETS = Presets(
    any_maze=Preset(GameSettings(), "maze"),
    any_foreign=Preset(GameSettings(), "foreign"),
    games={"pettingzoo:classic/chess-v6": Preset(GameSettings(), "chess")},
    families={
        "pettingzoo:classic/": Preset(GameSettings(), "classic"),
        "gymnasium:ALE/": Preset(GameSettings(), "atari"),
    },
)


@pytest.mark.parametrize(
    ("game", "expected"),
    [
        ("race", "maze"),
        ("gymnasium:CartPole-v1", "foreign"),
        ("gymnasium:ALE/Pong-v5", "atari"),
        ("gymnasium:my_package.games:ALE/Pong-v5?frameskip=1", "atari"),
        ("pettingzoo:classic/go-v5", "classic"),
        ("pettingzoo:classic/go-v5?board_size=9", "classic"),
        ("pettingzoo:classic/chess-v6", "chess"),
        ("pettingzoo:sisl/pursuit-v5", "foreign"),
    ],
)
def test_a_games_own_preset_comes_before_its_familys(game: str, expected: str) -> None:
    assert PRESETS.of(game).config == expected


def test_games_of_boards_are_not_discounted() -> None:
    for game in ("pettingzoo:classic/tictactoe-v3", "pettingzoo:pettingzoo.classic.tictactoe_v3"):
        assert find("ppo").preset(game).config.discount == 1.0


@pytest.mark.parametrize(
    ("game", "algorithm", "expected"),
    [
        ("gymnasium:CartPole-v1", "ppo", "own"),
        ("gymnasium:CartPole-v1", "a2c", "own"),
        ("gymnasium:CartPole-v1", "dqn", "auto"),
        ("gymnasium:Pendulum-v1", "sac", "shared"),
        ("race", "ppo", "auto"),
        ("pettingzoo:tests.foreign_spaces:Spot", "ppo", "auto"),
    ],
)
def test_values_have_layers_of_their_own_where_nobody_knows_returns(
    game: str, algorithm: str, expected: str
) -> None:
    found = Run.of(LearnerSettings(game=game, algorithm=algorithm)).architecture
    assert found.encoding.value == expected


def test_what_is_set_is_kept() -> None:
    found = Run.of(LearnerSettings(game="gymnasium:CartPole-v1", value_layers="shared"))
    assert found.architecture.plain


def test_the_learning_rate_ends_with_a_run_whose_end_is_known() -> None:
    def anneals(**more: Any) -> int:
        return int(Run.of(LearnerSettings(**more)).config.anneal_updates)

    game = "gymnasium:CartPole-v1"
    # Batches of 256 steps, one minibatch, 20 epochs.
    assert anneals(game=game) == 8_000
    assert anneals(game=game, steps=25_600) == 2_000
    assert anneals(game=game, steps=25_600, hyperparameters={"anneal_updates": 7}) == 7
    assert anneals(game="race", steps=25_600) == anneals(game="race")
