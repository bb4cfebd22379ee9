"""Curves and leaderboards as pictures."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from mazemesh.notebook.curve import Curve
from mazemesh.notebook.standings import Standing, Standings

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [one.text or "" for one in ET.fromstring(svg).iter(f"{SVG}text")]


def points(svg: str) -> list[list[tuple[float, float]]]:
    drawn = ET.fromstring(svg).iter(f"{SVG}polyline")
    corners = [[one.split(",") for one in line.get("points", "").split()] for line in drawn]
    return [[(float(x), float(y)) for x, y in line] for line in corners]


def test_each_figure_has_a_panel_with_a_dash_of_its_own() -> None:
    figures = {"reward": ((0.0, -1.0), (100.0, 2.0)), "success_rate": ((50.0, 0.5), (100.0, 1.0))}
    curve = Curve("a run", figures, note="running")
    assert {"reward", "success rate", "a run", "running"} <= set(texts(curve.svg()))
    first, second = points(curve.svg())
    assert first[0][1] > first[1][1]  # more is higher
    assert second[0][0] > first[0][0]
    dashes = [
        line.get("stroke-dasharray") for line in ET.fromstring(curve.svg()).iter(f"{SVG}polyline")
    ]
    assert len(set(dashes)) == 2


def test_words_tell_the_first_and_the_last_value() -> None:
    curve = Curve("a run", {"reward": ((1_000.0, -1.0), (20_000.0, 2.5)), "loss": ()})
    assert curve.words() == (
        "a run. reward: -1 at 1,000 agent steps, 2.5 at 20,000. loss: nothing yet."
    )


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([0.2, 0.9], "0", "1"),
        ([-1.2, 2.4], "-2", "3"),
        ([5.0, 5.0], "4.5", "5.5"),
        ([1e-9, 3e9], "0", "3e+09"),
    ],
)
def test_the_axis_has_round_ends(values: list[float], low: str, high: str) -> None:
    svg = Curve("", {"loss": tuple(enumerate(values))}).svg()
    assert {low, high} <= set(texts(svg))


def test_a_run_that_has_told_nothing_yet() -> None:
    assert "nothing yet" in texts(Curve("a run", {"reward": ()}).svg())


def test_a_rating_stands_within_its_interval() -> None:
    rows = (Standing("race:7", 1200.0, 1150.0, 1260.0, 80), Standing("bot/random", 0, -90, 80, 60))
    shown = Standings("race", rows, 2, 70)
    assert shown.words().splitlines() == [
        "race: 2 players, 70 matches",
        "1. race:7: 1200 (1150 to 1260), 80 games",
        "2. bot/random: 0 (-90 to 80), 60 games",
    ]
    root = ET.fromstring(shown.svg())
    whiskers = [
        (float(one.get("x1", "")), float(one.get("x2", ""))) for one in root.iter(f"{SVG}line")
    ]
    [policy] = root.iter(f"{SVG}circle")
    assert whiskers[0][0] < float(policy.get("cx", "")) < whiskers[0][1]
    assert len(list(root.iter(f"{SVG}rect"))) == 2  # the ground, and a bot's sign


def test_a_ladder_that_nobody_is_on() -> None:
    empty = Standings("race", (), 0, 0)
    assert empty.words() == "race: nobody has a rating yet."
    assert "nobody has a rating yet" in texts(empty.svg())
