"""The Model service killed while it works: what it acknowledged stays, nothing else shows."""

import asyncio
import hashlib
import random
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

from mazemesh.client.model import CHUNK_BYTES, ModelClient
from mazemesh.errors import Unavailable
from mazemesh.v1 import model_pb2 as pb
from mazemesh.v1.model_pb2_grpc import ModelServiceStub
from tests.onnx_policies import Network
from tests.servers.processes import ServiceProcess, service_process
from tests.servers.running import eventually


def service(data_dir: Path) -> AbstractAsyncContextManager[ServiceProcess]:
    return service_process(
        *("services.model", "--port", "0", "--data-dir", str(data_dir), "--keep-versions", "3"),
        *("--blobs-grace-hours", "0"),
    )


def files(data_dir: Path, folder: str) -> set[str]:
    return {path.name for path in (data_dir / folder).rglob("*") if path.is_file()}


def check_whole(client: ModelClient, data_dir: Path, name: str) -> list[pb.PolicyVersion]:
    """Numbers without gaps, every ready version with its file, and no other file anywhere."""
    versions = list(client.list(name, include_all_states=True))
    assert [version.version for version in versions] == list(range(len(versions), 0, -1))
    ready = [version for version in versions if version.state == pb.POLICY_STATE_READY]
    for version in ready:
        _, data = client.get(f"{name}:{version.version}")
        assert data is not None
        assert hashlib.sha256(data).hexdigest() == version.sha256
    named = {version.sha256 for version in ready}
    eventually(lambda: files(data_dir, "blobs") == named)
    assert files(data_dir, "uploads") == set()
    return versions


async def test_killed_in_the_middle_of_an_upload(tmp_path: Path) -> None:
    network = Network(observation_size=1000, hidden=800)
    data = network.file()
    header = network.header(sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))
    killed = threading.Event()

    def half() -> Iterator[pb.PublishPolicyRequest]:
        yield pb.PublishPolicyRequest(header=header)
        yield pb.PublishPolicyRequest(chunk=data[:CHUNK_BYTES])
        killed.wait(20)

    async with service(tmp_path) as first:
        with closing(ModelClient(first.address)) as client:
            call = ModelServiceStub(client.channel).PublishPolicy.future(half(), timeout=30)
            await asyncio.to_thread(eventually, lambda: files(tmp_path, "uploads") != set())
            first.send(signal.SIGKILL)
            await first.ended()
            killed.set()
            assert await asyncio.to_thread(call.exception, 10) is not None
    assert len(files(tmp_path, "uploads")) == 1
    async with service(tmp_path) as second:
        with closing(ModelClient(second.address)) as client:
            assert check_whole(client, tmp_path, "race") == []
            assert client.publish(network.header(), data).version == 1


def publish_until_killed(address: str, first: int, acknowledged: list[pb.PolicyVersion]) -> int:
    """Publishes networks of seeds `first`, ... and returns the seed that got no answer."""
    with closing(ModelClient(address)) as client:
        for seed in range(first, first + 10_000):
            network = Network(seed=seed)
            header = network.header(request_id=f"request-{seed}", snapshot=seed % 5 == 0)
            try:
                acknowledged.append(client.publish(header, network.file()))
            except Unavailable:
                return seed
    raise AssertionError("the service was not killed")


def check_acknowledged(
    versions: list[pb.PolicyVersion], acknowledged: list[pb.PolicyVersion]
) -> None:
    by_number = {version.version: version for version in versions}
    for known in acknowledged:
        kept = by_number[known.version]
        assert (kept.sha256, kept.snapshot) == (known.sha256, known.snapshot)
        assert not known.snapshot or kept.state == pb.POLICY_STATE_READY
    # What got no answer is there wholly or not at all; trying it again counts once.
    assert len(versions) - len(acknowledged) in (0, 1)


async def test_killed_at_random_while_publishing(tmp_path: Path) -> None:
    chance = random.Random(1)
    acknowledged: list[pb.PolicyVersion] = []
    seed = 0
    for seconds in (chance.uniform(0.2, 0.8), chance.uniform(0.2, 0.8), None):
        async with service(tmp_path) as process:
            with closing(ModelClient(process.address)) as client:
                check_acknowledged(check_whole(client, tmp_path, "race"), acknowledged)
            if seconds is None:
                break
            enough = len(acknowledged) + 5
            kill = asyncio.create_task(
                kill_after(process, lambda enough=enough: len(acknowledged) >= enough, seconds)
            )
            seed = await asyncio.to_thread(
                publish_until_killed, process.address, seed, acknowledged
            )
            await kill
            await process.ended()
    assert len({version.version for version in acknowledged}) == len(acknowledged) > 10


async def kill_after(process: ServiceProcess, begun: Callable[[], bool], seconds: float) -> None:
    await asyncio.to_thread(eventually, begun, 30)
    await asyncio.sleep(seconds)
    process.send(signal.SIGKILL)


async def test_a_file_without_its_row_is_deleted_when_it_is_old(tmp_path: Path) -> None:
    """The kill came between the two: a row that never was is taken out of the database by hand."""
    network = Network()
    async with service(tmp_path) as process:
        with closing(ModelClient(process.address)) as client:
            client.publish(network.header(), network.file())
    assert len(files(tmp_path, "blobs")) == 1
    with closing(sqlite3.connect(tmp_path / "model.sqlite")) as database:
        for table in ("policy_versions", "policy_aliases", "policy_events"):
            database.execute(f"DELETE FROM {table}")
        database.commit()
    async with service(tmp_path) as process:
        with closing(ModelClient(process.address)) as client:
            assert check_whole(client, tmp_path, "race") == []
