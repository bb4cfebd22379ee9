"""Fronts and weights of studies, from the files that searches leave."""

import json
from pathlib import Path

import pytest

from mazemesh.errors import InvalidArgument, NotFound
from mazemesh.tuning.definition import Definition
from mazemesh.tuning.objectives import Measurement
from mazemesh.tuning.space import parse_dimension
from mazemesh.tuning.study import Study as Search
from services.gateway.studies.stores.folders import Folders
from services.gateway.studies.study import Goal, Point, Study, parse_weights


def _points(*values: tuple[float, float]) -> tuple[Point, ...]:
    return tuple(
        Point(str(number), "complete", {"x": number}, {"success": one, "seconds": other})
        for number, (one, other) in enumerate(values)
    )


GOALS = (Goal("success", True), Goal("seconds", False))


def test_the_front_and_what_weights_choose() -> None:
    points = (
        *_points((0.9, 100), (0.5, 10), (0.4, 50), (0.95, float("inf"))),
        Point("4", "failed", {"x": 4, "y": "a"}, {}, "it broke"),
    )
    study = Study("tune", "s", {}, GOALS, points)

    assert study.front() == [0, 1]
    assert study.variables == ["x", "y"]
    even, fast = study.closeness({}), study.closeness({"seconds": 1})
    assert set(even) == {0, 1}
    assert fast[1] == 1.0 > fast[0]
    assert Study("tune", "s", {}, GOALS, points[3:]).closeness({}) == {}


@pytest.mark.parametrize(
    ("text", "match"),
    [("speed=1", "no objective"), ("success=-1", "from 0 up"), ("success=0", "above 0")],
)
def test_weights_that_are_none(text: str, match: str) -> None:
    study = Study("tune", "s", {}, GOALS, _points((1, 1)))

    with pytest.raises(InvalidArgument, match=match):
        study.closeness(parse_weights(text))
    with pytest.raises(InvalidArgument, match="OBJECTIVE=NUMBER"):
        parse_weights("success=high")


def test_a_study_of_tune_as_optuna_keeps_it(tmp_path: Path) -> None:
    folder = tmp_path / "tune" / "wide"
    space = {"epochs": "1..4", "rate": "log:1e-4..1e-2"}
    definition = Definition("race", "ppo", space, ("success", "seconds"), "success=0.9", 60.0)
    dimensions = {
        "epochs": parse_dimension("epochs", space["epochs"], whole=True),
        "rate": parse_dimension("rate", space["rate"], whole=False),
    }
    search = Search(folder / "study.sqlite", definition, dimensions)
    for number, values in enumerate([(0.95, 40.0), (0.92, 20.0), (0.91, 50.0)]):
        found, _ = search.ask()
        assert found == number
        search.complete(found, Measurement(dict(zip(("success", "seconds"), values, strict=True))))
    broken, parameters = search.ask()
    search.fail(broken, "the mesh left no summary")
    (folder / "0001").mkdir()
    (folder / "0001" / "run.json").write_text(json.dumps({"run_id": "abc"}))

    folders = Folders(tmp_path)
    study = folders.study("tune", "wide")

    assert [one[:2] for one in folders.list()] == [("tune", "wide")]
    assert [point.state for point in study.points] == ["complete"] * 3 + ["failed"]
    assert study.front() == [0, 1]
    assert study.points[1].run == "abc"
    assert study.points[3].error == "the mesh left no summary"
    assert study.points[3].variables["epochs"] == parameters["epochs"]
    assert study.about["space"] == space


def test_a_front_of_optimize_and_one_that_is_still_searched(tmp_path: Path) -> None:
    definition = {"problem": "5g", "algorithm": "nsga2", "population": 8, "seed": 0}
    for name in ("done", "under-way"):
        (tmp_path / "optimize" / name).mkdir(parents=True)
        (tmp_path / "optimize" / name / "definition.json").write_text(json.dumps(definition))
    front = {
        "generations": 3,
        "evaluations": 24,
        "seconds": 1.5,
        "objectives": [{"name": "rate", "maximise": True, "unit": "bit/s", "meaning": "of all"}],
        "weighting": {"name": "balanced", "weights": {"rate": 1.0}},
        "front": [{"label": "0", "values": {"rate": 3.0}, "closeness": 1.0, "variables": [1, 2]}],
        "variables": ["a", "b"],
    }
    (tmp_path / "optimize" / "done" / "front.json").write_text(json.dumps(front))
    folders = Folders(tmp_path)

    done, searched = folders.study("optimize", "done"), folders.study("optimize", "under-way")

    assert (done.points[0].variables, done.front()) == ({"a": 1, "b": 2}, [0])
    assert done.about["evaluations"] == 24
    assert searched.points == ()
    assert searched.about["state"] == "searching"
    with pytest.raises(NotFound, match="GET /studies"):
        folders.study("optimize", "../../etc")
