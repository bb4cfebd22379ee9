"""`python -m bench version`: what a version costs on its way from the learner to an actor."""

from __future__ import annotations

import json
import logging
import os
import statistics
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import structlog
import typer

from actor.selfplay.student.student import Student
from bench.learner.workload import Workload
from bench.pinned import pinned_server
from learner.loop.first_version import first_draft
from learner.loop.publisher import Draft, Publisher, parity_check
from learner.network.architecture import evaluate, initial_parameters
from learner.record.provenance import code_version, config_of
from learner.run import Run
from learner.settings import LearnerSettings
from mazemesh.client.model import ModelClient
from mazemesh.errors import MazemeshError
from mazemesh.games import get_game
from mazemesh.process.disk import sync_file
from mazemesh.v1.game_pb2 import GetGameSpecRequest, GetGameSpecResponse
from mazemesh.wire.tensors import from_tensor

app = typer.Typer()

PARITY_ROWS = 32
WARM = 25
"""Versions before measuring: from then on each one makes Model retire another."""


@app.command("version")
def version(
    *,
    versions: Annotated[int, typer.Option(help="measured", min=10)] = 150,
    pause: Annotated[float, typer.Option(help="seconds between them", min=0)] = 0.05,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """A version of workload A: processor time of Model, publisher and actor, and how long it takes.

    `model_ms_a_version` is the processor time of Model and of the process that checks files;
    `publish_to_acting_ms` is from a draft to an actor that acts with it, of which `sync_ms` at
    least is the disk's: an acknowledged version is on it.

    Model runs in a process of its own; beside the actor a second client watches all policies, as
    the Matchmaker does.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    run = Run.of(LearnerSettings(game="solo", hidden=list(Workload().hidden)))
    drafts = _drafts(run, WARM + versions)
    with (
        tempfile.TemporaryDirectory(prefix="bench-version-") as folder,
        pinned_server(partial(_serve, Path(folder))) as server,
        _clients(server.address, 3) as (learner, actor, watcher),
    ):
        stop = threading.Event()
        made = {"config": config_of(run), "code_version": code_version()}
        publisher = Publisher(learner, run, "bench", stop, **made)  # type: ignore[arg-type]
        publisher.publish(drafts[0])
        student = Student(actor, run.policy, stop)
        student.wait()
        spec = get_game(run.game).spec(run.game_settings)
        for work, given in ((student.follow, (spec,)), (_watch, (watcher,))):
            threading.Thread(target=work, args=given, daemon=True).start()
        for draft in drafts[1:WARM]:
            _publish(publisher, student, draft)
        before, checking = server.cpu_seconds(), server.children_cpu_seconds()
        mine, own = time.process_time(), time.thread_time()
        times = []
        for draft in drafts[WARM:]:
            times.append(_publish(publisher, student, draft))
            time.sleep(pause)
        own, mine = time.thread_time() - own, time.process_time() - mine
        used = {
            "model": server.cpu_seconds() - before,
            "model_checks": server.children_cpu_seconds() - checking,
            "learner": own,
            "clients": mine - own,
        }
        stop.set()
        sync = _sync_seconds(Path(folder))
    acknowledged, acting = (statistics.median(column) for column in zip(*times, strict=True))
    report: dict[str, Any] = {
        "bench": "version",
        "versions": versions,
        "processor_milliseconds": {name: 1e3 * value / versions for name, value in used.items()},
        "milliseconds_to_acknowledged": 1e3 * acknowledged,
        "publish_to_acting_ms": 1e3 * acting,
        "sync_ms": 1e3 * sync,
        "load_average": os.getloadavg()[0],
    }
    report["model_ms_a_version"] = sum(
        value for name, value in report["processor_milliseconds"].items() if "model" in name
    )
    print(json.dumps(report) if as_json else _as_text(report))


def _sync_seconds(folder: Path) -> float:
    """Median time of one small write that survives a power cut, as a commit is at least one."""
    times = []
    with (folder / "sync").open("wb") as file:
        for _ in range(20):
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            sync_file(file.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def _drafts(run: Run, count: int) -> list[Draft]:
    """Different weights each, with what they answer to the first observations of games."""
    parity = first_draft(run, initial_parameters(run.architecture, 0)).parity
    observation = from_tensor(parity.observation, "observation")[:PARITY_ROWS]
    mask = from_tensor(parity.action_mask, "action_mask")[:PARITY_ROWS]
    drafts = []
    first, rng = initial_parameters(run.architecture, 0), np.random.default_rng(0)
    for step in range(count):
        weights = {
            name: value + 0.01 * rng.standard_normal(value.shape, np.float32)
            for name, value in first.items()
        }
        answer = evaluate(run.architecture, weights, observation, mask, None)
        checked = parity_check(observation, mask, answer)
        drafts.append(Draft(weights, checked, step, step, snapshot=False))
    return drafts


def _publish(publisher: Publisher, student: Student, draft: Draft) -> tuple[float, float]:
    """Seconds until the version is acknowledged, and until an actor acts with it."""
    began = time.perf_counter()
    publisher.publish(draft)
    acknowledged = time.perf_counter() - began
    student.wait_newer(publisher.version - 1)
    return acknowledged, time.perf_counter() - began


@contextmanager
def _clients(address: str, count: int) -> Iterator[list[ModelClient]]:
    clients = [ModelClient(address) for _ in range(count)]
    try:
        yield clients
    finally:
        for client in clients:
            client.close()


def _watch(client: ModelClient) -> None:
    try:
        for _ in client.watch():
            pass
    except MazemeshError:
        return  # the measurement is over


class _OwnGames:
    """Tells of the games of mazemesh, as Game would."""

    async def spec(self, request: GetGameSpecRequest, wait: float) -> GetGameSpecResponse:
        from mazemesh.games import Catalogue
        from services.game.wire.convert import game_spec

        return game_spec(request, Catalogue())


@asynccontextmanager
async def _serve(data_dir: Path) -> AsyncIterator[str]:
    from services._harness import Server, serve
    from services.model.bind import bind_with
    from services.model.settings import ModelSettings

    async def bind(settings: ModelSettings, server: Server) -> None:
        await bind_with(settings, server, _OwnGames())

    async with serve(ModelSettings(port=0, data_dir=data_dir), bind) as server:
        yield server.address


def _as_text(report: dict[str, Any]) -> str:
    lines = [
        f"{value:8.1f} ms of processor time: {name}"
        for name, value in report["processor_milliseconds"].items()
    ]
    lines += [
        f"{report[name]:8.1f} ms: {name}"
        for name in ("milliseconds_to_acknowledged", "publish_to_acting_ms", "sync_ms")
    ]
    return "\n".join(lines)
