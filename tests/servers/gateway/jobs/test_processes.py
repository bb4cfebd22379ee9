"""Jobs as processes of this machine: they outlive the gateway, and are found again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from services.gateway.jobs.attempts.plan import Plan
from services.gateway.jobs.job_runner.main import LOCK
from services.gateway.jobs.launchers import processes
from services.gateway.jobs.launchers.processes import PLACE, ProcessLauncher
from services.gateway.jobs.nouns.budget import Budget, Target
from services.gateway.jobs.nouns.job import Job, State
from services.gateway.jobs.nouns.work import Training
from tests.servers.gateway.jobs.launching import Launching
from tests.servers.gateway.jobs.plans import practice_plan


def plan(job: Job, price: float) -> Plan:
    """Practice processes in the place of the real ones."""
    settings = job.work.settings
    flags = [f"--policy={job.work.policy}"]
    if "frames" in settings:  # stands for what a learner refuses
        flags.append("--refuse")
    made = practice_plan(*flags, attempt=job.attempt, target=job.target, budget=job.budget)
    [learner] = made.processes
    of = f"learner/{job.work.policy}"
    processes = (replace(learner, finished=f"{of}/finished"),)
    journal = f"{of}/metrics.jsonl"
    return replace(
        made, job_id=job.job_id, processes=processes, journal=journal, dollars_an_hour=price
    )


class World:
    """A folder, and launchers on it as one gateway after the other has them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "jobs"
        self._told = {**os.environ, "MAZEMESH_DATA_DIR": str(folder / "mesh")}

    def launcher(self, host: str = "here") -> ProcessLauncher:
        return ProcessLauncher(self.folder, self._told, host, 3600.0, plan=plan)

    def pids(self) -> list[int]:
        return [int(lock.read_text() or 0) for lock in self.folder.glob(f"*/{LOCK}")]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    for pid in filter(_runs, made.pids()):
        os.kill(pid, signal.SIGKILL)


def _runs(pid: int) -> bool:
    """Whether it is a runner that has not ended."""
    try:
        return "jobs.job_runner" in " ".join(psutil.Process(pid).cmdline())
    except psutil.NoSuchProcess:  # or a zombie
        return False


async def test_several_run_at_once_and_finish(world: World) -> None:
    launcher = world.launcher()
    jobs = Launching(launcher)
    work = [{"policy": "one"}, {"policy": "two"}]
    made = [await jobs.queue.submit(_training(one["policy"]), target=Target(300)) for one in work]
    both = [await jobs.until(job, lambda now: now.state is State.RUNNING) for job in made]
    assert {job.place for job in both} == {f"here:{world.folder}"}
    for job in made:
        done = await jobs.until(job, lambda now: now.over)
        assert (done.state, done.usage.steps) == (State.FINISHED, 300)
        assert done.usage.cpu_seconds > 0
        assert done.usage.dollars > 0
    assert any("begins at 0" in line for line in await launcher.log(made[0], 20))
    await launcher.discard([job.job_id for job in made])
    assert [one.name for one in world.folder.iterdir()] == [PLACE]


async def test_a_job_outlives_the_gateway_and_is_found_again(world: World) -> None:
    jobs = Launching(world.launcher())
    job = await jobs.submit()
    before = await jobs.until(job, lambda now: now.progress)
    # Another gateway: it knows what the store has, and nothing of processes.
    later = jobs.again(world.launcher("elsewhere"))  # a laptop in another network
    after = await later.until(job, lambda now: now.usage.steps > before.usage.steps)
    assert (after.state, after.attempt) == (State.RUNNING, 1)
    assert len(world.pids()) == 1
    await later.queue.stop(job.job_id, "ann")
    ended = await later.until(job, lambda now: now.over)
    assert (ended.state, ended.reason) == (State.CANCELLED, "stopped by ann")
    assert (world.folder.parent / "mesh/learner/practice/saved").exists()


async def test_one_that_ended_meanwhile_is_told(world: World) -> None:
    launcher = world.launcher()
    jobs = Launching(launcher)
    job = await jobs.submit(budget=Budget(steps=50))
    await jobs.until(job, lambda now: now.state is State.STARTING)
    runner = launcher._runners[job.job_id]
    assert runner.wait(60) == 0  # nobody looks
    done = await jobs.again(world.launcher()).until(job, lambda now: now.over)
    assert done.state is State.BUDGET
    assert "budget of 50 steps" in done.reason


async def test_a_killed_keeper_is_started_again_from_the_checkpoint(world: World) -> None:
    launcher = world.launcher()
    jobs = Launching(launcher)
    job = await jobs.submit()
    before = await jobs.until(job, lambda now: now.usage.steps > 50)
    os.kill(world.pids()[0], signal.SIGKILL)
    again = await jobs.until(job, lambda now: now.attempt == 2)
    assert again.crashes == 1
    after = await jobs.until(job, lambda now: now.usage.steps > before.usage.steps + 50)
    assert after.crashes == 0
    begun = [line for line in await launcher.log(job, 20) if line.startswith("begins at")]
    assert len(begun) == 2
    assert not begun[1].startswith("begins at 0 "), begun


async def test_a_number_of_before_stops_no_stranger(world: World) -> None:
    launcher = world.launcher()
    jobs = Launching(launcher)
    job = await jobs.submit()
    await jobs.until(job, lambda now: now.state is State.RUNNING)
    [runner] = world.pids()
    lock = world.folder / job.job_id / LOCK
    lock.write_text(str(os.getpid()))  # as a system that was started anew gives numbers again
    await world.launcher().stop(job)
    lock.write_text(str(runner))
    await launcher.stop(job)
    ended = await jobs.until(job, lambda now: now.over)
    assert ended.state is State.CANCELLED


async def test_one_that_tells_its_end_and_stays_is_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_GOING_SECONDS", 0.1)
    launcher = world.launcher()
    jobs = Launching(launcher)
    job = await jobs.submit()
    await jobs.until(job, lambda now: now.state is State.RUNNING)
    runner = launcher._runners[job.job_id]
    await launcher.forget(job)
    assert runner.returncode == -signal.SIGKILL


async def test_what_is_refused_has_failed_with_its_reason(world: World) -> None:
    jobs = Launching(world.launcher())
    job = await jobs.submit(work={"settings": {"frames": 2}})
    failed = await jobs.until(job, lambda now: now.over)
    assert failed.state is State.FAILED
    assert failed.reason == "learner ended with status 2: cannot start: width = 1 is wrong"
    assert "width = 1" in failed.log[-1]


def _training(policy: str) -> Training:
    return Training("race", "ppo", policy)
