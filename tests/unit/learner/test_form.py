"""The form of a run says of every field what it means."""

import json
import subprocess
import sys

import pytest

from learner.algorithms import registry
from learner.form import describe
from learner.settings import LearnerSettings
from mazemesh.errors import InvalidArgument
from mazemesh.training.sections import SETTINGS


@pytest.mark.parametrize("algorithm", registry.names())
@pytest.mark.parametrize("game", ["race", "gymnasium:CartPole-v1"])
def test_every_field_is_explained_and_within_its_bounds(game: str, algorithm: str) -> None:
    form = json.loads(json.dumps(describe(game, algorithm)))

    fields = [field for section in form["sections"] for field in section["fields"]]
    assert len(fields) > 20
    for field in fields:
        assert field["meaning"], field
        assert field["kind"] in ("whole", "number", "switch", "choice", "list", "text"), field
        if field["kind"] == "choice":
            assert field["preset"] in field["choices"], field
        if field["kind"] in ("whole", "number") and field["preset"] is not None:
            assert field.get("low", -1e300) <= field["preset"] <= field.get("high", 1e300), field
    assert ("game" in {one["name"] for one in form["sections"]}) == (game == "race")


def test_fields_are_settings_of_the_learner() -> None:
    assert LearnerSettings.model_fields.keys() >= SETTINGS


def test_unknown_algorithms_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="should be one of"):
        describe("race", "alchemy")


def test_no_form_needs_torch() -> None:
    code = "import sys; from learner.form import describe; describe('race', 'ppo'); "
    asked = subprocess.run(
        [sys.executable, "-P", "-c", code + "print('torch' in sys.modules)"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert asked.stdout.strip() == "False"
