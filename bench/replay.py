"""`python -m bench replay`: inserts and samples a second of the Replay service."""

from __future__ import annotations

import json
import os
from typing import Annotated, Any

import typer

from bench.pinned import pin, pinned_server
from bench.replay_load import Load, Shape, echo_loads, replay_loads
from bench.replay_servers import serve_echo, serve_replay

app = typer.Typer()

LARGEST_MESSAGE = 2_000_000
LARGEST_TABLE = 1_000_000_000


@app.command()
def replay(
    *,
    seconds: Annotated[float, typer.Option(help="of each load", min=0.1)] = 3.0,
    row_bytes: Annotated[list[int], typer.Option(help="sizes of a row")] = [500, 4000, 40_000],  # noqa: B006
    capacity: Annotated[int, typer.Option(help="rows of a table, less for large rows")] = 100_000,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Insert, sample and mixed loads on a full prioritized table, beside a bare gRPC echo.

    The server has a process and a core of its own, the callers share another core. Batches are of
    256 rows, or fewer for large rows so that a message stays below 2 MB.
    """
    results = []
    with pinned_server(serve_replay, 0) as server, pinned_server(serve_echo, 0) as echo:
        pinned = (os.cpu_count() or 1) > 1 and pin(1)
        for size in row_bytes:
            shape = Shape(
                size,
                max(1, min(256, LARGEST_MESSAGE // size)),
                min(capacity, LARGEST_TABLE // size),
            )
            ceilings = echo_loads(echo, shape, seconds)
            loads = replay_loads(server, shape, seconds)
            results += [_report(shape, name, load, ceilings[name]) for name, load in loads.items()]
    report = {
        "bench": "replay",
        "pinned": pinned,
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "seconds": seconds,
        "results": results,
    }
    print(json.dumps(report) if as_json else _as_text(results))


def _report(shape: Shape, name: str, load: Load, ceiling: Load) -> dict[str, Any]:
    rate = load.items / load.seconds
    return {
        "row_bytes": shape.row_bytes,
        "batch": shape.batch,
        "capacity": shape.capacity,
        "load": name,
        "items_per_second": rate,
        "megabytes_per_second": rate * shape.row_bytes / 1e6,
        "p50_ms": _quantile(load, 0.5),
        "p99_ms": _quantile(load, 0.99),
        "server_cpu_seconds_per_million_items": load.server_cpu / load.items * 1e6,
        "client_cpu_seconds_per_million_items": load.client_cpu / load.items * 1e6,
        "echo_items_per_second": ceiling.items / ceiling.seconds,
        "echo_cpu_seconds_per_million_items": ceiling.server_cpu / ceiling.items * 1e6,
        "ceiling_ratio": rate / (ceiling.items / ceiling.seconds),
    }


def _quantile(load: Load, share: float) -> float:
    return 1000 * load.latencies[min(int(share * len(load.latencies)), len(load.latencies) - 1)]


def _as_text(results: list[dict[str, Any]]) -> str:
    lines = ["  bytes load        items/s    MB/s  p50 ms  p99 ms  CPU s/M    echo  of echo"]
    lines += [
        f"{r['row_bytes']:>7} {r['load']:<7} {r['items_per_second']:>11,.0f} "
        f"{r['megabytes_per_second']:>7.0f} {r['p50_ms']:>7.2f} {r['p99_ms']:>7.2f} "
        f"{r['server_cpu_seconds_per_million_items']:>8.2f} "
        f"{r['echo_cpu_seconds_per_million_items']:>7.2f} {r['ceiling_ratio']:>8.2f}"
        for r in results
    ]
    return "\n".join(lines)
