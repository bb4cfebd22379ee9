"""Two Model processes on one PostgreSQL database and one folder of files."""

from __future__ import annotations

import asyncio
import hashlib
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from mazemesh.client.model import ModelClient
from mazemesh.errors import Conflict, MazemeshError, Unavailable
from mazemesh.policy.file.weights import Graph
from mazemesh.v1 import model_pb2 as pb
from tests.onnx_policies import Network
from tests.postgresql import PostgresqlServer, postgresql
from tests.servers.model_policies import current_revision, publish
from tests.servers.processes import ServiceProcess, service_process
from tests.servers.running import eventually


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    with postgresql() as server:
        yield server


@dataclass
class Instances:
    """Two processes and a client of each."""

    processes: list[ServiceProcess]
    clients: list[ModelClient]


@asynccontextmanager
async def two(url: str, folder: Path) -> AsyncIterator[Instances]:
    async with AsyncExitStack() as life:
        arguments = ("--port", "0", "--data-dir", str(folder), "--database-url", url)
        processes = await asyncio.gather(
            *(
                life.enter_async_context(service_process("services.model", *arguments))
                for _ in range(2)
            )
        )
        clients = [
            life.enter_context(closing(ModelClient(process.address))) for process in processes
        ]
        yield Instances(processes, clients)


class Watching:
    """Follows an instance in a thread."""

    def __init__(self, client: ModelClient, since_revision: int) -> None:
        self.events: list[pb.WatchPoliciesResponse] = []
        self._stream = client.watch(since_revision=since_revision)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for event in self._stream:
                self.events.append(event)
        except MazemeshError:
            return

    @property
    def revisions(self) -> list[int]:
        return [event.revision for event in self.events if not event.heartbeat]


async def test_what_one_instance_changes_the_other_tells_in_order_and_one_of_two_wins(
    server: PostgresqlServer, tmp_path: Path
) -> None:
    async with two(server.new_schema(), tmp_path) as instances:
        await asyncio.to_thread(_one_of_two_wins, *instances.clients)


def _one_of_two_wins(first: ModelClient, second: ModelClient) -> None:
    watches = [Watching(client, 1) for client in (first, second)]
    with ThreadPoolExecutor(8) as threads:
        # The same request at both is one version, and so is its answer.
        same = [threads.submit(publish, one, request_id="once") for one in (first, second)]
        assert [each.result().version for each in same] == [1, 1]
        # Different ones have different numbers, without gaps.
        made = [
            threads.submit(publish, client, seed=seed)
            for seed, client in enumerate((first, second) * 3, start=1)
        ]
        assert sorted(each.result().version for each in made) == [2, 3, 4, 5, 6, 7]

        # Of two compare-and-swaps one wins.
        def swap(client: ModelClient, version: int) -> bool:
            try:
                client.set_alias("race", "champion", version, 0)
            except Conflict:
                return False
            return True

        won = [threads.submit(swap, client, 1 + n) for n, client in enumerate((first, second))]
        assert sorted(each.result() for each in won) == [False, True]

        # Of two learners one holds the name.
        def hold(client: ModelClient, owner: str) -> bool:
            try:
                client.hold_name(pb.HoldNameRequest(name="held", owner=owner))
            except Conflict:
                return False
            return True

        held = [threads.submit(hold, client, str(client)) for client in (first, second)]
        assert sorted(each.result() for each in held) == [False, True]
    # Weights of a graph that the other instance took; either one tells them and the file.
    graph, files = Graph.of(Network().file()), [Network(seed=seed).file() for seed in (20, 21)]
    assert graph is not None
    first.publish(Network(seed=20).header("weighed"), files[0], graph)
    second._known["weighed"] = first._known["weighed"]
    made_there = second.publish(Network(seed=21).header("weighed"), files[1], graph)
    assert (
        "with other weights before"
        in second.publish(Network(seed=20).header("weighed"), files[0], graph).checked
    )
    for client in (first, second):
        for known in (None, graph):
            assert client.get("weighed:2", graph=known) == (
                client.describe("weighed:2"),
                files[1],
            )
    assert made_there.graph_sha256 == graph.sha256
    for client in (first, second):
        for version in client.list("race"):
            _, data = client.get(f"race:{version.version}")
            assert hashlib.sha256(data or b"").hexdigest() == version.sha256
    # Both tell the same changes, each once, in the order of the revisions.
    last = current_revision(first)
    for watching in watches:
        eventually(lambda watching=watching: watching.revisions[-1:] == [last])
        assert watching.revisions == list(range(2, last + 1))
    # A watch goes on at the other instance from where it was.
    resumed = Watching(second, last - 1)
    eventually(lambda: resumed.revisions == [last])


async def test_ready_has_its_file_when_an_instance_is_killed_while_it_publishes(
    server: PostgresqlServer, tmp_path: Path
) -> None:
    async with two(server.new_schema(), tmp_path) as instances:
        killed, other = instances.clients
        published = asyncio.Event()
        loop = asyncio.get_running_loop()
        acknowledged: list[pb.PolicyVersion] = []

        def publish_until_killed() -> None:
            for seed in range(1000):
                try:
                    acknowledged.append(publish(killed, seed=seed, request_id=f"seed-{seed}"))
                except Unavailable:
                    # What nobody knows of is told by the other instance, or done there.
                    acknowledged.append(publish(other, seed=seed, request_id=f"seed-{seed}"))
                    return
                if len(acknowledged) == 3:
                    loop.call_soon_threadsafe(published.set)

        publishing = asyncio.create_task(asyncio.to_thread(publish_until_killed))
        await asyncio.wait_for(published.wait(), 30)
        instances.processes[0].send(signal.SIGKILL)
        await asyncio.wait_for(publishing, 60)
        await asyncio.to_thread(_all_whole, other, acknowledged)


def _all_whole(client: ModelClient, acknowledged: list[pb.PolicyVersion]) -> None:
    versions = {version.version: version for version in client.list("race")}
    assert sorted(versions) == list(range(1, len(versions) + 1))
    for version in acknowledged:
        assert versions[version.version].sha256 == version.sha256
    for number, version in versions.items():
        _, data = client.get(f"race:{number}")
        assert hashlib.sha256(data or b"").hexdigest() == version.sha256
    assert publish(client, seed=2000).version == len(versions) + 1
    assert Network(seed=2000).file() == client.get("race:latest")[1]


async def test_what_one_instance_moves_the_other_infers_by(
    server: PostgresqlServer, tmp_path: Path
) -> None:
    observation = {"observation": np.zeros((1, Network().observation_size), np.uint8)}
    async with two(server.new_schema(), tmp_path) as instances:
        one, other = instances.clients

        def asked(client: ModelClient) -> int:
            return client.infer("race", observation, deadline=60.0).version

        def move() -> None:
            publish(one, seed=0)
            publish(one, seed=1)
            eventually(lambda: (asked(one), asked(other)) == (2, 2), 60.0)
            alias = other.alias("race", "latest")
            assert alias is not None
            other.set_alias("race", "latest", 1, alias.alias.revision)
            eventually(lambda: (asked(one), asked(other)) == (1, 1), 60.0)

        await asyncio.to_thread(move)
