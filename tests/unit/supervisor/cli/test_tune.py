"""`mazemesh tune` on studies that are there, and what it refuses before any trial."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mazemesh.cli.app import app
from mazemesh.tuning.objectives import Measurement
from mazemesh.tuning.study import Study
from supervisor.tuning.flags import Flags
from supervisor.tuning.lock import alone
from tests.unit.tuning.fakes import DEFINITION

RESULTS = ((0.9, 40.0), (0.8, 15.0), (0.6, 10.0), (0.5, 30.0), (0.2, float("inf")))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Holds the study "mine" of five trials."""
    space = Flags("solo", "ppo").dimensions(DEFINITION.space)
    study = Study(tmp_path / "tune" / "mine" / "study.sqlite", DEFINITION, space)
    for success, seconds in RESULTS:
        number, _ = study.ask()
        measured = {"success": success, "seconds": seconds}
        study.complete(number, Measurement(measured, 0.5 - success))
    return tmp_path


def tune(data_dir: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["tune", *arguments, "--data-dir", str(data_dir)])
    return result.exit_code, result.output


def test_a_finished_study_is_shown_and_one_trial_chosen(data_dir: Path) -> None:
    status, output = tune(
        data_dir, "--study=mine", "--trials=5", "--choose=success=1,seconds=1", "--json"
    )
    assert status == 0
    told = json.loads(output)
    assert told["front"] == [0, 1, 2]
    assert told["trials"][4]["values"] == {"success": 0.2, "seconds": None}
    assert told["trials"][4]["shortfall"] == pytest.approx(0.3)
    chosen = told["chosen"]
    assert chosen["number"] == 1
    assert max(chosen["closeness"], key=chosen["closeness"].get) == "1"
    parameters = told["trials"][1]["parameters"]
    assert chosen["command"] == (
        "mazemesh up --game solo --algorithm ppo --learner=--hyperparameters="
        f"learning_rate={parameters['learning_rate']},epochs={parameters['epochs']}"
    )
    assert [Path(file).name for file in told["files"]] == [
        "trade-offs-pareto.png",
        "trade-offs.html",
    ]
    assert all(Path(file).exists() for file in told["files"])


def test_lines_for_people(data_dir: Path) -> None:
    status, output = tune(data_dir, "--study=mine", "--trials=0", "--choose=seconds=1")
    assert status == 0
    lines = output.splitlines()
    assert lines[0].split("\t")[:4] == ["trial", "state", "success", "seconds"]
    assert [line.split("\t")[-1] for line in lines[1:6]] == ["front", "front", "chosen", "", ""]
    assert "trial 2 is chosen" in output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--study=mine", "--game=race"], "begun with game 'solo', not 'race'"),
        (["--study=mine", "--trials=9", "epochs=1..3"], "was begun with space"),
        (["--study=mine", "--choose=rating=1"], "'rating' is no objective of this study"),
        (["--study=mine", "--trials=9", "--prune"], "success or rating as the only objective"),
        (["--study=new", "--trials=0"], "there is no study 'new'"),
        (["--study=../x", "epochs=1..3"], "study: '../x' should be"),
        (["--study=new"], "space: name what to search"),
        (["--study=new", "epochs"], "should be NAME=VALUES"),
        (["--study=new", "epochs=1..3", "--game=chess"], "'chess'"),
        (["--study=new", "epochs=1..3", "--objective=fame"], "'fame' is unknown"),
        (["--study=new", "epochs=1..3", "--target=success=9"], "success = 9 should be"),
        (
            ["--study=new", "epochs=1..3", "--objective=success", "--target=success=0.5"],
            "target: has no use without",
        ),
        (["--study=new", "epochs=1..3", "--for=soon"], "'soon' is no duration"),
    ],
)
def test_what_is_refused(data_dir: Path, arguments: list[str], told: str) -> None:
    status, output = tune(data_dir, *arguments)
    assert status in (1, 2)
    assert told in " ".join(output.replace("│", " ").split())
    assert "Traceback" not in output
    assert not (data_dir / "tune" / "new" / "study.sqlite").exists()
    assert not list(data_dir.glob("tune/*/trials"))


def test_the_space_may_stand_in_a_file(data_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "space.toml"
    file.write_text('[space]\nlearning_rate = "log:1e-4..1e-2"\nepochs = "1..3"\n')
    # The command line comes before the file: together they are the study's own space.
    status, _ = tune(data_dir, "--study=mine", "--trials=0", f"--space={file}", "epochs=1..4")
    assert status == 0
    file.write_text("epochs = 3\n")
    status, output = tune(data_dir, "--study=mine", "--trials=0", f"--space={file}")
    assert status == 1
    assert "should have one table, [space]" in output


def test_one_search_a_study(data_dir: Path) -> None:
    with alone(data_dir / "tune" / "mine"):
        status, output = tune(data_dir, "--study=mine", "--trials=0")
    assert status == 1
    assert "is being searched by another process" in output


def test_nothing_can_be_chosen_before_the_target_is_reached(tmp_path: Path) -> None:
    definition = dataclasses.replace(DEFINITION, target="success=0.95")
    space = Flags("solo", "ppo").dimensions(definition.space)
    study = Study(tmp_path / "tune" / "mine" / "study.sqlite", definition, space)
    number, _ = study.ask()
    study.complete(number, Measurement({"success": 0.4, "seconds": float("inf")}, 0.55))
    status, output = tune(tmp_path, "--study=mine", "--trials=1", "--choose=success=1")
    assert status == 1
    assert "0\tcomplete\t0.4\tinf" in output
    assert "none reached the target of success=0.95" in output
