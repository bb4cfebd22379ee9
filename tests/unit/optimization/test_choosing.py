"""Which point of a front is chosen."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from mazemesh.errors import FailedPrecondition, InvalidArgument
from mazemesh.optimization import Objective
from mazemesh.optimization.candidates import Candidates
from mazemesh.optimization.choosing import ParetoFront, Weighting, parse_weights, weighting

OBJECTIVES = (Objective("rate", True, "Mbit/s"), Objective("power", False, "W"))
MODES = {"balanced": {"rate": 1.0, "power": 1.0}, "emergency": {"rate": 9.0, "power": 1.0}}


def front(meant: Weighting) -> ParetoFront:
    values = np.array([[1.0, 10.0], [7.0, 20.0], [9.0, 60.0]])
    points = np.array([[0.1], [0.5], [0.9]])
    names = ("0", "1", "2")
    return ParetoFront(OBJECTIVES, ("x",), names, points, values, MODES, meant, {"problem": "p"})


def test_a_mode_is_weights() -> None:
    assert front(weighting(OBJECTIVES, MODES)).chosen() == 1
    assert front(weighting(OBJECTIVES, MODES, "emergency")).chosen() == 2
    assert front(weighting(OBJECTIVES, MODES, weights={"power": 1.0})).chosen() == 0
    assert front(weighting(OBJECTIVES, MODES)).by_mode() == {"balanced": 1, "emergency": 2}


def test_everything_is_told_as_data() -> None:
    told = json.loads(json.dumps(front(weighting(OBJECTIVES, MODES, "emergency")).to_json()))
    assert told["weighting"] == {"name": "emergency", "weights": {"rate": 9.0, "power": 1.0}}
    assert told["chosen"]["variables"] == {"x": 0.9}
    assert told["chosen"]["values"] == {"rate": 9.0, "power": 60.0}
    assert [one["label"] for one in told["front"]] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"mode": "panic"}, "mode: 'panic' is unknown here; there are balanced, emergency"),
        ({"mode": "emergency", "weights": {"rate": 1.0}}, "a mode is given too"),
        ({"weights": {"cost": 1.0}}, "weights: 'cost' is no objective; there are rate, power"),
        ({"weights": {"rate": -1.0}}, r"weights\[rate\]: -1.0 should be"),
        ({"weights": {"rate": float("nan")}}, r"weights\[rate\]: nan"),
        ({"weights": {"rate": 0.0}}, "one should be above 0"),
        ({"weights": {}}, "one should be above 0"),
    ],
)
def test_what_is_no_weighting(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        weighting(OBJECTIVES, MODES, **given)


def test_weights_as_text() -> None:
    assert parse_weights("rate=2, power=.5") == {"rate": 2.0, "power": 0.5}
    for text in ("rate", "rate=much", "", "rate=1,,"):
        with pytest.raises(InvalidArgument, match="should be OBJECTIVE=NUMBER"):
            parse_weights(text)


def test_of_candidates_those_that_none_dominates() -> None:
    values = np.array([[1.0, 10.0], [0.5, 11.0], [2.0, 20.0]])
    found = Candidates("league:race", ("race:1", "race:2", "race:3"), OBJECTIVES, values)
    made = found.front(weighting(OBJECTIVES, found.modes))
    assert made.labels == ("race:1", "race:3")
    assert made.settings(0) == {}
    with pytest.raises(FailedPrecondition, match="nothing to choose from"):
        Candidates("league:race", (), OBJECTIVES, np.zeros((0, 2)))
