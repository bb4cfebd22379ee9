"""What follows for a run from its game's spaces and the settings of its network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.errors import InvalidArgument

SMALL = {"unroll_length": 4, "unrolls_per_batch": 8, "minibatch_size": 16}


def run(kind: str, **more: Any) -> Run:
    told = {"game": f"pettingzoo:tests.foreign_spaces:{kind}", "hyperparameters": SMALL, **more}
    return Run.of(LearnerSettings(**told))


def test_a_column_a_leaf_goes_into_experience() -> None:
    found = run("Keys", normalize_observations=True)
    columns = {spec.name: (spec.dtype.name, spec.shape) for spec in found.signature.columns}
    assert columns["observation.0"] == ("int8", (4,))
    assert columns["observation.1"] == ("uint8", (4, 2))
    assert columns["observation.2"] == ("float32", (4,))
    assert columns["last_observation.1"] == ("uint8", (2,))
    assert columns["action.turn"] == ("float32", (4, 1))
    assert columns["action.move"] == ("int8", (4,))
    assert columns["action_mask.move"] == ("uint8", (4, 3))
    assert "action_mask.turn" not in columns
    assert columns["behaviour_log_probability"] == ("float32", (4,))
    assert found.collection.action_distribution == "clipped"
    described = found.identity["architecture"]
    assert described["encoding"]["normalize_observations"]
    assert described["spaces"][1]["dict"][0][0] == "keys"
    assert found.architecture.outputs == 3 + 2 + 2


def test_a_picture_needs_no_hidden_layers_and_takes_those_that_are_asked_for(
    tmp_path: Path,
) -> None:
    plain = run("Spot")
    assert plain.architecture.hidden == ()
    file = tmp_path / "run.toml"
    file.write_text('image = "impala"\nhidden = [16]\nframes = 3\nmemory_cell = "lstm"\n')
    chosen = run("Spot", config=file, algorithm="recurrent-ppo").architecture
    assert chosen.hidden == (16,)
    assert (chosen.encoding.image, chosen.encoding.frames, chosen.cell) == ("impala", 3, "lstm")
    assert chosen.state_size == 2 * 144 + 2 * 128


def test_mazes_have_the_network_and_the_identity_that_they_had() -> None:
    found = Run.of(LearnerSettings(game="race", hyperparameters=SMALL))
    assert found.architecture.plain
    assert set(found.identity["architecture"]) == {
        *("head", "observation_size", "num_actions", "hidden", "activation"),
    }


def test_frames_and_own_modules_are_refused_where_nobody_would_learn_from_them() -> None:
    with pytest.raises(InvalidArgument, match=r"impala learns policies that see one; .*dqn"):
        run("Spot", algorithm="impala", frames=2, hyperparameters={})
    with pytest.raises(InvalidArgument, match="does by itself what image"):
        run("Spot", network="somewhere:Net", normalize_rewards=True)


@pytest.mark.parametrize(
    ("algorithm", "settings", "told"),
    [
        ("dqn", {"normalize_rewards": True}, "normalize_rewards: dqn .* are for .*ppo"),
        ("sac", {"normalize_rewards": True}, "normalize_rewards: sac "),
        ("ppo", {"memory_cell": "lstm"}, "of ppo have no memory; those of r2d2, recurrent-ppo"),
        ("dqn", {"value_layers": "own"}, "value_layers = own: dqn "),
        ("recurrent-ppo", {"value_layers": "own"}, "value_layers = own: recurrent-ppo "),
        ("a2c", {"hyperparameters": {"noise_correlation": 0.5}}, "noise_correlation = 0.5 is of c"),
    ],
)
def test_what_would_change_nothing_is_refused(
    algorithm: str, settings: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidArgument, match=told):
        run("Spot", **{"hyperparameters": {}, "algorithm": algorithm, **settings})


def test_a_magnet_is_refused_where_actions_are_not_one_choice() -> None:
    with pytest.raises(InvalidArgument, match=r"magnet_cost = 0\.1 is for a single Discrete"):
        run("Keys", hyperparameters={"magnet_cost": 0.1})
