"""`mazemesh optimize`: the Pareto front of a problem, and a choice on it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
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
    connected,
    errors_as_lines,
    needs_extra,
)
from mazemesh.cli.output import print_json, print_table

if TYPE_CHECKING:
    from mazemesh.optimization.choosing import ParetoFront

_SHOWN = 12
"""Points of a front in a terminal; files have all."""


class Algorithm(StrEnum):
    """What searches."""

    NSGA2 = "nsga2"
    NSGA3 = "nsga3"
    MOEAD = "moead"
    SPEA2 = "spea2"


def optimize(
    problem: Annotated[
        str,
        typer.Argument(
            help="5g, recommender, one of an installed package, MODULE:FUNCTION of your own, or "
            "league:POLICY; parameters as in 5g?cells=20. Without one they are listed.",
        ),
    ] = "",
    algorithm: Annotated[Algorithm, typer.Option(help="What searches.")] = Algorithm.NSGA2,
    mode: Annotated[
        str | None,
        typer.Option(help="Named weights of the problem, as emergency. Default: balanced."),
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="Weights instead of a mode: revenue=2,power=1")
    ] = None,
    population: Annotated[
        int, typer.Option(min=4, max=5_000, help="Points of a generation.")
    ] = 100,
    generations: Annotated[
        int, typer.Option(min=1, max=100_000, help="In all; more go on where it was.")
    ] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of the search's chance.")] = 0,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="Processes that evaluate. Default: one a core."),
    ] = None,
    batch_seconds: Annotated[
        float, typer.Option(min=0.1, help="How long the evaluation of a batch may take.")
    ] = 600.0,
    study: Annotated[
        str | None,
        typer.Option(
            help="Name of the folder in optimize/. Default: one for problem, algorithm, population "
            "and seed, so that the same command goes on."
        ),
    ] = None,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Search for what cannot be better in one objective without being worse in another.

    One point of that front is chosen by TOPSIS with the weights of the mode. Ctrl-C keeps all that
    was evaluated, and the same command again goes on. Files are under optimize/STUDY in the data
    folder: front.json, front.html, front-trade-offs.png, front-profiles.png.
    """
    if not problem:
        _list_problems(json=json)
        return
    with errors_as_lines():
        from mazemesh.optimization.choosing import parse_weights
        from mazemesh.optimization.problems.league import PREFIX

        stated = None if weights is None else parse_weights(weights)
        if problem.startswith(PREFIX):
            folder, front = _choose(problem, mode, stated, study, data_dir, host, port_base)
        else:
            found = _search(
                problem,
                (algorithm, population, seed, study, data_dir),
                (generations, jobs, batch_seconds),
                mode,
                stated,
            )
            if found is None:
                raise typer.Exit(130)
            folder, front = found
        files = _draw(folder, front)
    _tell(front, files, json=json)


def _list_problems(*, json: bool) -> None:
    from mazemesh.errors import InvalidArgument
    from mazemesh.optimization.opening import look_in_current_folder, open_problem, problem_names

    look_in_current_folder()
    rows: list[dict[str, Any]] = []
    for name, point in sorted(problem_names().items()):
        try:
            opened = open_problem(name)
        except InvalidArgument as error:  # another package's may need parameters, or be broken
            rows.append({"problem": name, "meaning": str(error)})
            continue
        rows.append(
            {
                "problem": name,
                "variables": len(opened.variables),
                "objectives": [one.name for one in opened.objectives],
                "modes": sorted(opened.modes),
                "meaning": opened.meaning,
                "package": point.dist.name if point.dist else "?",
            }
        )
    if json:
        print_json(rows)
        return
    cells = [[_words(row.get(column, "")) for column in _COLUMNS] for row in rows]
    league = (
        "league:POLICY",
        "",
        "ratings, worst score, size",
        "strongest, robust, light, balanced",
    )
    print_table("Problems", _COLUMNS, [*cells, [*league, "the rated versions of a policy"]])


_COLUMNS = ("problem", "variables", "objectives", "modes", "meaning")
_LEAGUE = (
    *("league:POLICY", "", "rating, worst_score, size", "balanced, light, robust, strongest"),
    "which of a policy's rated versions",
)


def _words(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _search(
    problem: str,
    definition: tuple[Algorithm, int, int, str | None, Path],
    running: tuple[int, int | None, float],
    mode: str | None,
    stated: Mapping[str, float] | None,
) -> tuple[Path, ParetoFront] | None:
    """The study's folder and its front; None when it was stopped.

    Raises:
        MazemeshError: something asked for is wrong, or the search failed.
    """
    from mazemesh.cli.searching.optimize_display import OptimizeDisplay
    from mazemesh.optimization.choosing import weighting
    from mazemesh.optimization.evaluating.evaluator import Stopped
    from mazemesh.optimization.running import begin
    from mazemesh.process.worker import stop_on_signals

    algorithm, population, seed, study, data_dir = definition
    generations, jobs, batch_seconds = running
    begun = begin(problem, algorithm, population, seed, study, data_dir)
    meant = weighting(begun.problem.objectives, begun.problem.modes, mode, stated)
    stop: threading.Event = stop_on_signals()
    with OptimizeDisplay(begun.problem.objectives, generations) as display:
        try:
            front = begun.run(
                generations,
                meant,
                display,
                jobs=jobs,
                batch_seconds=batch_seconds,
                stopped=stop.is_set,
            )
        except Stopped:
            so_far = f"; --generations {display.generation} gives the front so far"
            display.tell(
                f"stopped; the same command goes on with study {begun.name}"
                f"{so_far if display.generation else ''}"
            )
            return None
    return begun.folder, front


def _choose(
    problem: str,
    mode: str | None,
    stated: Mapping[str, float] | None,
    study: str | None,
    data_dir: Path,
    host: str | None,
    port_base: int | None,
) -> tuple[Path, ParetoFront]:
    from mazemesh.optimization.choosing import weighting
    from mazemesh.optimization.problems.league import league_candidates, parse_league
    from mazemesh.optimization.study import RESULT, check_study_name, write_result

    policy, ladders = parse_league(problem)
    name = study or f"league-{policy}"
    check_study_name(name)
    with connected(data_dir, host, port_base, ("elo", "model")) as mesh:
        found = league_candidates(mesh, policy, ladders)
    front = found.front(weighting(found.objectives, found.modes, mode, stated))
    folder = data_dir.expanduser().absolute() / "optimize" / name
    folder.mkdir(parents=True, exist_ok=True)
    write_result(folder / RESULT, front)
    return folder, front


def _draw(folder: Path, front: ParetoFront) -> list[Path]:
    with needs_extra("optimize"):
        from mazemesh.plots.front import write_front
    return write_front(folder, front)


def _tell(front: ParetoFront, files: list[Path], *, json: bool) -> None:
    if json:
        print_json({**front.to_json(), "files": [str(file) for file in files]})
        return
    close, chosen = front.closeness(), front.chosen()
    order = [int(number) for number in close.argsort(kind="stable")[::-1]]
    of_mode: dict[int, list[str]] = {}
    for name, number in front.by_mode().items():
        of_mode.setdefault(number, []).append(name)
    shown = list(dict.fromkeys([chosen, *order[:_SHOWN], *sorted(of_mode)]))
    rows = [
        [
            front.labels[number],
            *(f"{value:.5g}" for value in front.values[number]),
            f"{close[number]:.3f}",
            ", ".join(sorted(of_mode.get(number, ()))),
            "chosen" if number == chosen else "",
        ]
        for number in shown
    ]
    columns = ["point", *(one.name for one in front.objectives), "closeness", "mode", ""]
    title = f"{front.facts['problem']}: {len(shown)} of {len(front)} points of the Pareto front"
    print_table(title, columns, rows)
    for file in files:
        typer.echo(file)
    settings = front.settings(chosen)
    if settings:
        first = ", ".join(f"{name}={value:.5g}" for name, value in list(settings.items())[:_SHOWN])
        more = f" and {len(settings) - _SHOWN} more in front.json" if len(settings) > _SHOWN else ""
        typer.echo(
            f"point {front.labels[chosen]} is chosen ({front.weighting.name}): {first}{more}"
        )
    else:
        typer.echo(f"{front.labels[chosen]} is chosen ({front.weighting.name})")
