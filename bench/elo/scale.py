"""`python -m bench elo-scale`: what Elo takes in, how it starts on a million matches."""

from __future__ import annotations

import contextlib
import json
import queue
import select
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import grpc
import psutil
import typer

from bench.children import ending_with_us
from bench.cluster.standins import postgres
from bench.elo.convergence import converge_seconds
from bench.elo.workload import Workload
from mazemesh.errors import Unavailable

app = typer.Typer()

CALL = "/mazemesh.v1.EloService/RecordResults"
RESULTS_IN_A_CALL = 1000
CALLS_AT_ONCE = 8
_START_SECONDS = 300.0
_CALL_SECONDS = 120.0


@app.command("elo-scale")
def elo_scale(
    *,
    matches: Annotated[int, typer.Option(help="in the log", min=1000)] = 1_000_000,
    players: Annotated[int, typer.Option(help="on the ladder of the log", min=10)] = 2000,
    fitted: Annotated[int, typer.Option(help="players of the fit", min=10)] = 10_000,
    fitted_matches: Annotated[int, typer.Option(help="its matches", min=10)] = 150_000,
    database: Annotated[
        str | None, typer.Option(help="URL of an empty PostgreSQL database; not set is SQLite")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Results a second through RecordResults, the start after it, its memory, a large fit."""
    with tempfile.TemporaryDirectory(prefix="bench-elo-") as folder:
        arguments = ["--data-dir", folder, *(["--database-url", database] if database else [])]
        with served(arguments) as (service, address, started_empty):
            ingest = taken_in(service, address, Workload(players, matches))
        with served(arguments) as (service, address, restarted):
            memory = _resident(service)
            answered = _first_answers(address, players)
            after = _resident(service)
    converged = _converge(database)
    fit = _fit(Workload(fitted, fitted_matches))
    report: dict[str, Any] = {
        "bench": "elo-scale",
        "ingest_results_per_second": ingest["results_per_second"],
        "restart_seconds_1e6": round(restarted, 2),
        "memory_mb_1e6": round(memory),
        "fit_seconds_1e4_players": fit["seconds"],
        "converge_seconds": converged and converged["most"],
        "matches": matches,
        "players": players,
        "database": "postgresql" if database else "sqlite",
        "ingest": ingest,
        "start_seconds_empty": round(started_empty, 2),
        "memory_mb_after_first_answers": round(after),
        "first_answers": answered,
        "converge": converged,
        "fit": fit,
    }
    print(json.dumps(report) if as_json else _as_text(report))


@contextmanager
def served(arguments: list[str]) -> Iterator[tuple[psutil.Process, str, float]]:
    """The service as a process, its address, and seconds until it listened; stops it."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [
            *(sys.executable, "-P", "-m", "services.elo", "--port", "0", "--log-format", "json"),
            *arguments,
        ],
        stderr=subprocess.PIPE,
        env=ending_with_us(),
    )
    try:
        yield psutil.Process(process.pid), _address(process), time.perf_counter() - began
    finally:
        process.terminate()
        process.communicate(timeout=_START_SECONDS)


def _address(process: subprocess.Popen[bytes]) -> str:
    assert process.stderr is not None
    until = time.monotonic() + _START_SECONDS
    while select.select([process.stderr], [], [], until - time.monotonic())[0]:
        line = process.stderr.readline()
        said = json.loads(line) if line.startswith(b"{") else {}
        if said.get("event") == "listening":
            return str(said["address"])
        if not line:
            break
    raise RuntimeError(f"the service did not start: {process.poll()}")


def taken_in(service: psutil.Process, address: str, workload: Workload) -> dict[str, Any]:
    """Sends all; results a second of wall time, and of the service's processor time."""
    waiting: queue.Queue[bytes | None] = queue.Queue(maxsize=4 * CALLS_AT_ONCE)
    latencies: list[float] = []
    statuses: set[int] = set()

    def send() -> None:
        from mazemesh.v1 import elo_pb2

        with grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            record: Any = channel.unary_unary(CALL)
            while (request := waiting.get()) is not None:
                began = time.perf_counter()
                answer = record(request, timeout=_CALL_SECONDS)
                latencies.append(time.perf_counter() - began)
                statuses.update(elo_pb2.RecordResultsResponse.FromString(answer).statuses)

    threads = [threading.Thread(target=send, daemon=True) for _ in range(CALLS_AT_ONCE)]
    # Made before the clock runs: making results costs more than taking them in.
    requests = list(workload.requests(RESULTS_IN_A_CALL))
    results = RESULTS_IN_A_CALL * len(requests)
    before = service.cpu_times()
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for request in requests:
        waiting.put(request)
    for _ in threads:
        waiting.put(None)
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    after = service.cpu_times()
    spent = after.user + after.system - before.user - before.system
    if statuses != {1} or len(latencies) != len(requests):
        raise RuntimeError(f"not all results were recorded: {statuses}, {len(latencies)} calls")
    return {
        "results_per_second": round(results / seconds),
        "results_per_processor_second": round(results / spent),
        "seconds": round(seconds, 2),
        "processor_seconds": round(spent, 2),
        "results_in_a_call": RESULTS_IN_A_CALL,
        "calls_at_once": CALLS_AT_ONCE,
        "call_seconds_median": round(statistics.median(latencies), 4),
        "memory_mb": round(_resident(service)),
    }


def _converge(database: str | None) -> dict[str, float] | None:
    """What one instance records, another tells; None where no PostgreSQL is installed."""
    with contextlib.ExitStack() as stack:
        if database is None:
            try:
                database = stack.enter_context(postgres()).url
            except Unavailable:
                return None
        addresses = []
        for _ in range(2):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-elo-"))
            arguments = ["--data-dir", folder, "--database-url", database]
            addresses.append(stack.enter_context(served(arguments))[1])
        return converge_seconds((addresses[0], addresses[1]))


def _resident(service: psutil.Process) -> float:
    return float(service.memory_info().rss) / 1e6


def _first_answers(address: str, players: int) -> dict[str, float]:
    """Seconds of the first calls of some kinds, which may have to fit."""
    from mazemesh.client.elo import EloClient

    client = EloClient(address)
    found: dict[str, float] = {}
    for name, call in (
        ("leaderboard", lambda: client.leaderboard("race")),
        ("rating", lambda: client.rating("race", f"run:{players // 2}")),
        ("history", lambda: list(client.history("race", f"run:{players // 2}"))),
        ("head_to_head", lambda: client.head_to_head("race")),
        ("leaderboard again", lambda: client.leaderboard("race")),
    ):
        began = time.perf_counter()
        call()
        found[name] = round(time.perf_counter() - began, 4)
    client.close()
    return found


def _fit(workload: Workload) -> dict[str, Any]:
    """Seconds of processor time that a fit with intervals and ranks takes, warmed up."""
    import numpy as np

    from services.elo.models.bradley_terry import fit
    from services.elo.standings.folding.ladder import Ladder
    from services.elo.standings.standings import standings
    from services.elo.wire.results import scan

    ladder, sequence = Ladder("race"), 0
    for request in workload.requests(RESULTS_IN_A_CALL):
        batch = scan.request(request)
        assert batch is not None
        duels: Any = batch.content
        ladder.fold_duels(np.arange(sequence + 1, sequence + 1 + len(duels)), duels)
        sequence += len(duels)
    seconds = []
    for _ in range(2):
        began = time.process_time()
        problem = ladder.problem()
        standings(fit(problem), problem, ladder.players.names, sequence, sequence)
        seconds.append(time.process_time() - began)
    return {
        "seconds": round(min(seconds), 2),
        "first_seconds": round(seconds[0], 2),
        "players": len(ladder.players),
        "matches": ladder.matches,
        "pairs": ladder.pairs.count,
    }


def _as_text(report: dict[str, Any]) -> str:
    ingest, fit = report["ingest"], report["fit"]
    log = f"{report['matches']} matches of {report['players']} players on {report['database']}"
    rates = f"{ingest['results_per_second']} results/s, {ingest['results_per_processor_second']}"
    start = f"{report['restart_seconds_1e6']} s, {report['memory_mb_1e6']} MB"
    converged = report["converge_seconds"]
    return "\n".join(
        [
            log,
            f"  taken in: {rates} a processor second",
            f"  start on them: {start}; empty: {report['start_seconds_empty']} s",
            f"  recorded at one instance, fitted at the other after {converged} s",
            f"  fit of {fit['players']} players, {fit['pairs']} pairs: {fit['seconds']} s",
        ]
    )
