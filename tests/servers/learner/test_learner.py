"""The learner as a process, with the real Replay and Model services."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import torch

from learner.loop.run import Run
from learner.record import checkpoint
from learner.settings import LearnerSettings
from mazemesh.client.model import ModelClient
from mazemesh.client.replay.replay import ReplayClient
from mazemesh.errors import MazemeshError
from mazemesh.v1.model_pb2 import PolicyVersion
from tests.servers.processes import ServiceProcess, service_process
from tests.unit.learner.fakes import TINY, random_batch

SMALL = {"unroll_length": 4, "unrolls_per_batch": 16, "minibatch_size": 32}
PATIENCE = 150.0


@dataclass
class Services:
    """Where they are, and clients for them."""

    replay_address: str
    model_address: str
    data_dir: Path

    @asynccontextmanager
    async def learner(self, *more: str) -> AsyncIterator[ServiceProcess]:
        """The process; killed at the end if it still runs."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "learner", *self.flags, *more),
            stderr=asyncio.subprocess.PIPE,
            env=dict(os.environ),
            limit=1 << 20,
        )
        try:
            yield ServiceProcess(process)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    @property
    def flags(self) -> list[str]:
        """Of a learner on small mazes."""
        return [
            *("--game", "solo", "--data-dir", str(self.data_dir), "--tracking", "none"),
            *("--replay-address", self.replay_address, "--model-address", self.model_address),
            *("--publish-seconds", "0.05", "--log-format", "json"),
            *("--hyperparameters", ",".join(f"{name}={value}" for name, value in SMALL.items())),
            *(part for name, value in TINY.items() for part in (f"--{name}", str(value))),
        ]

    @contextmanager
    def actor(self, run: Run) -> Iterator[None]:
        """Writes unrolls all the time, in a thread."""
        stop = threading.Event()
        client = ReplayClient(self.replay_address)

        def write() -> None:
            with client.writer(run.policy, run.signature, give_up=0.5) as writer:
                seed = 0
                while not stop.is_set():
                    seed += 1
                    batch = random_batch(run.signature, 8, seed)
                    try:
                        writer.append(batch.columns, policy_versions=batch.policy_versions)
                    except MazemeshError:
                        stop.wait(0.05)  # the table is not there yet, or full

        thread = threading.Thread(target=write)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            client.close()

    async def version(self, number: int) -> PolicyVersion:
        """Version `number` of solo, as soon as it is there."""
        client = ModelClient(self.model_address)
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    try:
                        return await asyncio.to_thread(client.describe, f"solo:{number}")
                    except MazemeshError:
                        await asyncio.sleep(0.05)
        finally:
            client.close()


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    async with AsyncExitStack() as stack:
        flags = ("--port", "0", "--data-dir", str(tmp_path))
        replay = await stack.enter_async_context(service_process("services.replay", *flags))
        game = await stack.enter_async_context(service_process("services.game", *flags))
        asking = (*flags, "--game-address", game.address)
        model = await stack.enter_async_context(service_process("services.model", *asking))
        yield Services(replay.address, model.address, tmp_path)


def small_run() -> Run:
    return Run.of(LearnerSettings(game="solo", hyperparameters=SMALL, **TINY))


async def test_publishes_first_without_experience_and_stops_cleanly(services: Services) -> None:
    async with services.learner() as learner:
        first = await services.version(1)
        assert first.snapshot
        assert first.collection == small_run().collection
        assert first.spec_hash
        learner.send(signal.SIGTERM)
        assert await asyncio.wait_for(learner.ended(), PATIENCE) == 0


async def test_trains_stops_and_goes_on(services: Services) -> None:
    run = small_run()
    with services.actor(run):
        async with services.learner() as learner:
            trained = await services.version(4)
            assert trained.training_step > 0
            assert trained.parent_version == 3
            learner.send(signal.SIGTERM)
            assert await asyncio.wait_for(learner.ended(), PATIENCE) == 0
        client = ModelClient(services.model_address)
        last = client.describe("solo:latest")
        client.close()
        async with services.learner() as learner:
            assert (await learner.log_line("resuming"))["agent_steps"] > 0
            after = await services.version(last.version + 1)
            assert after.training_step > last.training_step
            assert after.run_id == last.run_id


async def test_survives_being_killed(services: Services) -> None:
    with services.actor(small_run()):
        async with services.learner() as learner:
            await services.version(2)
            learner.send(signal.SIGKILL)
            await learner.ended()
        async with services.learner():
            client = ModelClient(services.model_address)
            before = client.describe("solo:latest").version
            client.close()
            assert (await services.version(before + 2)).training_step > 0


async def test_two_ranks_train_one_policy(services: Services) -> None:
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    run = small_run()
    with services.actor(run):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *torchrun, "-m", "learner", *services.flags, "--steps", "2560"),
            stderr=asyncio.subprocess.PIPE,
        )
        _, output = await asyncio.wait_for(process.communicate(), PATIENCE)
        assert process.returncode == 0, output.decode()
    client = ModelClient(services.model_address)
    last = client.describe("solo:latest")
    client.close()
    # Both ranks' batches count, and every gradient step was of both.
    batch = run.batch_rows * run.steps_per_row
    steps_per_batch = 3 * batch / SMALL["minibatch_size"]
    assert int(last.metadata["agent_steps"]) >= 2560
    agent_steps = int(last.metadata["agent_steps"])
    assert last.training_step == agent_steps / (2 * batch) * steps_per_batch


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_killed_rank_starts_the_group_again_from_its_checkpoint(
    services: Services,
) -> None:
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--max-restarts", "3")
    flags = (*services.flags, "--checkpoint-seconds", "0.2")
    folder, output = services.data_dir / "learner" / "solo", services.data_dir / "torchrun.log"
    with services.actor(small_run()), output.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *torchrun, "--nproc-per-node", "2", "-m", "learner", *flags),
            stderr=log,
        )
        try:
            await asyncio.to_thread(changed_since, folder, newest(folder))
            learned = agent_steps(newest(folder))
            rank_process(process.pid, 1).kill()
            # torchrun stops the other and starts both again.
            assert await asyncio.to_thread(resumed_at, output) >= learned > 0
            await asyncio.to_thread(changed_since, folder, newest(folder))
        finally:
            group = psutil.Process(process.pid)
            group.suspend()  # or it would start again what is killed first
            for one in [*group.children(recursive=True), group]:
                one.kill()
            await process.wait()


def rank_process(torchrun: int, rank: int) -> psutil.Process:
    children = psutil.Process(torchrun).children()
    return next(one for one in children if one.environ().get("RANK") == str(rank))


def resumed_at(log: Path) -> int:
    """Agent steps of the checkpoint that the `resuming` line tells of, as soon as it is there."""
    # On a slow machine the group may need more than one start.
    deadline = time.monotonic() + 2 * PATIENCE
    while True:
        for line in log.read_text().splitlines():
            if '"resuming"' in line and line.endswith("}"):
                return int(json.loads(line)["agent_steps"])
        assert time.monotonic() < deadline, log.read_text()[-4000:]
        time.sleep(0.05)


async def test_killed_it_loses_no_more_than_since_its_last_checkpoint(services: Services) -> None:
    """Killed three times at moments that nobody chose."""
    interval, chance = 0.3, random.Random(5)
    flags = ("--checkpoint-seconds", str(interval))
    folder = services.data_dir / "learner" / "solo"
    with services.actor(small_run()):
        before = 0
        for _ in range(3):
            async with services.learner(*flags) as learner:
                if before:
                    resumed = (await learner.log_line("resuming"))["agent_steps"]
                    assert resumed >= before
                await asyncio.to_thread(changed_since, folder, newest(folder))
                await asyncio.sleep(chance.uniform(0.0, 3 * interval))
                learner.send(signal.SIGKILL)
                await learner.ended()
            # What is on disk is whole, and at most an interval (and the writing of it) old.
            before = agent_steps(newest(folder))
            assert before > 0
            assert time.time() - newest(folder).stat().st_mtime < interval + PATIENCE


def newest(folder: Path) -> Path:
    return max(checkpoint.find(folder), default=folder / "checkpoint-0.pt")


def agent_steps(path: Path) -> int:
    return int(torch.load(path, weights_only=True)["agent_steps"])


def changed_since(folder: Path, path: Path) -> None:
    """Waits for a newer checkpoint."""
    deadline = time.monotonic() + PATIENCE
    while newest(folder) == path:
        assert time.monotonic() < deadline, f"no checkpoint after {path}"
        time.sleep(0.02)


async def test_a_wrong_setting_ends_it_with_a_message(services: Services) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "learner", "--threads", "0"), stderr=asyncio.subprocess.PIPE
    )
    _, output = await process.communicate()
    assert process.returncode == 2
    assert b"threads = '0' is wrong" in output
