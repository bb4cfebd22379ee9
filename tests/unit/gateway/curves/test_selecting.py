"""Pictures of many runs."""

import numpy as np
import pytest

from mazemesh.errors import InvalidArgument
from services.gateway.curves.encoding import decode
from services.gateway.curves.runs import Run, compared, is_group, run_of
from services.gateway.curves.selecting import Picture, draw
from services.gateway.curves.series import Series


def _runs(count: int = 6) -> list[tuple[Run, Series]]:
    found = []
    for number in range(count):
        series = Series()
        series.add(
            [
                {"time": 100.0 + step, "agent_steps": step * 10, "reward": number + step / 100}
                for step in range(1, 101)
            ]
        )
        run = Run(f"id{number}", f"p{number}", "race", "ppo" if number % 2 else "dqn", "mesh")
        found.append((run, series))
    return found


def test_lines_of_few_runs_have_their_extremes() -> None:
    header, rows = decode(draw(Picture("reward", buckets=10), _runs(2), {"reading": None}))

    assert [(one["id"], one["label"], one["parts"]) for one in header["curves"]] == [
        ("id0", "p0", 3),
        ("id1", "p1", 3),
    ]
    assert rows.shape == (6, 10)
    assert (header["low"], header["high"]) == (0, 1000)
    assert rows[1].min() == np.float32(0.01)
    assert rows[5].max() == 2.0


def test_many_runs_are_lines_alone_and_a_range_zooms() -> None:
    picture = Picture("reward", axis="seconds", buckets=5, low=10, high=20)

    header, rows = decode(draw(picture, _runs(20), {}))

    assert rows.shape == (20, 5)
    assert {one["parts"] for one in header["curves"]} == {1}
    np.testing.assert_allclose(rows[3], 3 + np.array([11.5, 13.5, 15.5, 17.5, 20]) / 100, atol=5e-3)


def test_groups_are_means_with_bands() -> None:
    picture = Picture("reward", buckets=4, group="algorithm", band="range")

    header, rows = decode(draw(picture, _runs(), {}))

    assert [(one["id"], one["runs"]) for one in header["curves"]] == [("dqn", 3), ("ppo", 3)]
    mean, low, high = rows[:3]
    np.testing.assert_allclose(high - low, 4, atol=1e-6)
    np.testing.assert_allclose(mean - low, 2, atol=1e-6)


def test_a_logarithmic_axis_begins_with_the_first_step() -> None:
    header, rows = decode(draw(Picture("reward", buckets=3, log=True), _runs(1), {}))

    assert (header["low"], header["high"]) == (10, 1000)
    assert rows[0][0] < rows[0][1] < rows[0][2]


def test_nothing_there_is_no_error() -> None:
    header, rows = decode(draw(Picture("nothing", buckets=3), _runs(1), {}))

    assert header["curves"] == []
    assert rows.shape == (0, 3)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="below to"):
        draw(Picture("reward", low=5, high=5), _runs(1), {})
    with pytest.raises(InvalidArgument, match="more than 4000000"):
        draw(Picture("reward", buckets=2_100_000), _runs(2), {})
    many = [(Run(f"{n}", f"p{n}", "", "", ""), s) for n, (_, s) in enumerate(_runs(1) * 101)]
    with pytest.raises(InvalidArgument, match="101 values"):
        draw(Picture("reward", group="policy", buckets=2), many, {})


def test_settings_are_flat_and_those_that_differ_come_first() -> None:
    first = run_of({"run_id": "a", "config": {"epochs": 3, "lr": 0.1}, "hidden": [1, 2]}, "f", "")
    second = run_of({"config": {"epochs": 4, "lr": 0.1}}, "folder", "study wide 3")

    assert first.settings == {"config.epochs": 3, "config.lr": 0.1, "hidden": "[1, 2]"}
    assert (second.id, second.label) == ("folder", "study wide 3 · folder")
    assert compared([first, second]) == (["config.epochs", "hidden"], ["config.lr"])
    assert first.value("setting:config.epochs") == "3"
    assert second.value("setting:nothing") == "–"
    assert second.matches("WIDE folder")
    assert not second.matches("wide race")
    assert is_group("game")
    assert not is_group("colour")
