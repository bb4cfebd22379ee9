"""Experiments at running Model services: who is served by what, and what that costs."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import grpc.aio
import numpy as np
import scipy.stats

from bench.cluster.standins import postgres
from bench.experiments.simulation import Cell, experiment, required
from bench.inference.workload import Workload
from bench.matchmaker.services import Service, service
from mazemesh.client.channel import open_aio_channel
from mazemesh.client.model import ModelClient
from mazemesh.client.policies.experiments import Experiments
from mazemesh.errors import Unavailable
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1 import tensor_pb2
from mazemesh.v1.model_pb2_grpc import ModelServiceStub
from mazemesh.wire.tensors import to_tensor
from services.model.experiments.calls.assignment import arm_of

DEADLINE = 60.0
CALLERS = 16
NO_RULES = pb.ExperimentRules(significance=0.05)


class Instances:
    """Two Model processes on one PostgreSQL, or one on SQLite where that is not installed."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._arguments = ("--database-url", url) if url else ()
        self.count = 2 if url else 1
        self._life = ExitStack()
        self.services: list[Service] = []

    def start(self) -> None:
        """Starts all of them."""
        self.services = [
            self._life.enter_context(service("model", self._folder, self._arguments))
            for _ in range(self.count)
        ]

    def stop(self) -> None:
        """Stops them."""
        self._life.close()

    @contextmanager
    def client(self, which: int = 0) -> Iterator[ModelClient]:
        """A client of one."""
        client = ModelClient(self.services[which].address)
        try:
            yield client
        finally:
            client.close()


@contextmanager
def instances(folder: Path) -> Iterator[Instances]:
    """Running ones, with three versions of `race`, the first of which is the champion."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(postgres()).url
        except Unavailable:
            url = ""
        found = Instances(folder, url)
        stack.callback(found.stop)
        found.start()
        with found.client() as client:
            for seed in range(3):
                publish(client, seed)
            client.set_alias("race", "champion", 1, 0)
        yield found


def publish(client: ModelClient, seed: int) -> None:
    """A version of its own weights."""
    from learner.network.architecture import Architecture, initial_parameters
    from learner.network.export.onnx_policy import to_onnx

    workload = Workload()
    sizes = workload.observation_size, workload.num_actions
    architecture = Architecture("actor-critic", *sizes, workload.hidden)
    file = to_onnx(architecture, initial_parameters(architecture, seed))
    rng = np.random.default_rng(seed)
    observation = rng.integers(0, 256, (8, sizes[0]), dtype=np.uint8)
    mask = np.ones((8, sizes[1]), np.uint8)
    logits, value, _ = OnnxPolicy("parity:1", file).infer(observation, mask)
    parity = pb.ParityCheck(
        observation=to_tensor(observation),
        action_mask=to_tensor(mask),
        logits=to_tensor(logits),
        value=to_tensor(value),
    )
    client.publish(pb.PublishPolicyHeader(name="race", snapshot=True, parity=parity), file)


def request(session: str) -> pb.InferRequest:
    """One row of a session."""
    data = bytes(Workload().observation_size)
    column = tensor_pb2.NamedColumn(name="observation", dtype=tensor_pb2.DATA_TYPE_UINT8, data=data)
    return pb.InferRequest(policy="race:champion", rows=1, columns=[column], session=session)


async def served(address: str, sessions: Sequence[str]) -> dict[str, int]:
    """The version of each session, by callers at once."""
    channel = open_aio_channel(address)
    stub: Any = ModelServiceStub(channel)
    found: dict[str, int] = {}
    left = iter(sessions)

    async def call() -> None:
        for session in left:
            found[session] = (await stub.Infer(request(session), timeout=DEADLINE)).version

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    await channel.close()
    return found


def split(found: Instances, sessions: int) -> dict[str, Any]:
    """A 10/90 split, at all instances and after a restart."""
    names = [f"game-{number}" for number in range(sessions)]
    some = names[: min(2000, sessions)]
    with found.client() as client:
        Experiments(client).ab(
            "race:champion", ["race:2"], weight=9.0, experiment_id="split", rules=NO_RULES
        )
    first = asyncio.run(served(found.services[0].address, names))
    again = [asyncio.run(_settled(one.address, some, first)) for one in found.services]
    found.stop()
    found.start()
    restarted = [asyncio.run(_settled(one.address, some, first)) for one in found.services]
    with found.client() as client:
        client.stop_experiment("split")
    canary = Counter(first.values())[2]
    low, high = scipy.stats.binom.interval(0.99, sessions, 0.1)
    return {
        "split_sessions": sessions,
        "split_canary": canary,
        "split_within_interval": bool(low <= canary <= high),
        "sticky": all(again) and all(restarted),
        "instances": found.count,
    }


async def _settled(address: str, sessions: Sequence[str], expected: dict[str, int]) -> bool:
    """Whether an instance serves as expected, once it has heard of the experiment."""
    until = time.monotonic() + DEADLINE
    while await served(address, sessions[:200]) != {one: expected[one] for one in sessions[:200]}:
        if time.monotonic() > until:
            return False
    return await served(address, sessions) == {one: expected[one] for one in sessions}


def reweighted(found: Instances, changes: int) -> dict[str, Any]:
    """Changes of weights while callers ask; each call that fails is counted."""
    with found.client() as client:
        mesh = Experiments(client)
        mesh.ab("race:champion", ["race:2", "race:3"], experiment_id="hot", rules=NO_RULES)
        calls, failed, seconds = asyncio.run(_under_load(found.services[0].address, mesh, changes))
        mesh.stop("hot")
    return {
        "weight_changes": changes,
        "failed_calls": failed,
        "calls_under_changes": calls,
        "changes_per_second": changes / seconds,
    }


async def _under_load(address: str, mesh: Experiments, changes: int) -> tuple[int, int, float]:
    channel = open_aio_channel(address)
    stub: Any = ModelServiceStub(channel)
    over, calls, failed = asyncio.Event(), 0, 0

    async def call() -> None:
        nonlocal calls, failed
        while not over.is_set():
            calls += 1
            try:
                await stub.Infer(request(""), timeout=DEADLINE)
            except grpc.aio.AioRpcError:
                failed += 1

    callers = [asyncio.create_task(call()) for _ in range(CALLERS)]
    began = time.monotonic()
    for change in range(changes):
        weights = [1.0, float(change % 3), float(change % 2)]
        await asyncio.to_thread(mesh.weights, "hot", weights)
    seconds = time.monotonic() - began
    over.set()
    await asyncio.gather(*callers)
    await channel.close()
    return calls, failed, seconds


def shadowed(found: Instances, rounds: int, seconds: float) -> dict[str, Any]:
    """What a shadow of all calls costs callers: with it and without it in turn."""
    with found.client() as client:
        mesh = Experiments(client)
        plain: list[list[float]] = []
        shown: list[list[float]] = []
        answered: Counter[int] = Counter()
        figures: list[pb.ExperimentArmFigures] = []
        for number in range(2 * rounds):
            if number % 2:
                one = mesh.shadow("race:champion", "race:2", experiment_id=_id())
            took, versions = asyncio.run(_timed(found.services[0].address, seconds))
            answered += versions
            (shown if number % 2 else plain).append(took)
            if number % 2:
                figures.append(mesh.stop(one.experiment_id).figures[1])
    noise = _ratio(plain[::2], plain[1::2], 50)
    return {
        "shadow_p50_ratio": _ratio(shown, plain, 50),
        "shadow_p99_ratio": _ratio(shown, plain, 99),
        # The same between calls without a shadow.
        "noise_p50_ratio": max(noise, 1.0 / noise),
        "shadow_answers": answered[2],
        "shadow_calls": sum(one.calls for one in figures),
        "shadow_dropped": sum(one.dropped for one in figures),
        "plain_p50_ms": 1e3 * float(np.median(np.concatenate(plain))),
    }


async def _timed(address: str, seconds: float) -> tuple[list[float], Counter[int]]:
    channel = open_aio_channel(address)
    stub: Any = ModelServiceStub(channel)
    await stub.Infer(request(""), timeout=DEADLINE)
    took: list[float] = []
    versions: Counter[int] = Counter()
    ends = time.perf_counter() + seconds

    async def call() -> None:
        while (began := time.perf_counter()) < ends:
            answer = await stub.Infer(request(""), timeout=DEADLINE)
            took.append(time.perf_counter() - began)
            versions[answer.version] += 1

    await asyncio.gather(*(call() for _ in range(4)))
    await channel.close()
    return took, versions


def _ratio(first: Sequence[list[float]], second: Sequence[list[float]], percent: float) -> float:
    """Of the medians, over rounds, of a percentile."""
    one, other = (
        float(np.median([np.percentile(took, percent) for took in each]))
        for each in (first, second)
    )
    return one / other


def canaries(found: Instances, cell: Cell, runs: int) -> dict[str, Any]:
    """Canaries at the service itself, by RecordOutcomes of 500 sessions at a time."""
    rng = np.random.default_rng(0)
    worse = [_canary(found, cell, cell.loss, rng) for _ in range(runs)]
    equal = [_canary(found, cell, 0.0, rng) for _ in range(runs)]
    return {
        "served_runs": runs,
        "served_worse_rolled_back": sum(worse),
        "served_equal_rolled_back": sum(equal),
    }


def _canary(found: Instances, cell: Cell, loss: float, rng: np.random.Generator) -> bool:
    """Whether it was rolled back within its bound."""
    one = experiment(cell, _id())
    name, bound = one.experiment_id, required(one, cell.base)
    rules = pb.ExperimentRules(max_score_loss=0.0, least_effect=cell.loss)
    with found.client() as client:
        mesh = Experiments(client)
        mesh.canary(
            "race:champion",
            "race:2",
            steps=[cell.share],
            step_seconds=86_400.0,
            experiment_id=name,
            rules=rules,
        )
        for first in range(0, bound, 500):
            sessions = [f"s{number}" for number in range(first, min(first + 500, bound))]
            means = (cell.base, cell.base - loss)
            scores = {
                session: float(rng.random() < means[arm_of(name, session, one.weights)])
                for session in sessions
            }
            mesh.record(name, scores)
        # All outcomes are in: what is due is done within a second.
        until = time.monotonic() + 3.0
        state = mesh.get(name).state
        while state == pb.EXPERIMENT_STATE_RUNNING and time.monotonic() < until:
            state = mesh.get(name).state
        mesh.stop(name)
    return state == pb.EXPERIMENT_STATE_ROLLED_BACK


def _id() -> str:
    return f"bench-{uuid.uuid4().hex[:12]}"
