"""`python -m bench fairness`: what a greedy key does to a polite one, and what a key costs a call.

An Elo service, in a process of its own, over TLS with keys. The polite client asks for a
leaderboard up to fifty times a second, alone and then beside a client that keeps hundreds of calls
under way with another key, from a process of its own. A third measurement puts the same load there
without keys, where nobody keeps the greedy one back.

On a machine of few cores the greedy client also takes the processor from the polite one and from
the server, which no server can help. `idle_ratio` says how much: the same busy neighbour, calling a
server that nobody else uses.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated, Any

import grpc
import grpc.aio
import typer

from bench.pinned import pinned_server
from mazemesh.client.credentials import Credentials
from mazemesh.sqlite_url import sqlite_url
from mazemesh.v1 import elo_pb2
from mazemesh.v1.elo_pb2_grpc import EloServiceStub
from services._harness import serve
from services._harness.access.callers.keys import new_key
from services._harness.access.callers.roles import Role
from services._harness.access.callers.sql_keys import PACKAGE, SqlKeys
from services._harness.access.tls.authority import make_authority, make_certificate
from services._harness.sql.database import Database
from services.elo.bind import bind
from services.elo.settings import EloSettings

app = typer.Typer()

OPTIONS = (("grpc.enable_http_proxy", 0),)
REQUEST = elo_pb2.GetLeaderboardRequest(ladder="race", page_size=10)
POLITE_PAUSE = 0.02
WARM_SECONDS = 1.5
"""Of the greedy client, before the polite one is measured beside it."""
POLITE_WARM_SECONDS = 0.5
"""Of the polite client, which are not counted."""
ROUNDS = 3
"""Of the measurements in turn, so that what else a machine does meets all of them."""


@app.command("fairness")
def fairness(
    *,
    seconds: Annotated[float, typer.Option(help="of each measurement", min=2)] = 10.0,
    under_way: Annotated[int, typer.Option(help="calls of the greedy key at once", min=1)] = 256,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """The polite key's p99, alone and beside a greedy one; microseconds that keys add to a call."""
    with tempfile.TemporaryDirectory(prefix="bench-fairness-") as folder:
        report = _measure(Path(folder), seconds, under_way)
    print(json.dumps(report) if as_json else _as_text(report))


def _measure(folder: Path, seconds: float, under_way: int) -> dict[str, Any]:
    polite, greedy = asyncio.run(_prepare(folder))
    ca = (folder / "ca.pem").read_bytes()
    with (
        pinned_server(partial(_elo, folder, "on")) as secure,
        pinned_server(partial(_elo, folder, "off")) as open_one,
    ):
        keyed, plain = Credentials(polite, ca), Credentials("", ca)
        alone, idle, beside, unguarded = (Answers([], 0) for _ in range(4))
        part = seconds / ROUNDS
        for _ in range(ROUNDS):
            alone += asyncio.run(_polite(secure.address, keyed, part))
            with _neighbour(open_one.address, "", ca, under_way):
                idle += asyncio.run(_polite(secure.address, keyed, part))
            with _neighbour(secure.address, greedy, ca, under_way) as told:
                beside += asyncio.run(_polite(secure.address, keyed, part))
            with _neighbour(open_one.address, "", ca, under_way) as told_open:
                unguarded += asyncio.run(_polite(open_one.address, plain, part))
        cost = asyncio.run(_cost(secure, open_one, keyed, plain))
    return {
        "bench": "fairness",
        "p50_ratio": round(beside.p50 / alone.p50, 2),
        "p99_ratio": round(beside.p99 / alone.p99, 2),
        "idle_ratio": round(idle.p99 / alone.p99, 2),
        "p99_ratio_to_idle": round(beside.p99 / idle.p99, 2),
        "unguarded_p99_ratio": round(unguarded.p99 / alone.p99, 2),
        "polite_errors": alone.errors + idle.errors + beside.errors,
        "key_microseconds": round(cost, 1),
        "cells": {
            "alone": alone.as_json(),
            "busy_neighbour_elsewhere": idle.as_json(),
            "beside_greedy": beside.as_json(),
            "beside_greedy_without_keys": unguarded.as_json(),
            "greedy": told,
            "greedy_without_keys": told_open,
        },
    }


async def _prepare(folder: Path) -> tuple[str, str]:
    """Certificates, and keys of a polite and a greedy client."""
    make_authority(folder)
    make_certificate(folder, "server", ["localhost", "127.0.0.1"], 1)
    database = Database(sqlite_url(folder / "access.sqlite"))
    await database.migrate(PACKAGE)
    texts = []
    for _ in range(2):
        key, text = new_key(Role.VIEWER, time.time())
        await SqlKeys(database).add(key)
        texts.append(text)
    await database.close()
    return texts[0], texts[1]


@asynccontextmanager
async def _elo(folder: Path, keys: Any) -> AsyncIterator[str]:
    settings = EloSettings(
        port=0,
        data_dir=folder / f"keys-{keys}",
        keys=keys,
        tls_cert=folder / "server.pem",
        tls_key=folder / "server-key.pem",
    )
    if keys == "on":
        settings = settings.model_copy(
            update={"database_url": sqlite_url(folder / "access.sqlite")}
        )
    async with serve(settings, bind) as server:
        yield server.address


@dataclass(frozen=True)
class Answers:
    """Latencies of one client in seconds."""

    seconds: list[float]
    errors: int

    def __add__(self, other: Answers) -> Answers:
        return Answers(self.seconds + other.seconds, self.errors + other.errors)

    @property
    def p50(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.seconds, n=100)[98]

    def as_json(self) -> dict[str, float]:
        return {
            "calls": len(self.seconds),
            "p50_ms": round(self.p50 * 1e3, 2),
            "p99_ms": round(self.p99 * 1e3, 2),
            "errors": self.errors,
        }


async def _polite(address: str, credentials: Credentials, seconds: float) -> Answers:
    answers, errors = [], 0
    async with credentials.aio_channel(address, OPTIONS) as channel:
        stub: Any = EloServiceStub(channel)
        # The greedy key was alone; its calls that are on their way by now still go first.
        warm = time.perf_counter() + POLITE_WARM_SECONDS
        while time.perf_counter() < warm:
            await stub.GetLeaderboard(REQUEST, timeout=10)
            await asyncio.sleep(POLITE_PAUSE)
        until = time.perf_counter() + seconds
        while (began := time.perf_counter()) < until:
            try:
                await stub.GetLeaderboard(REQUEST, timeout=10)
                answers.append(time.perf_counter() - began)
            except grpc.aio.AioRpcError:
                errors += 1
            await asyncio.sleep(POLITE_PAUSE)
    return Answers(answers, errors)


@contextmanager
def _neighbour(address: str, key: str, ca: bytes, under_way: int) -> Iterator[dict[str, float]]:
    """A greedy client in a process of its own, while the block runs; then what it got."""
    told: dict[str, float] = {}
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_greedy, args=(address, key, ca, under_way, theirs))
    process.start()
    theirs.close()  # so that the end of the process is one of what is read, too
    try:
        ours.recv()
        time.sleep(WARM_SECONDS)
        yield told
        ours.send("stop")
        told.update(ours.recv())
        process.join(20)
    finally:
        if process.is_alive():
            process.kill()


def _greedy(address: str, key: str, ca: bytes, under_way: int, pipe: Connection) -> None:
    pipe.send(asyncio.run(_flood(address, Credentials(key, ca), under_way, pipe)))


async def _flood(
    address: str, credentials: Credentials, under_way: int, pipe: Connection
) -> dict[str, float]:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(pipe.fileno(), stop.set)
    counts = {"answered": 0, "refused": 0}
    began = time.perf_counter()

    async def caller(stub: Any) -> None:
        while not stop.is_set():
            try:
                await stub.GetLeaderboard(REQUEST, timeout=30)
                counts["answered"] += 1
            except grpc.aio.AioRpcError:
                counts["refused"] += 1

    async with credentials.aio_channel(address, OPTIONS) as channel:
        stub: Any = EloServiceStub(channel)
        callers = [asyncio.create_task(caller(stub)) for _ in range(under_way)]
        pipe.send("calling")
        await asyncio.gather(*callers)
    seconds = time.perf_counter() - began
    return {name: round(count / seconds, 1) for name, count in counts.items()}


async def _cost(secure: Any, open_one: Any, keyed: Credentials, plain: Credentials) -> float:
    """Processor microseconds of the server that a key adds to a call, measured in turn."""
    rounds, calls = 6, 400
    spent: dict[str, list[float]] = {"keyed": [], "plain": []}
    for _ in range(rounds):
        for name, server, credentials in (
            ("keyed", secure, keyed),
            ("plain", open_one, plain),
        ):
            async with credentials.aio_channel(server.address, OPTIONS) as channel:
                stub: Any = EloServiceStub(channel)
                await stub.GetLeaderboard(REQUEST, timeout=10)
                before = server.cpu_seconds()
                for _ in range(calls):
                    await stub.GetLeaderboard(REQUEST, timeout=10)
                spent[name].append((server.cpu_seconds() - before) / calls)
    return (statistics.median(spent["keyed"]) - statistics.median(spent["plain"])) * 1e6


def _as_text(report: dict[str, Any]) -> str:
    lines = [
        f"p99 beside a greedy key: {report['p99_ratio']} x alone",
        f"with the same neighbour elsewhere: {report['idle_ratio']} x",
        f"without keys: {report['unguarded_p99_ratio']} x",
        f"a key costs a call {report['key_microseconds']} us",
    ]
    lines += [f"  {name}: {cell}" for name, cell in report["cells"].items()]
    return "\n".join(lines)
