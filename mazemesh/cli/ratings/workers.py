"""`mazemesh workers ...`: evaluators, and those whose results are not believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mazemesh.cli.options import DATA_DIR, DataDir, Host, Json, PortBase, connected, is_listing
from mazemesh.cli.output import print_json, print_table
from mazemesh.cli.ratings.gates import user

if TYPE_CHECKING:
    from mazemesh.v1.matchmaker_pb2 import WorkerEvent, WorkerStatus

app = typer.Typer(
    help="Evaluators: list them, put one in quarantine, release it, show what was decided.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
)

Worker = Annotated[str, typer.Argument(help="Id of the worker, from `mazemesh workers`.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for whoever asks later.")]


@app.callback()
def workers(
    context: typer.Context,
    quarantined: Annotated[bool, typer.Option(help="Only those in quarantine.")] = False,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """List workers that were leased rating matches of late, or were ever in quarantine."""
    if is_listing(context):
        _list(quarantined, data_dir, host, port_base, json)


@app.command("list")
def list_workers(
    quarantined: Annotated[bool, typer.Option(help="Only those in quarantine.")] = False,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """List workers that were leased rating matches of late, or were ever in quarantine."""
    _list(quarantined, data_dir, host, port_base, json)


@app.command()
def quarantine(
    worker: Worker,
    reason: Reason,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Give a worker no matches any more; ratings count its results no more, decided gates stand.

    Its results of the time that the Matchmaker remembers (an hour) are retracted at Elo, and those
    that come from matches which it holds now count nowhere. Nothing is deleted.
    """
    with connected(data_dir, host, port_base, ("matchmaker",)) as mesh:
        event = mesh.matchmaker.quarantine_worker(worker, reason, user())
    _tell(event, json=json)


@app.command()
def release(
    worker: Worker,
    reason: Reason,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Give a worker matches again; results that were retracted stay so."""
    with connected(data_dir, host, port_base, ("matchmaker",)) as mesh:
        event = mesh.matchmaker.release_worker(worker, reason, user())
    _tell(event, json=json)


@app.command()
def events(
    worker: Annotated[str, typer.Argument(help="Id of the worker; empty: all.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 50,
    data_dir: DataDir = DATA_DIR,
    host: Host = None,
    port_base: PortBase = None,
    json: Json = False,
) -> None:
    """Show what was decided about workers, the last first: when, by whom, why, on what evidence."""
    from itertools import islice

    with connected(data_dir, host, port_base, ("matchmaker",)) as mesh:
        found = list(islice(mesh.matchmaker.worker_events(worker), limit))
    if json:
        print_json([event_data(one) for one in found])
        return
    columns = ("time", "worker", "was", "rule", "by", "retracted", "kept", "why")
    rows = [
        (
            one.time.ToDatetime().isoformat(" ", "seconds"),
            one.worker_id,
            "quarantined" if one.quarantined else "released",
            rule(one),
            _who(one),
            one.retracted,
            one.kept,
            one.reason,
        )
        for one in found
    ]
    print_table("What was decided about workers", columns, rows)


def event_data(one: WorkerEvent) -> dict[str, Any]:
    """An event as plain data."""
    return {
        "worker": one.worker_id,
        "quarantined": one.quarantined,
        "rule": rule(one),
        "reason": one.reason,
        "match_ids": list(one.match_ids),
        "p_value": one.p_value,
        "retracted": one.retracted,
        "kept": one.kept,
        "starter": one.starter,
        "key_id": one.key_id,
        "time": one.time.ToJsonString(),
    }


def rule(one: WorkerEvent) -> str:
    """Of an event, in a word."""
    from mazemesh.v1.matchmaker_pb2 import SuspicionRule

    return SuspicionRule.Name(one.rule).removeprefix("SUSPICION_RULE_").lower()


def _list(
    quarantined: bool, data_dir: DataDir, host: str | None, port_base: int | None, json: bool
) -> None:
    with connected(data_dir, host, port_base, ("matchmaker",)) as mesh:
        found = list(mesh.matchmaker.workers(quarantined=quarantined))
    if json:
        print_json([_status(one) for one in found])
        return
    columns = ("worker", "quarantine", "holds", "completed", "sound", "why")
    rows = [
        (
            one.worker_id,
            "yes" if one.quarantined else "",
            one.held,
            one.completed,
            one.audited,
            one.last_event.reason if one.quarantined else "",
        )
        for one in found
    ]
    print_table("Workers", columns, rows)


def _status(one: WorkerStatus) -> dict[str, Any]:
    return {
        "worker": one.worker_id,
        "quarantined": one.quarantined,
        "held": one.held,
        "completed": one.completed,
        "audited": one.audited,
        "last_event": event_data(one.last_event) if one.HasField("last_event") else None,
    }


def _tell(event: WorkerEvent, *, json: bool) -> None:
    if json:
        print_json(event_data(event))
    elif event.quarantined:
        typer.echo(
            f"{event.worker_id} is in quarantine; {event.retracted} results are retracted, "
            f"{event.kept} stay, as gates were decided by them"
        )
    else:
        typer.echo(f"{event.worker_id} is released")


def _who(one: WorkerEvent) -> str:
    key = f"key {one.key_id}" if one.key_id else ""
    return " with ".join(filter(None, (one.starter, key))) or "somebody"
