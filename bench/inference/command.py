"""`python -m bench inference`: calls and observations a second of Infer and of KServe v2."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from typing import Annotated, Any

import typer

from bench.inference.peers import PEERS, served
from bench.inference.servers import Served, serve_echo, serve_model
from bench.inference.workload import Workload
from bench.pinned import PinnedServer, pinned_server

app = typer.Typer()

CALLERS = (1, 32, 256)
BATCHES = (1, 64)
GOAL_MS = 10.0


@app.command("inference")
def inference(
    *,
    seconds: Annotated[float, typer.Option(help="of each server in a cell", min=0.5)] = 2.0,
    callers: Annotated[list[int] | None, typer.Option(help="at once; again for more")] = None,
    batch: Annotated[list[int] | None, typer.Option(help="rows of a call; again for more")] = None,
    hidden: Annotated[list[int] | None, typer.Option(help="sizes of layers")] = None,
    wait_ms: Annotated[float, typer.Option(help="budget of batching", min=0.0)] = 2.0,
    peer: Annotated[list[str] | None, typer.Option(help=f"of {', '.join(PEERS)}")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Callers of a race's policy: over Infer, over KServe v2 with tritonclient, and of peers.

    Each cell is a ratio to onnxruntime in this process and to an echo by gRPC of the same sizes.
    """
    workload = Workload(tuple(hidden or (256, 256)))
    counts, batches = tuple(callers or CALLERS), tuple(batch or BATCHES)
    raw = {rows: workload.raw(rows) for rows in batches}
    cells: list[dict[str, Any]] = []
    with ExitStack() as stack:
        model = stack.enter_context(
            pinned_server(partial(serve_model, Served(workload.hidden, wait_ms)))
        )
        echo = stack.enter_context(pinned_server(serve_echo))
        peers = {name: served(stack, name, workload) for name in peer or ()}
        for kind in ("infer", "kserve"):
            for rows in batches:
                asked = _calls(kind, workload, rows)
                beside = {name: one.address for name, one in peers.items() if one.address}
                for count in counts:
                    servers: list[tuple[str, str, dict[str, Any]]] = [
                        ("ours", kind, {**asked, "address": model.address}),
                        ("echo", "echo", {"address": echo.address}),
                    ]
                    if kind == "kserve":
                        servers += [
                            (name, kind, {**asked, "address": address})
                            for name, address in beside.items()
                        ]
                    before = _processor_seconds(model, echo)
                    found = load(servers, count, seconds)
                    spent = [
                        after - one
                        for one, after in zip(before, _processor_seconds(model, echo), strict=True)
                    ]
                    cells.append(_cell(kind, found, count, rows, raw) | _costs(found, spent))
        rss = model.rss_bytes()
    report = {
        **_summary(cells, raw),
        "hidden": workload.hidden,
        "observation_bytes": workload.observation_size,
        "wait_ms": wait_ms,
        "raw_observations_per_second": raw,
        "server_rss_bytes": rss,
        "cells": cells,
        "peers": {name: one.error or "served" for name, one in peers.items()},
    }
    print(json.dumps(report) if as_json else _as_text(report))


def load(
    servers: list[tuple[str, str, dict[str, Any]]], callers: int, seconds: float
) -> dict[str, dict[str, float]]:
    """What callers in a process of their own measure of several servers in turn."""
    told = {"servers": servers, "callers": callers, "seconds": seconds}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bench.inference.load", json.dumps(told)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the callers failed: {done.stderr[-1000:]}")
    found: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def _calls(kind: str, workload: Workload, rows: int) -> dict[str, Any]:
    told = {"batch": rows, "size": workload.observation_size}
    return told if kind == "infer" else {**told, "num_actions": workload.num_actions}


def _cell(
    kind: str,
    found: dict[str, dict[str, float]],
    callers: int,
    rows: int,
    raw: dict[int, float],
) -> dict[str, Any]:
    ours, echo = found["ours"], found["echo"]
    observations = rows * ours["calls_per_second"]
    return {
        "over": kind,
        "callers": callers,
        "batch": rows,
        **ours,
        "observations_per_second": observations,
        "of_onnxruntime": observations / raw[rows],
        "of_echo": ours["calls_per_second"] / echo["calls_per_second"],
        "echo_calls_per_second": echo["calls_per_second"],
        "echo_p99_ms": echo["p99_ms"],
        "peers": {
            name: {**one, "ratio": ours["calls_per_second"] / one["calls_per_second"]}
            for name, one in found.items()
            if name not in ("ours", "echo")
        },
    }


def _processor_seconds(model: PinnedServer, echo: PinnedServer) -> list[float]:
    """So far: of the service, of its processes that run policies, and of the echo."""
    return [model.cpu_seconds(), model.children_cpu_seconds(), echo.cpu_seconds()]


def _costs(found: dict[str, dict[str, float]], spent: list[float]) -> dict[str, float]:
    """Processor time of a call, which others on the machine change less than its rate."""
    service, runner, echo = spent
    ours, beside = found["ours"]["calls"], found["echo"]["calls"]
    return {
        "service_us_per_call": 1e6 * service / ours,
        "runner_us_per_call": 1e6 * runner / ours,
        "echo_us_per_call": 1e6 * echo / beside,
    }


def _summary(cells: list[dict[str, Any]], raw: dict[int, float]) -> dict[str, Any]:
    named = {(one["over"], one["callers"], one["batch"]): one for one in cells}
    usual = named.get(("infer", 32, 1))
    infer = [one for one in cells if one["over"] == "infer"]
    within = [one["observations_per_second"] for one in infer if one["p99_ms"] < GOAL_MS]
    ratios = [peer["ratio"] for one in cells for peer in one["peers"].values()]
    return {
        "bench": "inference",
        "p99_ms_32x1": usual and usual["p99_ms"],
        "batched_fraction": max(one["observations_per_second"] for one in infer)
        / max(raw.values()),
        "calls_fraction": usual and usual["of_echo"],
        "observations_per_second": max(within, default=0.0),
        "peer_ratio": min(ratios, default=None),
    }


def _as_text(report: dict[str, Any]) -> str:
    lines = []
    for one in report["cells"]:
        lines.append(
            f"{one['over']:7} {one['callers']:4} callers x {one['batch']:3}: "
            f"{one['calls_per_second']:8.0f} calls/s {one['observations_per_second']:9.0f} obs/s, "
            f"p50 {one['p50_ms']:6.2f} p99 {one['p99_ms']:6.2f} ms (echo {one['echo_p99_ms']:.2f}),"
            f" {one['of_echo']:.2f} of the echo, {one['of_onnxruntime']:.2f} of onnxruntime"
        )
        lines += [
            f"        {name}: {peer['calls_per_second']:8.0f} calls/s, p99 {peer['p99_ms']:6.2f} "
            f"ms, ours is {peer['ratio']:.1f} x"
            for name, peer in one["peers"].items()
        ]
    names = ("p99_ms_32x1", "batched_fraction", "calls_fraction", "peer_ratio")
    lines += [f"{name} {told}" for name, told in report["peers"].items()]
    lines += [f"{name} {report[name]}" for name in (*names, "observations_per_second")]
    return "\n".join(lines)
