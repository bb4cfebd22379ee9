"""`python -m bench replay`: inserts and samples a second of the Replay service, and of a peer."""

from __future__ import annotations

import asyncio
import functools
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from bench.pinned import pin, pinned_server
from bench.replay.load import Cell, Load, Shape, echo_load, replay_load
from bench.replay.peer import Reverb, no_peer
from bench.replay.servers import serve_echo, serve_replay

app = typer.Typer()

LARGEST_MESSAGE = 2_000_000
LARGEST_TABLE = 1_000_000_000

CALLERS = {
    "insert": [(1, 0), (2, 0), (4, 0)],
    "sample": [(0, 1), (0, 2)],
    "mixed": [(1, 1), (2, 1)],
}
"""(writers, readers) of each operation."""


@app.command()
def replay(
    *,
    seconds: Annotated[float, typer.Option(help="of each load", min=0.1)] = 2.0,
    row_bytes: Annotated[list[int], typer.Option(help="sizes of a row")] = [500, 4000, 40_000],  # noqa: B006
    durability: Annotated[list[str], typer.Option(help="of the log")] = ["none", "interval"],  # noqa: B006
    operation: Annotated[list[str], typer.Option(help="loads")] = list(CALLERS),  # noqa: B006
    capacity: Annotated[int, typer.Option(help="rows of a table, less for large rows")] = 100_000,
    peer: Annotated[str, typer.Option(help="measure this beside: reverb")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Insert, sample and mixed loads on a full prioritized table, beside a bare gRPC echo.

    The server has a core of its own, the callers share another one. Batches are of 256 rows, or
    fewer for large rows so that a message stays below 2 MB. In a mixed load each sample call brings
    the priorities of the batch before.
    """
    if peer not in ("", "reverb"):
        raise typer.BadParameter(f"peer is {peer!r}; expected reverb")
    grid = Grid(seconds, row_bytes, operation, capacity)
    before = os.sched_getaffinity(0)
    measure_peer = Reverb.installed(seconds).measure if peer else no_peer
    peers = {cell: measure_peer(cell) for cell in grid.cells()}
    pinned = (os.cpu_count() or 1) > 1 and pin(1)
    cells = [
        _report(cell, kind, load, ceiling, peers[cell])
        for kind in durability
        for cell, load, ceiling in grid.measure(kind)
    ]
    os.sched_setaffinity(0, before)
    report = {
        "bench": "replay",
        "pinned": pinned,
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "seconds": seconds,
        "peer": "dm-reverb 0.14.0" if peer else None,
        "ceiling_ratio": min(cell["ceiling_ratio"] for cell in cells),
        "cells": cells,
    }
    print(json.dumps(report) if as_json else _as_text(cells))


@dataclass(frozen=True)
class Grid:
    """Which loads on which tables."""

    seconds: float
    row_bytes: list[int]
    operations: list[str]
    capacity: int

    def shapes(self) -> Iterator[Shape]:
        for size in self.row_bytes:
            batch = max(1, min(256, LARGEST_MESSAGE // size))
            yield Shape(size, batch, min(self.capacity, LARGEST_TABLE // size))

    def cells(self) -> Iterator[Cell]:
        for shape in self.shapes():
            for operation in self.operations:
                for writers, readers in CALLERS[operation]:
                    yield Cell(shape, operation, writers, readers)

    def measure(self, durability: str) -> Iterator[tuple[Cell, Load, Load]]:
        serve = functools.partial(serve_replay, durability)
        with pinned_server(serve_echo, 0, asyncio.new_event_loop) as echo:
            for cell in self.cells():
                ceiling = echo_load(echo, cell, self.seconds)
                # A new one each time: the memory of a table is seen in a process without others.
                with pinned_server(serve, 0) as server:
                    load = replay_load(server, cell, self.seconds)
                yield cell, load, ceiling


def _report(
    cell: Cell, durability: str, load: Load, ceiling: Load, peer: dict[str, Any] | None
) -> dict[str, Any]:
    rate = load.items / load.seconds
    echo_rate = ceiling.items / ceiling.seconds
    report = {
        "operation": cell.operation,
        "row_bytes": cell.shape.row_bytes,
        "batch": cell.shape.batch,
        "capacity": cell.shape.capacity,
        "writers": cell.writers,
        "readers": cell.readers,
        "durability": durability,
        "items_per_second": rate,
        "megabytes_per_second": rate * cell.shape.row_bytes / 1e6,
        "p50_ms": _quantile(load, 0.5),
        "p99_ms": _quantile(load, 0.99),
        "cpu_seconds_per_million": load.server_cpu / load.items * 1e6,
        "client_cpu_seconds_per_million": load.client_cpu / load.items * 1e6,
        "bytes_per_item": load.bytes_per_item,
        "echo_items_per_second": echo_rate,
        "ceiling_ratio": rate / echo_rate,
        "peer_items_per_second": None,
        "ratio": None,
    }
    if peer is not None:
        report["peer_items_per_second"] = peer["items_per_second"]
        report["peer_bytes_per_item"] = peer["bytes_per_item"]
        report["ratio"] = rate / peer["items_per_second"]
    return report


def _quantile(load: Load, share: float) -> float:
    return 1000 * load.latencies[min(int(share * len(load.latencies)), len(load.latencies) - 1)]


def _as_text(cells: list[dict[str, Any]]) -> str:
    head = (
        f"{'bytes':>7} load    w r {'durability':<10} {'items/s':>11} {'MB/s':>7} {'p50 ms':>7} "
        f"{'p99 ms':>7} {'CPU s/M':>8} {'of echo':>7} {'peer/s':>9} {'ratio':>6}"
    )
    lines = [
        f"{c['row_bytes']:>7} {c['operation']:<7} {c['writers']} {c['readers']} "
        f"{c['durability']:<9} {c['items_per_second']:>12,.0f} {c['megabytes_per_second']:>7.0f} "
        f"{c['p50_ms']:>7.2f} {c['p99_ms']:>7.2f} {c['cpu_seconds_per_million']:>8.2f} "
        f"{c['ceiling_ratio']:>7.2f} {c['peer_items_per_second'] or 0:>9,.0f} "
        f"{c['ratio'] or 0:>6.1f}"
        for c in cells
    ]
    return "\n".join([head, *lines])
