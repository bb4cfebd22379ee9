"""What the learner offers to programs that know no learner."""

from __future__ import annotations

from learner.offers import answer


def test_what_there_is() -> None:
    told = answer(["list"])
    assert "ppo" in told["algorithms"]
    assert all(one["meaning"] for one in told["settings"])


def test_what_a_game_is_trained_with() -> None:
    told = answer(["preset", "race", "ppo"])
    rate = {one["name"]: one for one in told["hyperparameters"]}["learning_rate"]
    assert rate["meaning"]
    assert rate["bounds"] == "in 0..1"
    assert {one["name"] for one in told["settings"]} >= {"hidden", "width", "generator"}


def test_what_would_be_refused() -> None:
    assert answer(["check", "--game=race", "--width=5", "--height=5"])["row_bytes"] > 0
    wrong = answer(["check", "--game=race", "--width=1"])
    assert (wrong["field"], "outside 2..64" in wrong["error"]) == ("width", True)
    unknown = answer(["check", "--algorithm=alchemy"])
    assert unknown["field"] == "algorithm"
    assert "MAZEMESH" not in unknown["error"]
    assert "not understood" in answer(["check", "--nothing=1"])["error"]
    assert answer(["preset", "chess", "ppo"])["field"] == "game"
