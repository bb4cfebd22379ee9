"""Settings of a run from a file, under flags and environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from learner.algorithms.configs import RecurrentPPOConfig
from learner.loop.run import Run
from learner.settings import LearnerSettings
from mazemesh.process.errors import StartError
from mazemesh.process.settings import parse_settings

RUN = """
game = "solo"
algorithm = "recurrent-ppo"
seed = 3
width = 6
hidden = [64, 32]

[hyperparameters]
memory = 48
epochs = 2
learning_rate = 1e-4
"""


def parse(path: Path, *flags: str) -> LearnerSettings:
    return parse_settings(LearnerSettings, ["--config", str(path), *flags], "learner")


def test_the_file_sets_what_flags_and_environment_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.toml"
    path.write_text(RUN)
    monkeypatch.setenv("MAZEMESH_LEARNER_SEED", "9")
    settings = parse(path, "--width", "8", "--hyperparameters", "epochs=5,clip=0.3")
    run = Run.of(settings)
    assert isinstance(run.config, RecurrentPPOConfig)
    assert (run.game, run.seed, run.game_settings.width) == ("solo", 9, 8)
    assert (run.config.memory, run.config.clip, run.config.epochs) == (48, 0.3, 5)
    assert run.config.learning_rate == 1e-4
    assert run.architecture.hidden == (64, 32)
    assert run.architecture.memory == 48


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("gmae = 'solo'", "gmae"),
        ("seed = -1", "seed = -1 is wrong"),
        ("seed = ", "is not TOML"),
        ("config = 'other.toml'", "belongs on the command line"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, content: str, part: str) -> None:
    path = tmp_path / "run.toml"
    path.write_text(content)
    with pytest.raises(StartError, match=part):
        parse(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"none\.toml cannot be read: No such file"):
        parse(tmp_path / "none.toml")


def test_hidden_layers_by_flag(tmp_path: Path) -> None:
    settings = parse_settings(LearnerSettings, ["--game", "solo", "--hidden", "32,16"], "learner")
    assert Run.of(settings).architecture.hidden == (32, 16)
