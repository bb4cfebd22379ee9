"""`python -m bench slow-link`: rows a second that a writer brings to Replay over a slow link."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer

from bench.pinned import pinned_server
from bench.replay.servers import serve_replay
from bench.slow_link.proxy import ShapingProxy
from bench.slow_link.rows import Columns, signature, unrolls
from mazemesh.client.replay.compression import Compression
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.v1 import replay_pb2 as pb
from mazemesh.wire.columns import encode_columns
from mazemesh.wire.compressed_columns import compress_columns

app = typer.Typer()

_PLAYED = 8
"""Batches of which those that are sent are made in turn."""


@app.command("slow-link")
def slow_link(
    *,
    seconds: Annotated[float, typer.Option(help="of each way", min=0.5)] = 10.0,
    megabits: Annotated[float, typer.Option(help="a second, each way", min=0.1)] = 10.0,
    round_trip_ms: Annotated[float, typer.Option(help="of the link", min=0.0)] = 50.0,
    rows: Annotated[int, typer.Option(help="of a batch", min=1)] = 128,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Unrolls of races, sent plain, packed by zstd, and by what the writer chooses itself."""
    batches = unrolls(rows, _PLAYED)
    with pinned_server(serve_replay, 0) as server:
        found = {
            way: _measure(server.address, way, batches, rows, seconds, megabits, round_trip_ms)
            for way in Compression
        }
    plain = found[Compression.NONE]["rows_per_second"]
    report = {
        "bench": "slow-link",
        "speedup": found[Compression.ZSTD]["rows_per_second"] / plain,
        "auto_of_best": found[Compression.AUTO]["rows_per_second"]
        / max(plain, found[Compression.ZSTD]["rows_per_second"]),
        "megabits": megabits,
        "round_trip_ms": round_trip_ms,
        "batch_rows": rows,
        **_packing(batches),
        "cells": list(found.values()),
    }
    print(json.dumps(report) if as_json else _as_text(report))


def _measure(
    replay: str,
    way: Compression,
    batches: list[Columns],
    rows: int,
    seconds: float,
    megabits: float,
    round_trip_ms: float,
) -> dict[str, Any]:
    """What one writer brings within so many seconds."""
    with ShapingProxy(replay, megabits, round_trip_ms / 1000) as link:
        # By a name, since a loopback address alone says that there is no link.
        client = ReplayClient(f"dns:///{link.address}", way)
        client.create_table(_table(f"{way}"))
        with client.writer(f"{way}", signature()) as writer:
            for batch in batches:  # until the connection is as fast as it gets
                writer.append(batch)
            sent, before, began = 0, link.sent_bytes, time.perf_counter()
            while (elapsed := time.perf_counter() - began) < seconds:
                writer.append(batches[sent % len(batches)])
                sent += 1
        on_the_wire = link.sent_bytes - before
        client.close()
    return {
        "compression": str(way),
        "rows_per_second": sent * rows / elapsed,
        "megabytes_per_second": sent * rows * signature().row_bytes / elapsed / 1e6,
        "wire_bytes_per_row": on_the_wire / (sent * rows),
    }


def _packing(batches: list[Columns]) -> dict[str, float]:
    """How tightly one core packs, and how fast."""
    encoded = [
        encode_columns(1, len(batch["action"]), [column.tobytes() for column in batch.values()])
        for batch in batches
    ]
    size = sum(len(part) for one in encoded for part in one)
    began = time.perf_counter()
    packed = sum(len(compress_columns(one).frame) for one in encoded)
    return {
        "packing_ratio": size / packed,
        "packing_megabytes_per_second": size / (time.perf_counter() - began) / 1e6,
    }


def _table(name: str) -> pb.Table:
    """One that takes whatever comes."""
    return pb.Table(
        name=name,
        signature=signature().to_proto(),
        capacity=2048,
        sampler=pb.Selector(kind=pb.SELECTOR_KIND_UNIFORM),
        remover=pb.Selector(kind=pb.SELECTOR_KIND_FIFO),
        rate_limiter=pb.RateLimiter(
            min_size_to_sample=1, samples_per_insert=1, min_diff=-1e15, max_diff=1e15
        ),
    )


def _as_text(report: dict[str, Any]) -> str:
    link = f"{report['megabits']:g} Mbit/s, {report['round_trip_ms']:g} ms"
    packing = f"{report['packing_ratio']:.1f} times at {report['packing_megabytes_per_second']:.0f}"
    cells = [
        f"{cell['compression']:5} {cell['rows_per_second']:9.0f} rows/s "
        f"{cell['megabytes_per_second']:8.2f} MB/s {cell['wire_bytes_per_row']:8.0f} bytes a row"
        for cell in report["cells"]
    ]
    title = f"{link}, batches of {report['batch_rows']} rows; one core packs {packing} MB/s"
    return "\n".join([title, *cells])
