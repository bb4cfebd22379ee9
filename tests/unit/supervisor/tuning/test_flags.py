"""From a space to flags that the learner takes."""

import pytest

from learner.algorithms.registry import find
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.errors import InvalidArgument
from mazemesh.process.settings import parse_settings
from mazemesh.tuning.space import Choice, Interval
from supervisor.tuning.flags import Flags

PPO = Flags("solo", "ppo")


def run_of(flags: list[str]) -> Run:
    own = [flag.removeprefix("--learner=") for flag in flags if flag.startswith("--learner=")]
    arguments = ["--game=solo", "--algorithm=ppo", *own]
    return Run.of(parse_settings(LearnerSettings, arguments, "learner"))


def test_whole_numbers_where_the_learner_wants_them() -> None:
    found = PPO.dimensions(
        {"learning_rate": "log:1e-4..3e-3", "epochs": "1..4", "games": "64,128", "width": "8..12"}
    )
    assert found == {
        "learning_rate": Interval(1e-4, 3e-3, log=True),
        "epochs": Interval(1, 4, whole=True),
        "games": Choice(("64", "128")),
        "width": Interval(8, 12, whole=True),
    }


def test_the_learner_gets_what_was_drawn() -> None:
    flags = PPO.of(
        {"learning_rate": 0.00012, "minibatch_size": "512", "games": "64", "shaping": 0.5}
    )
    assert flags == [
        "--games=64",
        "--learner=--shaping=0.5",
        "--learner=--hyperparameters=learning_rate=0.00012,minibatch_size=512",
    ]
    run = run_of(flags)
    assert (run.config.learning_rate, run.config.minibatch_size) == (0.00012, 512)
    assert run.game_settings.shaping == 0.5
    assert run.config.discount == find("ppo").preset("solo").config.discount


def test_flags_of_the_user_come_before() -> None:
    flags = Flags("solo", "ppo", ("--hyperparameters=discount=0.9",)).of({"epochs": 2})
    run = run_of(flags)
    assert (run.config.discount, run.config.epochs) == (0.9, 2)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("speed", "1..2", "'speed' is unknown to ppo; there are .*learning_rate"),
        ("seed", "1..2", "'seed' is unknown"),
        ("epsilon", "0..1", "'epsilon' is unknown to ppo"),
        ("epochs", "2.5,3", "epochs = 2.5 should be a whole number"),
        ("learning_rate", "-1..1", "learning_rate = -1 should be a number in 0"),
        ("threads", "0..2", "threads"),
        ("games", "many", "games = many should be a whole number from 2 up"),
        ("games", "1..64", "games = 1 should"),
        ("generator", "dfs,no-such", "no-such"),
    ],
)
def test_what_the_learner_refuses_is_refused_at_once(name: str, text: str, told: str) -> None:
    with pytest.raises(InvalidArgument, match=told):
        PPO.dimensions({name: text})


def test_other_algorithms_have_other_names() -> None:
    assert set(Flags("solo", "dqn").dimensions({"epsilon": "0.1..0.9"})) == {"epsilon"}
    with pytest.raises(InvalidArgument, match="algorithm"):
        Flags("solo", "sarsa")
    with pytest.raises(InvalidArgument, match="no-such"):
        Flags("no-such", "ppo")
    with pytest.raises(InvalidArgument, match="name what to search"):
        PPO.dimensions({})
