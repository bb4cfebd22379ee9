"""Loads on a Replay table and on the bare echo server, with the same sizes and the same callers."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

import grpc
import numpy as np

from bench.pinned import PinnedServer
from bench.replay.servers import ECHO_IN, ECHO_OUT, OPTIONS
from mazemesh.client.replay import tables
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.wire.tensors import Signature

Step = Callable[[], int]
"""One call; returns how many items it moved."""

IN_FLIGHT = 2
"""Requests that a reader has ahead."""


@dataclass
class Load:
    """What the callers of one load did."""

    seconds: float
    items: int
    latencies: list[float] = field(repr=False)
    server_cpu: float
    client_cpu: float
    bytes_per_item: float = 0.0


def drive(server: PinnedServer, steps: list[Step], seconds: float) -> Load:
    """Each step in a thread of its own, again and again; what comes after warming up counts."""
    warm = time.perf_counter() + min(0.5, seconds / 4)
    start = end = 0.0

    def loop(step: Step) -> tuple[int, list[float]]:
        items, latencies = 0, []
        while (begun := time.perf_counter()) < end:
            moved = step()
            if begun >= start:
                items += moved
                latencies.append(time.perf_counter() - begun)
        return items, latencies

    start, end = warm, warm + seconds
    with ThreadPoolExecutor(len(steps)) as pool:
        jobs = [pool.submit(loop, step) for step in steps]
        time.sleep(max(0.0, start - time.perf_counter()))  # the callers are warming up
        cpu, own_cpu = server.cpu_seconds(), time.process_time()
        results = [job.result() for job in jobs]
        cpu, own_cpu = server.cpu_seconds() - cpu, time.process_time() - own_cpu
    return Load(
        seconds=time.perf_counter() - start,
        items=sum(items for items, _ in results),
        latencies=sorted(latency for _, part in results for latency in part),
        server_cpu=cpu,
        client_cpu=own_cpu,
    )


@dataclass(frozen=True)
class Shape:
    """Rows of one size in batches of one size."""

    row_bytes: int
    batch: int
    capacity: int

    @property
    def signature(self) -> Signature:
        """A transition: two observations, action, return, discount."""
        observation = (self.row_bytes - 24) // 2
        return Signature.of(
            observation=("uint8", (observation,)),
            next_observation=("uint8", (observation,)),
            action=("int64", ()),
            reward=("float64", ()),
            discount=("float64", ()),
        )

    def rows(self) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(1)
        return {
            column.name: rng.integers(0, 3, (self.batch, *column.shape)).astype(column.dtype)
            for column in self.signature.columns
        }


@dataclass(frozen=True)
class Cell:
    """One load on one kind of table."""

    shape: Shape
    operation: str
    writers: int
    readers: int


def replay_load(server: PinnedServer, cell: Cell, seconds: float) -> Load:
    """A load on a prioritized table that is full."""
    shape = cell.shape
    with ExitStack() as stack:
        client = ReplayClient(server.address)
        stack.callback(client.close)
        table, signature, rows = "bench", shape.signature, shape.rows()
        definition = tables.prioritized(
            table, signature, shape.capacity, min_size=1, samples_per_insert=1.0, error_buffer=1e18
        )
        client.create_table(definition)
        priorities = np.random.default_rng(2).uniform(0.1, 2.0, shape.batch)
        writers = [
            stack.enter_context(client.writer(table, signature))
            for _ in range(max(1, cell.writers))
        ]
        # The first batches bring compiled code and buffers, which are not the rows'.
        for _ in range(8):
            writers[0].append(rows, priorities)
        before = server.rss_bytes()
        for _ in range(-(-shape.capacity // shape.batch)):
            writers[0].append(rows, priorities)
        used = server.rss_bytes() - before
        samplers = [
            stack.enter_context(client.sampler(table, signature, shape.batch, IN_FLIGHT))
            for _ in range(cell.readers)
        ]

        def insert(number: int) -> Step:
            return lambda: len(writers[number].append(rows, priorities).keys) // 8

        def sample(number: int) -> Step:
            def step() -> int:
                batch = next(samplers[number])
                if cell.writers:
                    samplers[number].update_priorities(batch.keys, priorities)
                return len(batch)

            return step

        steps = [insert(number) for number in range(cell.writers)]
        steps += [sample(number) for number in range(cell.readers)]
        load = drive(server, steps, seconds)
        load.bytes_per_item = used / shape.capacity
        return load


def echo_load(server: PinnedServer, cell: Cell, seconds: float) -> Load:
    """The same bytes without a service behind."""
    with grpc.insecure_channel(server.address, options=OPTIONS) as channel:
        size = cell.shape.row_bytes * cell.shape.batch
        data, wanted = bytes(size), str(size).encode()
        take, give = channel.unary_unary(ECHO_IN), channel.unary_unary(ECHO_OUT)

        def insert() -> int:
            take(data, timeout=30)
            return cell.shape.batch

        def sample() -> Step:
            in_flight = [give.future(wanted) for _ in range(IN_FLIGHT)]

            def step() -> int:
                in_flight.pop(0).result()
                in_flight.append(give.future(wanted))
                return cell.shape.batch

            return step

        steps = [insert] * cell.writers + [sample() for _ in range(cell.readers)]
        return drive(server, steps, seconds)
