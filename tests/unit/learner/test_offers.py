"""What the learner offers to programs that know no learner."""

from __future__ import annotations

from learner.offers import answer
from mazemesh.training.sections import SETTINGS


def test_what_there_is() -> None:
    told = answer(["list"])
    assert "ppo" in told["algorithms"]
    assert all(one["meaning"] for one in told["settings"])
    assert {one["name"] for one in told["settings"]} == SETTINGS


def test_what_a_game_is_trained_with() -> None:
    told = answer(["preset", "race", "ppo"])
    rate = {one["name"]: one for one in told["hyperparameters"]}["learning_rate"]
    assert rate["meaning"]
    assert rate["bounds"] == "in 0..1"
    settings = {one["name"]: one for one in told["settings"]}
    assert settings["publish_steps"]["value"] > 0  # no preset says it, and a job may
    assert settings["width"]["value"] > 1
    assert settings["generator"]["bounds"].startswith("one of ")
    assert settings["frames"]["bounds"] == "in 1..16"


def test_the_form_and_the_values_are_the_same() -> None:
    form, told = answer(["form", "race", "dqn"]), answer(["preset", "race", "dqn"])
    fields = {one["name"]: one for section in form["sections"] for one in section["fields"]}
    for one in (*told["settings"], *told["hyperparameters"]):
        field = fields.pop(one["name"])
        assert (one["value"], one["meaning"]) == (field["preset"], field["meaning"])
    assert fields == {}
    assert answer(["form", "race", "alchemy"])["field"] == "algorithm"


def test_what_would_be_refused() -> None:
    assert answer(["check", "--game=race", "--width=5", "--height=5"])["row_bytes"] > 0
    wrong = answer(["check", "--game=race", "--width=1"])
    assert (wrong["field"], "outside 2..64" in wrong["error"]) == ("width", True)
    unknown = answer(["check", "--algorithm=alchemy"])
    assert unknown["field"] == "algorithm"
    assert "MAZEMESH" not in unknown["error"]
    assert "not understood" in answer(["check", "--nothing=1"])["error"]
    assert answer(["preset", "chess", "ppo"])["field"] == "game"
