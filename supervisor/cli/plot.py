"""`mazemesh plot`: a run's learning curves, the ratings of its snapshots, who beats whom."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mazemesh.cli.options import (
    DATA_DIR,
    DataDir,
    Host,
    Json,
    PortBase,
    errors_as_lines,
    needs_extra,
)
from mazemesh.cli.output import print_json

if TYPE_CHECKING:
    from mazemesh.analysis.journal import Curves, Probe
    from mazemesh.analysis.ratings import RatedPlayer
    from mazemesh.cli.ratings.ladders import LadderSource
    from mazemesh.plots.files import Section

_HISTORIES = 6
_MILESTONES = 16
_ENOUGH_GAMES = 4
"""Of a pair in rated matches; with fewer its score says nothing."""


class Format(StrEnum):
    """What is written: an image a figure, or one page with all."""

    PNG = "png"
    HTML = "html"


Formats = Annotated[
    list[Format] | None,
    typer.Option("--format", help="png or html; may be repeated. Default: both."),
]


def plot(
    run: Annotated[str, typer.Argument(help="The run, by the name of its policy.")] = "race",
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files. Default: plots/ in the data folder.")
    ] = None,
    formats: Formats = None,
    players: Annotated[
        int, typer.Option(min=2, max=40, help="Most players in the table of who beats whom.")
    ] = 16,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Draw learning curves, ratings of the snapshots, and who beats whom.

    Ratings come from the running mesh, or from the data folder when none runs. --json tells the
    files and how much they show.
    """
    with errors_as_lines():
        from mazemesh.cli.ratings.ladders import ladder_of
        from supervisor.ladders import open_ladder

        with needs_extra("plot"):
            from mazemesh.plots.files import write
        curves, probes, description = _read_run(data_dir, run)
        title = f"{run}: {description['game']} by {description['algorithm']}"
        with open_ladder(data_dir, host, port_base, ladder_of(description)) as ladder:
            sections, shown = _sections(title, run, curves, probes, ladder, players)
        facts = {
            "run": description.get("run_id", run),
            "agent steps": f"{curves.agent_steps[-1]:,.0f}",
            "running time": f"{curves.running_seconds[-1] / 60:.1f} min",
            "newest version": f"{curves.version[-1]:.0f}",
        }
        folder = data_dir / "plots" if out is None else out
        files = write(folder, run, title, facts, sections, formats or list(Format))
    if json:
        print_json({"run": run, "files": [str(file) for file in files], **shown})
    else:
        for file in files:
            typer.echo(file)


def _read_run(data_dir: Path, run: str) -> tuple[Curves, list[Probe], dict[str, Any]]:
    """Journal, probes and description of a run.

    Raises:
        NotFound: there is no such run, or it has not written a line yet.
    """
    from mazemesh.analysis.journal import read_curves, read_probes
    from mazemesh.errors import NotFound

    folder = data_dir / "learner" / run
    journal, description = folder / "metrics.jsonl", folder / "run.json"
    if not journal.exists() or not description.exists():
        known = sorted(path.parent.name for path in data_dir.glob("learner/*/metrics.jsonl"))
        there = f"there are {', '.join(known)}" if known else "it has none yet"
        raise NotFound(f"{data_dir} has no run {run!r}; {there}")
    with journal.open() as lines:
        curves = read_curves(lines)
    if not len(curves.time):
        raise NotFound(f"{journal} has no line yet; the first comes some seconds after the start")
    logs = sorted((data_dir / "logs").glob("evaluator-*.log"))
    lines_of_logs = (line for log in logs for line in log.read_text().splitlines())
    return curves, read_probes(lines_of_logs, run), json.loads(description.read_text())


def _sections(
    title: str,
    run: str,
    curves: Curves,
    probes: list[Probe],
    ladder: LadderSource,
    most_players: int,
) -> tuple[list[Section], dict[str, int]]:
    """The figures that there is something for, and what they show."""
    from mazemesh.analysis.ratings import snapshots_of
    from mazemesh.plots.files import Section
    from mazemesh.plots.learning import learning_figure

    drawing = learning_figure(title, curves, probes)
    sections = [Section("learning", "Learning curves", drawing)]
    everybody = ladder.players()
    snapshots = snapshots_of(everybody, run)
    if snapshots:
        bots = [player for player in everybody if player.is_bot]
        sections.append(_rating_section(title, curves, snapshots, bots, ladder))
        sections.append(_pair_section(title, snapshots, bots, ladder, most_players))
        sections += _league_section(title, curves, snapshots, bots, ladder)
    shown = {
        "journal_lines": len(curves.time),
        "unreadable_lines": curves.unreadable,
        "probes": len(probes),
        "rated_snapshots": len(snapshots),
    }
    return sections, shown


def _rating_section(
    title: str,
    curves: Curves,
    snapshots: list[RatedPlayer],
    bots: list[RatedPlayer],
    ladder: LadderSource,
) -> Section:
    from mazemesh.analysis.ratings import spread
    from mazemesh.plots.files import Section
    from mazemesh.plots.ratings import rating_figure

    steps = [curves.steps_at(player.version) for player in snapshots]
    histories = [ladder.history(player.name) for player in spread(snapshots, _HISTORIES)]
    drawing = rating_figure(title, snapshots, steps, bots, histories)
    rows = [
        (one.name, f"{at:,.0f}", f"{one.rating:.0f}", f"{one.low:.0f} to {one.high:.0f}", one.games)
        for one, at in zip(snapshots, steps, strict=True)
    ]
    columns = ("snapshot", "agent steps", "rating", "95 %", "games")
    return Section("ratings", "Ratings", drawing, columns, rows)


def _pair_section(
    title: str,
    snapshots: list[RatedPlayer],
    bots: list[RatedPlayer],
    ladder: LadderSource,
    most: int,
) -> Section:
    from mazemesh.analysis.ratings import score_matrix, spread
    from mazemesh.plots.files import Section
    from mazemesh.plots.heat_map import head_to_head_figure

    shown = spread(bots, most // 2)
    shown = shown + spread(snapshots, most - len(shown))
    shown.sort(key=lambda player: -player.rating)
    names = [player.name for player in shown]
    score, games = score_matrix(names, ladder.pairings(names))
    drawing = head_to_head_figure(title, names, score, games)
    return Section("head-to-head", "Who beats whom", drawing)


def _league_section(
    title: str,
    curves: Curves,
    snapshots: list[RatedPlayer],
    bots: list[RatedPlayer],
    ladder: LadderSource,
) -> list[Section]:
    """Forgetting and diversity by rated matches; nothing while no milestone was met twice."""
    import numpy as np

    from mazemesh.analysis.diversity import effective_diversity
    from mazemesh.analysis.forgetting import mean_forgetting, milestones
    from mazemesh.analysis.ratings import score_matrix, spread
    from mazemesh.plots.files import Section
    from mazemesh.plots.league import league_figure

    shown = spread(snapshots, _MILESTONES)
    names = [player.name for player in (*shown, *bots)]
    score, games = score_matrix(names, ladder.pairings(names))
    size = len(shown)
    found = milestones(names[:size], names, score[:size], games[:size], min_games=_ENOUGH_GAMES)
    if not found:
        return []
    diversity = [effective_diversity(score[: k + 1, : k + 1]) for k in range(size)]
    steps = [curves.steps_at(player.version) for player in shown]
    drawing = league_figure(title, found, steps, np.array(diversity))
    rows = [
        (
            *(one.opponent, f"{one.score:.0%}", one.games, one.best, f"{one.best_score:.0%}"),
            *(f"{one.forgetting:+.0%}", f"± {one.half_width:.0%}"),
        )
        for one in found
    ]
    columns = ("opponent", "score", "games", "best before", "its score", "forgotten", "95 %")
    heading = f"Milestones: mean forgetting {mean_forgetting(found) or 0.0:+.1%}"
    return [Section("league", heading, drawing, columns, rows)]
