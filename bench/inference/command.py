"""`python -m bench inference`: calls and observations a second of Infer and of KServe v2."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from statistics import fmean
from typing import Annotated, Any

import typer

from bench.inference.peers import PEERS, measured_peer
from bench.inference.servers import Served, serve_echo, serve_model
from bench.inference.workload import Workload
from bench.pinned import pinned_server

app = typer.Typer()

CALLERS = (1, 32, 256)
BATCHES = (1, 64)
GOAL_MS = 10.0


@app.command("inference")
def inference(
    *,
    seconds: Annotated[float, typer.Option(help="of each round", min=0.2)] = 1.0,
    rounds: Annotated[int, typer.Option(help="ours and the echo in turn", min=1)] = 2,
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
    with pinned_server(partial(serve_model, Served(workload.hidden, wait_ms))) as server:
        for kind in ("infer", "kserve"):
            for rows in batches:
                for count in counts:
                    told = _calls(kind, server.address, rows, workload)
                    cells.append(_cell(kind, told, count, rows, (seconds, rounds), raw))
        rss = server.rss_bytes()
    peers = [measured_peer(name, workload, counts, batches, seconds) for name in peer or ()]
    report = {
        **_summary(cells, peers, raw),
        "hidden": workload.hidden,
        "observation_bytes": workload.observation_size,
        "wait_ms": wait_ms,
        "raw_observations_per_second": raw,
        "server_rss_bytes": rss,
        "cells": cells,
        "peers": peers,
    }
    print(json.dumps(report) if as_json else _as_text(report))


def load(kind: str, calls: dict[str, Any], callers: int, seconds: float) -> dict[str, float]:
    """What callers in a process of their own measure."""
    told = {"kind": kind, "calls": calls, "callers": callers, "seconds": seconds}
    done = subprocess.run(
        [sys.executable, "-m", "bench.inference.load", json.dumps(told)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the callers failed: {done.stderr[-1000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _calls(kind: str, address: str, rows: int, workload: Workload) -> dict[str, Any]:
    told = {"address": address, "batch": rows, "size": workload.observation_size}
    return told if kind == "infer" else {**told, "num_actions": workload.num_actions}


def _cell(
    kind: str,
    told: dict[str, Any],
    callers: int,
    rows: int,
    timing: tuple[float, int],
    raw: dict[int, float],
) -> dict[str, Any]:
    """Ours and the echo in turn, since others use the machine too; means over the rounds."""
    seconds, rounds = timing
    warm = load(kind, told, 1, seconds / 10)
    ours, echoes = [], []
    with pinned_server(partial(serve_echo, int(warm["response_bytes"]))) as echo:
        asked = {"address": echo.address, "request_bytes": int(warm["request_bytes"])}
        for _ in range(rounds):
            ours.append(load(kind, told, callers, seconds))
            echoes.append(load("echo", asked, callers, seconds))
    found = _means(ours)
    beside = _means(echoes)
    observations = rows * found["calls_per_second"]
    return {
        "over": kind,
        "callers": callers,
        "batch": rows,
        **found,
        "observations_per_second": observations,
        "of_onnxruntime": observations / raw[rows],
        "of_echo": found["calls_per_second"] / beside["calls_per_second"],
        "echo_calls_per_second": beside["calls_per_second"],
        "echo_p99_ms": beside["p99_ms"],
    }


def _means(found: list[dict[str, float]]) -> dict[str, float]:
    return {name: fmean(one[name] for one in found) for name in found[0]}


def _summary(
    cells: list[dict[str, Any]], peers: list[dict[str, Any]], raw: dict[int, float]
) -> dict[str, Any]:
    ours = {(one["over"], one["callers"], one["batch"]): one for one in cells}
    usual = ours.get(("infer", 32, 1))
    infer = [one for one in cells if one["over"] == "infer"]
    within = [one["observations_per_second"] for one in infer if one["p99_ms"] < GOAL_MS]
    ratios = []
    for peer in peers:
        for one in peer.get("cells", ()):
            mine = ours["kserve", one["callers"], one["batch"]]
            one["ratio"] = mine["calls_per_second"] / one["calls_per_second"]
            ratios.append(one["ratio"])
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
    lines = [
        f"{one['over']:7} {one['callers']:4} callers x {one['batch']:3}: "
        f"{one['calls_per_second']:8.0f} calls/s {one['observations_per_second']:9.0f} obs/s, "
        f"p50 {one['p50_ms']:6.2f} p99 {one['p99_ms']:6.2f} ms, {one['of_echo']:.2f} of the echo, "
        f"{one['of_onnxruntime']:.2f} of onnxruntime"
        for one in report["cells"]
    ]
    for peer in report["peers"]:
        lines += [
            f"{peer['name']:8} {one['callers']:4} callers x {one['batch']:3}: "
            f"{one['calls_per_second']:8.0f} calls/s, p99 {one['p99_ms']:6.2f} ms, "
            f"ours is {one['ratio']:.1f} x"
            for one in peer.get("cells", ())
        ] or [f"{peer['name']}: {peer['error']}"]
    names = ("p99_ms_32x1", "batched_fraction", "calls_fraction", "peer_ratio")
    lines += [f"{name} {report[name]}" for name in (*names, "observations_per_second")]
    return "\n".join(lines)
