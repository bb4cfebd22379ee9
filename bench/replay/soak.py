"""`python -m bench replay-soak`: whether memory stays flat over many inserts."""

from __future__ import annotations

import functools
import json
import time
from typing import Annotated, Any

import numpy as np
import typer

from bench.pinned import pin, pinned_server
from bench.replay.load import Shape
from bench.replay.servers import serve_replay
from mazemesh.client.replay import tables
from mazemesh.client.replay.replay import ReplayClient

app = typer.Typer()

BATCH = 256
ALLOWED_GROWTH = 0.05


@app.command()
def replay_soak(
    *,
    inserts: Annotated[int, typer.Option(help="rows in all", min=1_000_000)] = 10_000_000,
    capacity: Annotated[int, typer.Option(help="rows of the table", min=BATCH)] = 100_000,
    row_bytes: Annotated[int, typer.Option(help="of a row", min=32)] = 500,
    durability: Annotated[str, typer.Option(help="of the log")] = "interval",
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Insert, sample and update a prioritized table; the service's memory is read 20 times.

    Flat means that after the first tenth, in which the table fills and buffers find their size, the
    highest reading is within 5 % of the first. Exit status 1 when it is not.
    """
    shape = Shape(row_bytes, BATCH, capacity)
    with pinned_server(functools.partial(serve_replay, durability), 0) as server:
        pin(1)
        client = ReplayClient(server.address)
        client.create_table(
            tables.prioritized(
                "table", shape.signature, capacity, min_size=1, samples_per_insert=1.0,
                error_buffer=1e18,
            )
        )  # fmt: skip
        columns, readings = shape.rows(), []
        priorities = np.random.default_rng(1).uniform(0.1, 2.0, BATCH)
        batches = -(-inserts // BATCH)
        started = time.perf_counter()
        with client.writer("table", shape.signature) as writer:
            for number in range(1, batches + 1):
                writer.append(columns, priorities)
                if number % 16 == 0:
                    drawn = client.sample("table", BATCH, signature=shape.signature)
                    client.update_priorities("table", drawn.keys, priorities)
                if number % (batches // 20) == 0:
                    readings.append(server.rss_bytes())
        seconds = time.perf_counter() - started
        client.close()
    settled = readings[1:]
    growth = max(settled) / settled[0] - 1
    report: dict[str, Any] = {
        "bench": "replay-soak",
        "inserts": batches * BATCH,
        "capacity": capacity,
        "row_bytes": row_bytes,
        "durability": durability,
        "items_per_second": batches * BATCH / seconds,
        "rss_bytes": readings,
        "growth": growth,
        "flat": growth <= ALLOWED_GROWTH,
    }
    print(json.dumps(report) if as_json else "\n".join(f"{k}: {v}" for k, v in report.items()))
    if not report["flat"]:
        raise typer.Exit(1)
