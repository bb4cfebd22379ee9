"""Writers and samplers of a Replay service over real sockets."""

import asyncio
import signal
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc
import numpy as np
import pytest

from mazemesh.client.replay.experience_writer import ExperienceWriter
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.errors import AlreadyExists, NotFound, ResourceExhausted, Unavailable
from services._harness import Server, serve
from services.replay.hosting.tables import Tables
from services.replay.journal.file_journal import FileJournal
from services.replay.journal.segment_log import Durability
from services.replay.servicer import ReplayServicer
from services.replay.settings import ReplaySettings
from services.replay.wire.handlers import SERVICE, add_replay_servicer
from tests.replay_files import VolatileFiles
from tests.servers.processes import service_process
from tests.servers.replay_rows import PRIORITIZED, QUEUE, SIGNATURE, rows, waiting, wire
from tests.servers.running import eventually


async def test_a_queue_serves_every_row_exactly_once_to_many(client, server):
    per_writer, writers, readers = 600, 3, 3
    total = per_writer * writers
    served: list[list[int]] = [[] for _ in range(readers)]

    def write(number: int) -> None:
        own = ReplayClient(server.address)
        with own.writer("queue", SIGNATURE) as writer:
            first = number * per_writer
            for start in range(first, first + per_writer, 20):
                writer.append(rows(range(start, start + 20)))
        own.close()

    def read(number: int) -> None:
        own = ReplayClient(server.address)
        for _ in range(total // readers // 25):
            batch = own.sample("queue", 25, signature=SIGNATURE)
            served[number] += batch.columns["index"].tolist()
        own.close()

    await asyncio.to_thread(client.create_table, QUEUE)
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(writers + readers) as pool:
        jobs = [loop.run_in_executor(pool, write, number) for number in range(writers)]
        jobs += [loop.run_in_executor(pool, read, number) for number in range(readers)]
        await asyncio.gather(*jobs)
    assert sorted(index for part in served for index in part) == list(range(total))
    for part in served:
        for number in range(writers):
            own = [index for index in part if index // per_writer == number]
            assert own == sorted(own)
    [info] = await asyncio.to_thread(client.list_tables)
    assert (info.size, info.inserts, info.samples, info.deletes) == (0, total, total, total)


def threads():
    """Those that are not the server's, which runs in this process too."""
    servers = ("replay-log", "asyncio", "database")
    return {each for each in threading.enumerate() if not each.name.startswith(servers)}


async def test_the_sampler_reads_ahead_carries_priorities_and_leaves_nothing_behind(client):
    def calls():
        client.create_table(PRIORITIZED)
        with client.writer("prioritized", SIGNATURE) as writer:
            for start in range(0, 100, 20):
                writer.append(rows(range(start, start + 20)))
            assert writer.sequence == 5
        before = threads()
        sampler = client.sampler("prioritized", SIGNATURE, 32, in_flight=3)
        batch = next(sampler)
        sampler.update_priorities(batch.keys[:4], np.full(4, 2.0))
        sampler.update_priorities(batch.keys[4:], np.full(28, 3.0))
        seen = [next(sampler) for _ in range(6)]
        assert sum(each.updated for each in seen) == 32
        # Of all requests at most three are ahead of what was taken.
        assert client.list_tables()[0].samples <= (7 + 3) * 32
        sampler.close()
        assert list(sampler) == []
        return threads() - before

    left = await asyncio.to_thread(calls)
    # gRPC's own thread of the channel ends by itself once no call is out.
    for thread in left:
        await asyncio.to_thread(thread.join, 10)
        assert not thread.is_alive()


async def test_errors_surface_in_the_sampler_and_closing_ends_it(client):
    def calls():
        missing = client.sampler("missing", SIGNATURE, 8)
        with pytest.raises(NotFound, match="'missing' does not exist"):
            next(missing)
        missing.close()
        client.create_table(QUEUE)
        empty = client.sampler("queue", SIGNATURE, 8)
        assert empty.receive(timeout=0.05) is None
        threading.Timer(0.1, empty.close).start()
        assert list(empty) == []

    await asyncio.to_thread(calls)
    await waiting(client)


async def test_closing_a_writer_ends_an_append_that_waits(client):
    await asyncio.to_thread(client.create_table, QUEUE)
    writer = client.writer("queue", SIGNATURE)
    await asyncio.to_thread(writer.append, rows(range(100)))
    blocked = asyncio.create_task(asyncio.to_thread(writer.append, rows([100])))
    await waiting(client, inserts=1)
    writer.close()
    with pytest.raises(Unavailable, match="was closed"):
        await blocked
    assert writer.sequence == 1
    assert writer.blocked_seconds > 0
    assert (await waiting(client)).size == 100


async def test_a_killed_service_is_replaced_and_the_writer_goes_on(tmp_path):
    async def start(port: int):
        arguments = ("--port", str(port), "--data-dir", str(tmp_path))
        return service_process("services.replay", *arguments)

    async with await start(0) as first:
        port = int(first.address.rsplit(":", 1)[1])
        client = ReplayClient(first.address)
        await asyncio.to_thread(client.create_table, QUEUE)
        writer = client.writer("queue", SIGNATURE, give_up=60.0)
        await asyncio.to_thread(writer.append, rows([0, 1]))
        first.send(signal.SIGKILL)
        await first.process.wait()
        # Begins while nobody listens.
        append = asyncio.create_task(asyncio.to_thread(writer.append, rows([2, 3])))
        async with await start(port):
            assert not (await append).duplicate
            assert not await asyncio.to_thread(client.create_table, QUEUE)
            await asyncio.to_thread(writer.append, rows([4]))
            batch = await asyncio.to_thread(client.sample, "queue", 5, signature=SIGNATURE)
            assert batch.columns["index"].tolist() == [0, 1, 2, 3, 4]
        client.close()


class LosingCalls:
    """Calls of Replay whose answers are lost while `losing`, after the service gave them."""

    def __init__(self, client: ReplayClient) -> None:
        self.address = client.address
        self.losing = False
        self.record = self
        self._record = client._experience.record

    def future(self, request: bytes, timeout: float) -> Future:
        answer: Future = Future()
        try:
            answer.set_result(self._record(request, timeout=timeout))
        except grpc.RpcError as error:
            answer.set_exception(error)
        if self.losing:
            answer = Future()
            answer.set_exception(LostError())
        return answer

    def __call__(self, request: bytes, timeout: float):
        return self.future(request, timeout).result()


class LostError(grpc.RpcError):
    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str:
        return "lost"

    def trailing_metadata(self) -> tuple[()]:
        return ()


async def test_rows_that_follow_a_batch_whose_answer_was_lost_are_not_lost(client):
    def calls():
        client.create_table(QUEUE)
        lossy = LosingCalls(client)
        writer = ExperienceWriter(lossy, "queue", SIGNATURE, give_up=0.0)
        writer.append(rows([0]))
        lossy.losing = True
        with pytest.raises(Unavailable, match="lost"):
            writer.append(rows([1]))
        lossy.losing = False
        # Others, as it was given up; the service took the first for the same sequence.
        writer.append(rows([2, 3]))
        assert writer.sequence == 3
        batch = client.sample("queue", 4, signature=SIGNATURE)
        assert batch.columns["index"].tolist() == [0, 1, 2, 3]
        lossy.losing = True
        with pytest.raises(Unavailable, match="lost"):
            writer.append(rows([4]))
        lossy.losing = False
        # The same rows again are there once.
        assert writer.append(rows([4])).duplicate
        assert client.list_tables()[0].size == 1
        stranger = ExperienceWriter(lossy, "queue", SIGNATURE)
        stranger.writer_id, stranger.sequence = writer.writer_id, 3
        with pytest.raises(AlreadyExists, match="sequence is 4, under which writer"):
            stranger.append(rows([5]))

    await asyncio.to_thread(calls)


async def test_a_sample_waits_without_end(client):
    await asyncio.to_thread(client.create_table, QUEUE)
    sample = asyncio.create_task(
        asyncio.to_thread(client.sample, "queue", 1, signature=SIGNATURE, timeout=float("inf"))
    )
    await waiting(client, samples=1)
    with client.sampler("queue", SIGNATURE, 1, in_flight=1) as sampler:
        await waiting(client, samples=2)
        both = asyncio.create_task(asyncio.to_thread(sampler.receive, float("inf")))
        await asyncio.to_thread(client.record, "queue", "w", 1, wire([1, 2]), deadline=float("inf"))
        assert (await sample).columns["index"].tolist() == [1]
        assert (await both).columns["index"].tolist() == [2]


async def test_a_writer_waits_for_room_on_a_full_disk(tmp_path):
    files = VolatileFiles()
    async with serve_on(files) as client:
        await asyncio.to_thread(client.create_table, QUEUE)
        writer = client.writer("queue", SIGNATURE, give_up=30.0)
        await asyncio.to_thread(writer.append, rows([0]))
        files.full = True
        append = asyncio.create_task(asyncio.to_thread(writer.append, rows([1])))
        with pytest.raises(ResourceExhausted, match="No space left"):
            await asyncio.to_thread(client.record, "queue", "other", 1, wire([9]))
        batch = await asyncio.to_thread(client.sample, "queue", 1, signature=SIGNATURE)
        assert batch.columns["index"].tolist() == [0]
        await asyncio.to_thread(eventually, lambda: "No space left" in writer.trouble)
        files.full = False
        await append
        assert (writer.sequence, writer.trouble) == (2, "")


@asynccontextmanager
async def serve_on(files: VolatileFiles):
    """A client of the service whose log is on these files."""
    journal = FileJournal(Path("/data"), files, Durability.INTERVAL)
    tables_ = Tables(journal, np.random.default_rng(1), memory_limit=2**30, max_writers=10)

    async def compose(settings: ReplaySettings, server: Server) -> None:
        server.add_servicer(SERVICE, add_replay_servicer, ReplayServicer(tables_))

    with TemporaryDirectory() as folder:
        async with serve(ReplaySettings(port=0, data_dir=Path(folder)), compose) as server:
            client = ReplayClient(server.address)
            yield client
            client.close()
    await journal.close()
