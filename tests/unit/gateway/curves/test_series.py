"""Lines of a journal as columns."""

import json

import numpy as np

from mazemesh.analysis.journal import read_curves
from services.gateway.curves.series import Series


def _line(time: float, steps: int, **figures: float) -> dict[str, float]:
    return {"time": time, "agent_steps": steps, **figures}


def _means(series: Series, metric: str, edges: list[float]) -> list[float]:
    found = series.buckets(metric, "steps", np.array(edges))
    assert found is not None
    return [round(float(one), 6) for one in found.mean]


def test_figures_that_come_later_or_stay_away_have_holes() -> None:
    series = Series()
    series.add([_line(1, 10, reward=1.0), _line(2, 20)])
    series.add([_line(3, 30, loss=5.0, reward=3.0)])

    assert series.metrics == ("loss", "reward")
    assert _means(series, "reward", [0, 15, 40]) == [1.0, 3.0]
    assert np.isnan(_means(series, "loss", [0, 15, 40])[0])
    assert series.newest() == {"loss": 5.0, "reward": 3.0}
    assert series.buckets("nothing", "steps", np.array([0.0, 1.0])) is None


def test_what_a_killed_run_learned_again_is_cut_off_as_the_analysis_does() -> None:
    lines = [
        *(_line(time, time * 10, reward=float(time)) for time in range(1, 9)),
        *(_line(20 + time, time * 10, reward=100.0 + time) for time in range(5, 12)),
        *(_line(50 + time, time * 10, reward=200.0 + time) for time in range(3, 5)),
    ]
    series = Series()
    for piece in (lines[:6], lines[6:11], lines[11:]):
        series.add(piece)

    known = read_curves(map(json.dumps, lines))
    assert series.axis("steps").tolist() == known.agent_steps.tolist()
    assert _means(series, "reward", [0, 15, 25, 35, 45]) == [
        1,
        2,
        103,
        204,
    ]  # 3 and 203 lie at the same steps


def test_no_time_passes_while_nothing_runs() -> None:
    series = Series()
    series.add([_line(100, 1), _line(105, 2), _line(5000, 3), _line(5004, 4)])

    assert series.axis("seconds").tolist() == [0, 5, 5, 9]
    assert (series.began, series.last_time) == (100, 5004)


def test_what_is_no_line_is_passed_over() -> None:
    series = Series()
    series.add([{"time": 1.0}, {"time": "x", "agent_steps": 3}, {"agent_steps": True, "time": 2}])
    series.add([_line(float("nan"), 1), {**_line(2, 5), "note": "text", "flag": True, "a": 1}])

    assert len(series) == 1
    assert series.newest() == {"a": 1.0}
