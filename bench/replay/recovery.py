"""`python -m bench replay-recovery`: how long Replay takes to come back with its rows."""

from __future__ import annotations

import functools
import json
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.pinned import pin, pinned_server
from bench.replay.load import Shape
from bench.replay.servers import serve_replay
from mazemesh.client.replay import tables
from mazemesh.client.replay.replay import ReplayClient

app = typer.Typer()

BATCH = 256


@app.command()
def replay_recovery(
    *,
    rows: Annotated[int, typer.Option(help="in the table", min=BATCH)] = 1_000_000,
    row_bytes: Annotated[int, typer.Option(help="of a row", min=32)] = 500,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Fill a prioritized table and start the service again: from its log, then from a checkpoint.

    The time is that from the start of the process until it serves.
    """
    shape = Shape(row_bytes, BATCH, rows)
    report: dict[str, Any] = {"bench": "replay-recovery", "rows": rows, "row_bytes": row_bytes}
    with tempfile.TemporaryDirectory() as folder:
        serve = functools.partial(serve_replay, "interval", folder)
        with pinned_server(serve, 0) as server:
            pin(1)
            client = ReplayClient(server.address)
            started = time.perf_counter()
            _fill(client, shape)
            report["insert_seconds"] = time.perf_counter() - started
            client.close()
        report["log_bytes"] = _size(folder, "log-*")
        report["from_log_seconds"], found = _start(serve, checkpoint=True)
        report["checkpoint_bytes"] = _size(folder, "checkpoint-*")
        report["from_checkpoint_seconds"], again = _start(serve, checkpoint=False)
    if not found == again == rows:
        raise RuntimeError(f"{rows} rows were inserted; {found} and then {again} came back")
    print(json.dumps(report) if as_json else "\n".join(f"{k}: {v}" for k, v in report.items()))


def _fill(client: ReplayClient, shape: Shape) -> None:
    client.create_table(
        tables.prioritized(
            "table", shape.signature, shape.capacity, min_size=1, samples_per_insert=1.0,
            error_buffer=1e18,
        )
    )  # fmt: skip
    columns = shape.rows()
    with client.writer("table", shape.signature) as writer:
        for start in range(0, shape.capacity, BATCH):
            count = min(BATCH, shape.capacity - start)
            writer.append({name: column[:count] for name, column in columns.items()})


def _start(serve: Any, *, checkpoint: bool) -> tuple[float, int]:
    started = time.perf_counter()
    with pinned_server(serve, 0) as server:
        seconds = time.perf_counter() - started
        client = ReplayClient(server.address)
        size = client.list_tables()[0].size
        if checkpoint:
            client.checkpoint()
        client.close()
        return seconds, size


def _size(folder: str, pattern: str) -> int:
    return sum(path.stat().st_size for path in Path(folder).glob(f"replay/table/{pattern}"))
