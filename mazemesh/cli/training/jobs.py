"""`mazemesh jobs ...`: training runs and searches in the gateway's queue."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase, connected, seconds
from mazemesh.cli.output import print_json, print_table

if TYPE_CHECKING:
    from pathlib import Path

    from mazemesh.client.gateway.jobs import Job
    from mazemesh.client.gateway.training import Training

app = typer.Typer(
    help="Training jobs: start one, list them, show, follow or stop one. `mazemesh up` keeps them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

JobId = Annotated[str, typer.Argument(help="Id, from `mazemesh jobs list`.")]
Gateway = Annotated[
    str,
    typer.Option(
        envvar="MAZEMESH_GATEWAY_URL",
        show_envvar=True,
        help="URL of the gateway; default: that of the mesh on the data folder, port base + 9.",
    ),
]


@app.command()
def start(
    game: Annotated[str, typer.Option(help="One that the mesh's Game service allows.")] = "race",
    algorithm: Annotated[
        str, typer.Option(help="ppo, dqn and so on; `jobs options` lists them.")
    ] = "ppo",
    episodes: Annotated[
        int, typer.Option(min=0, help="After which it is finished; 0: no such end.")
    ] = 0,
    steps: Annotated[
        int, typer.Option(min=0, help="Agent steps after which it is finished; 0: no such end.")
    ] = 0,
    episode_steps: Annotated[
        int, typer.Option(min=0, help="Most steps of an episode; 0: as the game has it.")
    ] = 0,
    maze_size: Annotated[
        int, typer.Option(min=0, help="Width and height of mazes; 0: as the game has it.")
    ] = 0,
    policy: Annotated[str, typer.Option(help="Name to publish under; default: a new one.")] = "",
    title: Annotated[str, typer.Option(help="For people.")] = "",
    actors: Annotated[int, typer.Option(min=1, help="Processes that play.")] = 1,
    seed: Annotated[int | None, typer.Option(min=0, help="Default: fresh.")] = None,
    hyperparameter: Annotated[
        list[str] | None,
        typer.Option("--set", help="A hyperparameter, as learning_rate=0.001; may be repeated."),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(help="Of the learner, as hidden=64,64; may be repeated."),
    ] = None,
    tune: Annotated[
        list[str] | None,
        typer.Option(
            help="A dimension to search, as learning_rate=log:1e-4..3e-3; may be repeated. The job "
            "is then a study of `mazemesh tune`."
        ),
    ] = None,
    trials: Annotated[int, typer.Option(min=0, help="Of a study; 0: 20.")] = 0,
    trial: Annotated[str, typer.Option("--for", help="Length of a study's trial.")] = "3m",
    max_steps: Annotated[int, typer.Option(min=0, help="Budget of agent steps; 0: none.")] = 0,
    max_time: Annotated[str, typer.Option(help="Budget of time: 90s, 30m, 2h.")] = "",
    max_dollars: Annotated[float, typer.Option(min=0, help="Budget of money; 0: none.")] = 0.0,
    priority: Annotated[int, typer.Option(min=0, max=9, help="Higher ones start first.")] = 5,
    request_id: Annotated[
        str, typer.Option(help="The same again is the same job; default: a new one.")
    ] = "",
    watch: Annotated[bool, typer.Option(help="Show it until it has ended.")] = False,
    gateway: Gateway = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Put a training run, or a search, into the queue; it starts when there is room."""
    if tune:
        run: dict[str, object] = {
            "--episodes": episodes,
            "--steps": steps,
            "--episode-steps": episode_steps,
        }
        run |= {"--maze-size": maze_size, "--set": hyperparameter, "--actors": actors > 1}
        _check_none(run, "of a run; a study takes --tune, --setting, --trials and --for")
    else:
        _check_none({"--trials": trials}, "of a study; say --tune, too")
    budget = {
        "steps": max_steps,
        "minutes": seconds(max_time) / 60.0 if max_time else 0.0,
        "dollars": max_dollars,
    }
    shared: dict[str, Any] = {
        "title": title,
        "settings": {name: _value(text) for name, text in _pairs("setting", setting)},
        "budget": budget,
        "priority": priority,
        "request_id": request_id,
    }
    with _training(data_dir, host, port_base, gateway) as training:
        if tune:
            job = training.tune(
                dict(_pairs("tune", tune)),
                game,
                algorithm,
                trials=trials or 20,
                trial_minutes=seconds(trial) / 60.0,
                study=policy,
                seed=seed or 0,
                **shared,
            )
        else:
            numbers = {name: _number(name, text) for name, text in _pairs("set", hyperparameter)}
            job = training.start(
                game,
                algorithm,
                total_episodes=episodes,
                total_steps=steps,
                timesteps_per_episode=episode_steps,
                maze_size=maze_size,
                policy=policy,
                actors=actors,
                seed=seed,
                hyperparameters=numbers,
                **shared,
            )
        if watch:
            job = _watched(training, job.experiment_id, quiet=json)
    if json:
        print_json(data(job))
    elif watch:
        _show(job)
    else:
        sys.stdout.write(
            f"{job.experiment_id} is {job.status} and trains {job.policy}; "
            f"`mazemesh jobs status {job.experiment_id} --watch`\n"
        )
    _exit(job, watched=watch)


@app.command("list")
def list_jobs(
    status: Annotated[
        list[str] | None,
        typer.Option(help="Only these: queued, running, finished, ...; may be repeated."),
    ] = None,
    mine: Annotated[bool, typer.Option(help="Only those of this key.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    gateway: Gateway = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """List jobs, the last submitted first."""
    from itertools import islice

    with _training(data_dir, host, port_base, gateway) as training:
        found = [*islice(training.jobs(*(status or ()), mine=mine), limit)]
    if json:
        print_json([data(job) for job in found])
        return
    columns = ("job", "status", "kind", "game", "algorithm", "policy", "steps", "success", "reason")
    print_table("Jobs", columns, [_row(job) for job in found])


@app.command("status")
def job_status(
    job_id: JobId,
    watch: Annotated[bool, typer.Option(help="Show it until it has ended.")] = False,
    gateway: Gateway = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Show a job: how far it is, what it has taken, and why it ended."""
    with _training(data_dir, host, port_base, gateway) as training:
        job = _watched(training, job_id, quiet=json) if watch else training.status(job_id)
    if json:
        print_json(data(job))
    else:
        _show(job)
    _exit(job, watched=watch)


@app.command()
def logs(
    job_id: JobId,
    lines: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 100,
    gateway: Gateway = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Print the end of a job's log."""
    with _training(data_dir, host, port_base, gateway) as training:
        found = training.log(job_id, lines)
    if json:
        print_json(found)
        return
    sys.stdout.writelines(f"{line}\n" for line in found)


@app.command()
def stop(
    job_id: JobId,
    gateway: Gateway = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Stop a job in order: what it has learned is kept."""
    with _training(data_dir, host, port_base, gateway) as training:
        job = training.stop(job_id)
    if json:
        print_json(data(job))
        return
    sys.stdout.write(f"{job.experiment_id} is {job.status}: {job.reason}\n")


@app.command()
def options(
    game: Annotated[str, typer.Option(help="Whose hyperparameters are shown.")] = "race",
    algorithm: Annotated[str, typer.Option(help="Whose hyperparameters are shown.")] = "ppo",
    gateway: Gateway = "",
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Show what a job can be told: algorithms, settings and hyperparameters."""
    with _training(data_dir, host, port_base, gateway) as training:
        every, preset = training.options(), training.presets(game, algorithm)
    if json:
        print_json({"options": every, "preset": preset})
        return
    sys.stdout.write(f"algorithms: {', '.join(every['algorithms'])}\n")
    rows = [
        ("--set", one["name"], one["value"], one["meaning"]) for one in preset["hyperparameters"]
    ]
    values = {one["name"]: one["value"] for one in preset["settings"]}
    rows += [
        ("--setting", one["name"], values.get(one["name"], ""), one["meaning"])
        for one in every["settings"]
    ]
    columns = ("option", "name", "value", "meaning")
    print_table(f"{game} by {algorithm}", columns, [[*map(str, row)] for row in rows])


def data(job: Job) -> dict[str, Any]:
    """A job as JSON."""
    from dataclasses import asdict
    from datetime import datetime

    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, dict):
            return {name: plain(one) for name, one in value.items()}
        return [plain(one) for one in value] if isinstance(value, list | tuple) else value

    told: dict[str, Any] = plain(asdict(job))
    return told


@contextmanager
def _training(
    data_dir: Path, host: str | None, port_base: int | None, gateway: str
) -> Iterator[Training]:
    """`mesh.training` of the mesh that the options mean."""
    from mazemesh.client.gateway.training import Training
    from mazemesh.client.gateway.web import Web

    with connected(data_dir, host, port_base) as mesh:
        yield Training(Web(gateway)) if gateway else mesh.training


def _watched(training: Training, job_id: str, *, quiet: bool) -> Job:
    """The job at its end; a line for each change meanwhile. Ctrl-C ends the watching alone."""
    from mazemesh.client.gateway.jobs import JobFailed

    seen: list[Job] = []

    def tell(job: Job) -> None:
        seen[:] = [job]
        if not quiet:
            sys.stderr.write(f"{line(job)}\n")

    try:
        return training.wait_for_completion(job_id, progress=tell)
    except JobFailed as error:
        return error.job
    except KeyboardInterrupt:
        sys.stderr.write(f"{job_id} goes on; `mazemesh jobs stop {job_id}` ends it\n")
        if not seen:
            raise
        return seen[0]


def line(job: Job) -> str:
    """A job in one line."""
    parts = [job.status]
    now = job.progress
    if now is not None and now.trials is not None:
        parts.append(f"{now.trials} trials")
    elif now is not None:
        parts.append(f"{now.agent_steps:,} steps, episode {now.episode:,}, version {now.version}")
        parts += [f"reward {now.reward:.3g}"] if now.reward is not None else []
        parts += [f"success {now.success_rate:.2f}"] if now.success_rate is not None else []
        parts += [f"{name} loss {value:.3g}" for name, value in now.losses.items()]
    else:
        parts.append(job.reason)
    return ", ".join(parts)


def _row(job: Job) -> list[str]:
    now = job.progress
    success = "-" if now is None or now.success_rate is None else f"{now.success_rate:.2f}"
    steps = f"{job.usage.steps:,}"
    about = [job.experiment_id, job.status, job.kind, job.game, job.algorithm, job.policy]
    return [*about, steps, success, job.reason]


def _show(job: Job) -> None:
    usage = job.usage
    rows: list[tuple[str, str]] = [
        ("status", f"{job.status}: {job.reason}"),
        ("trains", f"{job.policy} ({job.game} by {job.algorithm}, {job.kind})"),
        ("where", f"{job.place or '-'}, attempt {job.attempt}"),
        ("progress", line(job)),
        ("took", f"{usage.seconds:.0f} s, {usage.cpu_seconds:.0f} s of processors"),
        ("", f"{usage.memory_bytes / 2**20:.0f} MiB, {usage.dollars:.4g} dollars (estimated)"),
        ("", f"{usage.steps:,} steps, {usage.episodes:,} episodes, {usage.restarts} restarts"),
    ]
    for name, text in rows:
        sys.stdout.write(f"{name:<10}{text}\n")
    for text in job.log:
        sys.stdout.write(f"  {text}\n")


def _exit(job: Job, *, watched: bool) -> None:
    if watched and job.status == "failed":
        raise typer.Exit(1)


def _check_none(given: Mapping[str, object], whose: str) -> None:
    """Refuses options that would be ignored."""
    for option, value in given.items():
        if value:
            raise typer.BadParameter(f"{option} is {whose}")


def _pairs(option: str, texts: Iterable[str] | None) -> list[tuple[str, str]]:
    found = []
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise typer.BadParameter(f"--{option} {text!r} should be NAME=VALUE")
        found.append((name, value))
    return found


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"--set {name}={text!r} should be a number") from None


def _value(text: str) -> Any:
    """A setting as JSON has it: true, a number, a list of whole numbers, or text."""
    if text in ("true", "false"):
        return text == "true"
    parts = text.split(",")
    if len(parts) > 1 and all(part.strip().isdigit() for part in parts):
        return [int(part) for part in parts]
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() and "." not in text else number
