"""What the figures say: data, labels with units, and texts that do not lie on each other."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

from mazemesh.analysis.forgetting import Milestone
from mazemesh.analysis.journal import Curves, Probe, read_curves
from mazemesh.analysis.ratings import History, RatedPlayer
from mazemesh.plots.files import Section, write
from mazemesh.plots.heat_map import head_to_head_figure
from mazemesh.plots.league import league_figure
from mazemesh.plots.learning import learning_figure
from mazemesh.plots.pareto import trade_off_figure
from mazemesh.plots.ratings import rating_figure


def curves(lines: int, **statistics: float) -> Curves:
    return read_curves(
        json.dumps(
            {"time": 5.0 * i, "agent_steps": 90_000 * i, "version": 5 * i}
            | {name: value + 0.01 * (i % 7) for name, value in statistics.items()}
        )
        for i in range(lines)
    )


def panels(figure: Figure) -> dict[str, Axes]:
    return {axes.get_title(loc="left"): axes for axes in figure.axes}


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of axis labels, titles and annotations that lie on each other."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    texts = [text for text in [figure._suptitle] if text is not None]
    for axes in figure.axes:
        texts += [axes.xaxis.label, axes.yaxis.label, axes.title, axes._left_title]
        texts += [text for text in axes.texts if isinstance(text, Annotation)]
    shown = [text for text in texts if text.get_text()]
    # As of a text: the arrow of an annotation may cross others.
    boxes = [(one.get_text(), Text.get_window_extent(one, canvas.get_renderer())) for one in shown]
    return [(a, b) for (a, x), (b, y) in combinations(boxes, 2) if x.padded(-1).overlaps(y)]


PPO = ("policy_loss", "value_loss", "entropy", "kl", "lag_versions", "explained_variance")


def test_every_statistic_has_its_panel_with_a_unit() -> None:
    statistics = dict.fromkeys((*PPO, "something_new"), 0.5)
    figure = learning_figure("race", curves(30, **statistics), [Probe(1, 0.0), Probe(40, 0.8)])
    found = panels(figure)
    assert found["Entropy of the policy"].get_ylabel() == "nats"
    assert found["Policy lag"].get_ylabel() == "versions"
    assert found["Learning speed"].get_ylabel() == "agent steps/s"
    assert {axes.get_xlabel() for axes in figure.axes} == {"agent steps"}
    np.testing.assert_allclose(found["Learning speed"].lines[0].get_ydata(), 18_000)
    np.testing.assert_allclose(
        found["Success of snapshots, held out"].lines[0].get_xydata(), [[0, 0], [720_000, 0.8]]
    )
    assert len(figure.axes) == 2 + len(statistics)
    assert overlaps(figure) == []


def test_a_run_of_a_single_line_is_drawn() -> None:
    figure = learning_figure("race", curves(1, entropy=1.0), [])
    assert len(figure.axes) == 2
    assert overlaps(figure) == []


def rated(name: str, rating: float) -> RatedPlayer:
    return RatedPlayer(name, rating, rating - 40, rating + 60, 100)


def test_ratings_with_intervals_and_labels_apart() -> None:
    snapshots = [rated(f"race:{i}", 1000.0 + i) for i in range(1, 9)]
    steps = [1e5 * i for i in range(8)]
    bots = [rated("bot/random", 1001), rated("bot/wall-follower", 1003), rated("bot/x", 1600)]
    histories = [History(one.name, np.linspace(1000, one.rating, 20)) for one in snapshots[:6]]
    figure = rating_figure("race", snapshots, steps, bots, histories)
    upper, lower = figure.axes
    assert upper.get_ylabel() == lower.get_ylabel() == "rating (Elo points)"
    (bars,) = upper.containers
    segments = bars[2][0].get_segments()
    np.testing.assert_allclose(segments[3], [[3e5, 964], [3e5, 1064]])
    assert overlaps(figure) == []


@pytest.mark.parametrize("players", [2, 12, 20])
def test_a_heat_map_tells_each_pair(players: int) -> None:
    names = [f"some-policy:{number}" for number in range(players)]
    games = np.full((players, players), 20.0)
    np.fill_diagonal(games, 0)
    score = np.where(games > 0, 0.25, np.nan)
    axes, bar = head_to_head_figure("race", names, score, games).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == names
    assert len(axes.texts) == players * (players - 1)
    assert axes.texts[0].get_text() == ("25%\n20" if players <= 12 else "25%")
    assert "0 lost, 1 won" in bar.get_ylabel()


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
def test_trade_offs_in_pairs(objectives: int) -> None:
    rng = np.random.default_rng(0)
    values = {number: list(rng.uniform(1, 9, objectives)) for number in range(12)}
    labels = [f"objective {index} (s, less is better)" for index in range(objectives)]
    figure = trade_off_figure("study", labels, values, [1, 4, 7], 4)
    pairs = max(objectives * (objectives - 1) // 2, 1)
    assert len(figure.axes) == pairs
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "dominated",
        "Pareto front",
        "chosen",
    ]
    assert overlaps(figure) == []


@pytest.mark.parametrize("count", [1, 20])
def test_milestones_show_what_was_forgotten(count: int) -> None:
    found = [Milestone(f"race:{n}", 0.4, 30, "race:99", 0.7, 0.3, 0.1) for n in range(1, count + 1)]
    steps, diversity = [0.0, 1e6], np.array([0.0, 0.2])
    figure = league_figure("race: race by ppo", found, steps, diversity)
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == [one.opponent for one in found]
    before, now = (line for line in left.lines if line.get_marker() == "o")
    assert list(before.get_xdata()) == [0.7] * count
    assert list(now.get_xdata()) == [0.4] * count
    np.testing.assert_allclose(right.lines[0].get_xydata(), [[0.0, 0.0], [1e6, 0.2]])
    assert overlaps(figure) == []


def test_files_and_a_page_that_needs_nothing_else(tmp_path: Path) -> None:
    figure = learning_figure("race", curves(5, entropy=1.0), [])
    section = Section("learning", "Curves", figure, ("a", "b"), [("<1>", 2)])
    files = write(tmp_path / "new", "race", "a <run>", {"steps": 5}, [section], ["png", "html"])
    assert [file.name for file in files] == ["race-learning.png", "race.html"]
    assert files[0].read_bytes().startswith(b"\x89PNG")
    text = files[1].read_text()
    assert "a &lt;run&gt;" in text
    assert "&lt;1&gt;" in text
    assert text.count("src=") == text.count('src="data:image/svg+xml;base64,') == 1
    assert "<script" not in text
    assert "<link" not in text
