"""The figures of a Pareto front."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mazemesh.optimization import Objective
from mazemesh.optimization.choosing import ParetoFront, weighting
from mazemesh.plots.front import profiles, trade_offs, write_front


def front(objectives: int, points: int = 20) -> ParetoFront:
    rng = np.random.default_rng(0)
    wanted = tuple(Objective(f"f{n}", n % 2 == 0, "W", "a <meaning>") for n in range(objectives))
    modes = {"balanced": {one.name: 1.0 for one in wanted}}
    return ParetoFront(
        wanted,
        ("x", "y"),
        tuple(map(str, range(points))),
        rng.random((points, 2)),
        1e4 * rng.random((points, objectives)),
        modes,
        weighting(wanted, modes),
        {"problem": "5g", "seed": 1},
    )


def test_files_that_need_nothing_else(tmp_path: Path) -> None:
    files = write_front(tmp_path / "study", front(3))
    assert [file.name for file in files] == [
        "front-trade-offs.png",
        "front-profiles.png",
        "front.html",
    ]
    assert files[0].read_bytes().startswith(b"\x89PNG")
    text = files[2].read_text()
    assert "http" not in text.replace("http://www.w3.org", "")
    assert "<script" not in text
    assert "a &lt;meaning&gt;" in text
    assert text.count("<tr>") == 21


def test_a_panel_for_each_pair() -> None:
    for objectives, panels in ((1, 1), (2, 1), (3, 3), (4, 6), (5, 6)):
        made = trade_offs("t", front(objectives))
        assert len(made.axes) == panels + 1, "and the colours"


def test_a_line_for_each_point_and_the_chosen_one() -> None:
    (axes,) = profiles("t", front(3)).axes
    assert len(axes.lines) == 21
    assert axes.get_legend() is not None


def test_a_front_of_one_point() -> None:
    made = front(2, points=1)
    assert trade_offs("t", made).axes
    assert profiles("t", made).axes
