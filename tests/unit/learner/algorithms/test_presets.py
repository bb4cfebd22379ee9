"""Which preset a game starts from."""

from __future__ import annotations

import pytest

from learner.algorithms.presets import Preset, Presets
from learner.algorithms.registry import find
from mazemesh.games import GameSettings

PRESETS = Presets(
    any_maze=Preset(GameSettings(), "maze"),
    any_foreign=Preset(GameSettings(), "foreign"),
    games={"pettingzoo:classic/chess-v6": Preset(GameSettings(), "chess")},
    families={"pettingzoo:classic/": Preset(GameSettings(), "classic")},
)


@pytest.mark.parametrize(
    ("game", "expected"),
    [
        ("race", "maze"),
        ("gymnasium:CartPole-v1", "foreign"),
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
