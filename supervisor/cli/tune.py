"""`mazemesh tune`: search for hyperparameters by whole runs of the mesh."""

from __future__ import annotations

import shlex
import threading
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mazemesh.cli.options import (
    DATA_DIR,
    DataDir,
    Json,
    errors_as_lines,
    needs_extra,
    seconds,
)
from mazemesh.cli.output import print_json, print_table

if TYPE_CHECKING:
    from mazemesh.tuning.definition import Definition
    from mazemesh.tuning.study import SamplerName, Study, TrialRecord
    from supervisor.tuning.flags import Flags

_DEFAULTS: dict[str, Any] = {
    "game": "solo",
    "algorithm": "ppo",
    "objectives": ["success", "seconds"],
    "target": "success=0.9",
    "seconds": 180.0,
    "snapshots": 8,
    "seed": 0,
    "learner": [],
}


class Sampler(StrEnum):
    """Who proposes the next trial."""

    NSGA2 = "nsga2"
    NSGA3 = "nsga3"
    TPE = "tpe"
    RANDOM = "random"


def tune(
    space: Annotated[
        list[str] | None,
        typer.Argument(
            help="What to search: learning_rate=log:1e-4..3e-3 epochs=1..6 "
            "hidden=[64,64],[128,128]. Any hyperparameter or flag of the learner, and games "
            "and actors of the mesh."
        ),
    ] = None,
    space_file: Annotated[
        Path | None,
        typer.Option(
            "--space", exists=True, dir_okay=False, help="TOML file with a table [space] of these."
        ),
    ] = None,
    study: Annotated[
        str, typer.Option(help="Name of the study; the same name goes on with it.")
    ] = "default",
    game: Annotated[str | None, typer.Option(help="Game to learn. Default: solo.")] = None,
    algorithm: Annotated[str | None, typer.Option(help="Default: ppo.")] = None,
    objective: Annotated[
        list[str] | None,
        typer.Option(
            help="success, rating (more is better), seconds, steps (until the target), latency, "
            "size (less is better); may be repeated. Default: success and seconds."
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(help="success=SHARE or rating=POINTS. Default: success=0.9."),
    ] = None,
    trials: Annotated[
        int, typer.Option(min=0, help="Trials that the study shall have in all; 0 runs none.")
    ] = 20,
    duration: Annotated[
        str | None, typer.Option("--for", help="Length of a trial: 90s, 3m. Default: 3m.")
    ] = None,
    snapshots: Annotated[
        int | None, typer.Option(min=2, help="Snapshots of a trial, evenly spaced. Default: 8.")
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=1, max=64, help="Trials at once; each takes about two cores.")
    ] = 1,
    sampler: Annotated[
        Sampler | None, typer.Option(help="Default: nsga2, or tpe for one objective.")
    ] = None,
    prune: Annotated[
        bool, typer.Option(help="End trials below the median early; one objective only.")
    ] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="Of every trial. Default: 0.")] = None,
    learner: Annotated[
        list[str] | None,
        typer.Option(help="A flag for the learner in every trial, as --learner=--threads=2."),
    ] = None,
    choose: Annotated[
        str,
        typer.Option(help="Pick a trial of the Pareto front by these weights: success=2,seconds=1"),
    ] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Run nothing: say only whether a study would be taken.")
    ] = False,
    keep: Annotated[bool, typer.Option(help="Keep the data folder of every trial.")] = False,
    data_dir: DataDir = DATA_DIR,
    json: Json = False,
) -> None:
    """Search for hyperparameters; each trial is a run of the whole mesh.

    Ctrl-C stops the running trials and keeps all others. The same --study goes on where it
    stopped, with what it was begun with. Files are under tune/STUDY in the data folder.
    """
    given = {
        "game": game,
        "algorithm": algorithm,
        "objectives": objective,
        "target": target,
        "seconds": None if duration is None else seconds(duration),
        "snapshots": snapshots,
        "seed": seed,
        "learner": learner,
        "space": _space(space or [], space_file),
    }
    folder = data_dir.expanduser().absolute() / "tune" / study
    with errors_as_lines():
        from supervisor.tuning.lock import alone

        with needs_extra("tune"):
            import optuna  # noqa: F401 (what uses it comes below)
        _check_name(study)
        if check:
            _check(given)
            return
        with alone(folder):
            opened, flags = _open(folder, study, given, sampler, trials, prune)
            weights = _weights(opened, choose)
            stop, failed = _run(opened, flags, folder, trials, jobs, prune=prune, keep=keep)
            if failed:
                typer.echo(f"mazemesh: {failed}", err=True)
            _conclude(opened, flags, folder, study, weights, json=json)
    if failed:
        raise typer.Exit(1)
    if stop.is_set():
        raise typer.Exit(130)


def _check(given: dict[str, Any]) -> None:
    """Raises InvalidArgument: no study could be begun with what is given."""
    from supervisor.tuning.flags import Flags

    definition = _define({key: value for key, value in given.items() if value is not None})
    flags = Flags(definition.game, definition.algorithm, definition.learner)
    flags.dimensions(definition.space)


def _space(texts: list[str], file: Path | None) -> dict[str, str] | None:
    """Dimensions of a file, and of the command line before them; None without any."""
    import tomllib

    from mazemesh.errors import InvalidArgument
    from mazemesh.tuning.space import from_table, parse_assignments

    with errors_as_lines():
        found: dict[str, str] = {}
        if file is not None:
            try:
                table = tomllib.loads(file.read_text())
            except tomllib.TOMLDecodeError as error:
                raise InvalidArgument(f"{file} is no TOML: {error}") from error
            if list(table) != ["space"] or not isinstance(table["space"], dict):
                raise InvalidArgument(f"{file} should have one table, [space], and nothing else")
            found = from_table(table["space"])
        return {**found, **parse_assignments(texts)} or None


def _check_name(study: str) -> None:
    from mazemesh.errors import InvalidArgument

    if not study or not all(sign.isalnum() or sign in "-_." for sign in study) or study[0] == ".":
        raise InvalidArgument(f"study: {study!r} should be letters, digits, - _ and .")


def _open(
    folder: Path,
    name: str,
    given: dict[str, Any],
    sampler: Sampler | None,
    trials: int,
    prune: bool,
) -> tuple[Study, Flags]:
    """The study that is there, or a new one from what is given.

    Raises:
        Conflict: the study was begun with something else.
        InvalidArgument: something given is wrong.
    """
    from mazemesh.errors import NotFound
    from mazemesh.tuning.study import Study, stored_definition
    from supervisor.tuning.flags import Flags

    file = folder / "study.sqlite"
    asked = {key: value for key, value in given.items() if value is not None}
    definition = stored_definition(file)
    if definition is None:
        if trials == 0:
            raise NotFound(f"there is no study {name!r} in {folder.parent} yet")
        definition = _define(asked)
    else:
        definition.check_same(asked, name)
    flags = Flags(definition.game, definition.algorithm, definition.learner)
    space = flags.dimensions(definition.space)
    proposer: SamplerName | None = None if sampler is None else sampler.value
    opened = Study(file, definition, space, sampler=proposer, trials=trials, prune=prune)
    return opened, flags


def _define(asked: dict[str, Any]) -> Definition:
    from mazemesh.errors import InvalidArgument
    from mazemesh.games import open_game
    from mazemesh.tuning.definition import Definition

    full = {**_DEFAULTS, "space": {}, **asked}
    full["game"] = open_game(full["game"]).name
    definition = Definition.from_json(full)
    definition.parsed_target()  # refuses a wrong one now, not in the first trial
    objectives = definition.parsed_objectives()
    if not any(one.to_target for one in objectives):
        if "target" in asked:
            raise InvalidArgument(
                "target: has no use without the objective seconds or steps; add "
                "--objective seconds, or leave it out"
            )
        full["target"] = ""
    return Definition.from_json(full)


def _weights(study: Study, choose: str) -> dict[str, float] | None:
    """Read before any trial runs, since a mistake in them should not wait for the end."""
    from mazemesh.tuning.objectives import parse_weights

    return parse_weights(choose, study.definition.parsed_objectives()) if choose else None


def _run(
    study: Study, flags: Flags, folder: Path, trials: int, jobs: int, *, prune: bool, keep: bool
) -> tuple[threading.Event, str]:
    """Runs what is missing; the event tells whether it was stopped, the text what went wrong."""
    from mazemesh.process.worker import stop_on_signals
    from mazemesh.tuning.search import Search
    from mazemesh.tuning.trial import TrialFailed
    from supervisor.tuning.display import TrialDisplay
    from supervisor.tuning.journal import JournaledDisplay
    from supervisor.tuning.mesh_trials import MeshTrials

    if study.finished >= trials:
        return threading.Event(), ""
    stop = stop_on_signals()
    runner = MeshTrials(study.definition, flags, folder / "trials", stop, keep=keep)
    with TrialDisplay(study.finished, trials, study.definition.seconds) as display:
        try:
            journal = JournaledDisplay(display, folder, trials)
            journal.note(study.finished)
            Search(study, runner, journal, stop, prune=prune).run(trials, jobs)
        except TrialFailed as error:
            return threading.Event(), str(error)
    return stop, ""


def _conclude(
    study: Study,
    flags: Flags,
    folder: Path,
    name: str,
    weights: dict[str, float] | None,
    *,
    json: bool,
) -> None:
    """Writes the plot, picks a trial if asked, and tells everything.

    Raises:
        FailedPrecondition: asked to pick, but no trial can be compared; told after all else.
    """
    records, front = study.trials(), [one.number for one in study.front()]
    chosen: TrialRecord | None = None
    pick: dict[str, Any] | None = None
    if weights is not None and front:
        chosen, close = study.choose(weights)
        command = shlex.join(_command(study.definition, flags, chosen))
        pick = {
            "number": chosen.number,
            "weights": weights,
            "closeness": {number: round(share, 4) for number, share in close.items()},
            "command": command,
        }
    files = _plot(study, folder, name, records, front, chosen)
    if json:
        print_json(
            {
                "study": name,
                "definition": study.definition.to_json(),
                "trials": [_plain(one) for one in records],
                "front": front,
                "chosen": pick,
                "files": [str(file) for file in files],
            }
        )
    else:
        _table(study, name, records, front, chosen)
        for file in files:
            typer.echo(file)
        if pick is not None:
            typer.echo(f"trial {pick['number']} is chosen; train with it by\n  {pick['command']}")
    if weights is not None and not front:
        study.choose(weights)


def _command(definition: Definition, flags: Flags, chosen: TrialRecord) -> list[str]:
    fixed = ["--game", definition.game, "--algorithm", definition.algorithm]
    return ["mazemesh", "up", *fixed, *flags.of(chosen.parameters)]


def _plain(one: TrialRecord) -> dict[str, Any]:
    """As JSON, which knows no infinity: an objective without a value is null."""
    from math import isfinite

    values = {name: value if isfinite(value) else None for name, value in one.values.items()}
    return {
        "number": one.number,
        "state": one.state,
        "parameters": dict(one.parameters),
        "values": values,
        "shortfall": one.shortfall,
        "error": one.error,
    }


def _rows(study: Study, records: list[TrialRecord]) -> tuple[list[str], list[list[str]]]:
    names, space = list(study.definition.objectives), list(study.definition.space)
    rows = []
    for one in records:
        values = [f"{one.values[name]:.5g}" if name in one.values else "-" for name in names]
        rows.append(
            [str(one.number), one.state, *values, *(str(one.parameters.get(n, "-")) for n in space)]
        )
    return ["trial", "state", *names, *space], rows


def _table(
    study: Study,
    name: str,
    records: list[TrialRecord],
    front: list[int],
    chosen: TrialRecord | None,
) -> None:
    columns, rows = _rows(study, records)
    for row, one in zip(rows, records, strict=True):
        picked = chosen is not None and one.number == chosen.number
        row.append("chosen" if picked else "front" if one.number in front else "")
    print_table(f"Study {name}", [*columns, ""], rows)


def _plot(
    study: Study,
    folder: Path,
    name: str,
    records: list[TrialRecord],
    front: list[int],
    chosen: TrialRecord | None,
) -> list[Path]:
    """The trade-offs as PNG and HTML; nothing while no trial can be compared."""
    if not front:
        return []
    with needs_extra("plot"):
        from mazemesh.plots.files import Section, write
        from mazemesh.plots.pareto import trade_off_figure
    objectives = study.definition.parsed_objectives()
    labels = [
        f"{one.name} ({one.unit}, {'more' if one.maximise else 'less'} is better)"
        for one in objectives
    ]
    values = {
        one.number: [one.values[objective.name] for objective in objectives]
        for one in records
        if one.comparable
    }
    title = f"Study {name}: {study.definition.game} by {study.definition.algorithm}"
    number = None if chosen is None else chosen.number
    drawing = trade_off_figure(title, labels, values, front, number)
    section = Section("pareto", "Trade-offs", drawing, *_rows(study, records))
    facts = {
        "trials": len(records),
        "numbers of the Pareto front": ", ".join(map(str, front)),
        "not comparable": len(records) - len(values),
        **{one.name: one.meaning for one in objectives},
        "target": study.definition.target or "none",
        "number of the chosen one": "none" if number is None else number,
    }
    return write(folder, "trade-offs", title, facts, [section], ("png", "html"))
