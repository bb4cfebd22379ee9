"""Presets as files: complete, documented, and the same run as without them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from learner.algorithms import registry
from learner.preset_file import documented, preset_text
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.errors import InvalidArgument
from mazemesh.games import list_games

ALGORITHMS = registry.names()
CONTINUOUS = ("ddpg", "td3")
"""Those that learn no game of mazes."""


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("game", [one.name for one in list_games()])
def test_the_file_is_the_preset(tmp_path: Path, game: str, algorithm: str) -> None:
    file = tmp_path / "run.toml"
    file.write_text(preset_text(game, algorithm))
    if algorithm in CONTINUOUS:
        with pytest.raises(InvalidArgument, match=f"{algorithm} learns continuous actions"):
            Run.of(LearnerSettings(config=file))
        return
    assert Run.of(LearnerSettings(config=file)) == Run.of(
        LearnerSettings(game=game, algorithm=algorithm)
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_value_is_explained(algorithm: str) -> None:
    game = "gymnasium:Pendulum-v1" if algorithm in CONTINUOUS else "solo"
    config = Run.of(LearnerSettings(game=game, algorithm=algorithm)).config
    meanings = documented(type(config))
    assert {field.name for field in dataclasses.fields(config)} == meanings.keys()
    text = preset_text(game, algorithm).splitlines()
    head = text.index(f'algorithm = "{algorithm}"')
    for before, line in zip(text[head:], text[head + 1 :], strict=False):
        if " = " in line and not line.startswith("#"):
            assert before.startswith("# "), f"{line} has no comment"


def test_an_unknown_game_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="chess"):
        preset_text("chess", "ppo")
