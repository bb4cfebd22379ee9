"""The queue and its keeper, with a launcher that the test moves along."""

from __future__ import annotations

from typing import Any

import pytest

from mazemesh.errors import (
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    ResourceExhausted,
    Unavailable,
)
from services.gateway.jobs.launcher import End, Sighting
from services.gateway.jobs.nouns.budget import NO_BUDGET, Budget, Target, Usage
from services.gateway.jobs.nouns.job import Job, Progress, State
from services.gateway.jobs.nouns.work import Training, Tuning
from services.gateway.jobs.queueing.choosing import Bounds
from services.gateway.jobs.queueing.keeper import MOST_CRASHES, START_SECONDS, Keeper
from services.gateway.jobs.queueing.queue import Queue
from tests.unit.gateway.jobs.memory_jobs import MemoryJobs, ToldLauncher


class World:
    """A queue with its keeper."""

    def __init__(self, **bounds: int) -> None:
        self.now = 100.0
        self.store, self.launcher = MemoryJobs(), ToldLauncher()
        self.told: list[Job] = []
        self._made = 0
        limits = Bounds(**bounds)
        about: tuple[Any, ...] = (self.store, self.launcher, limits, lambda: self.now)
        self.queue = Queue(*about, self._id, self.told.append)
        self.keeper = Keeper(*about, self.told.append)

    def _id(self) -> str:
        self._made += 1
        return f"job-{self._made}"

    async def submit(self, owner: str = "ann", **values: Any) -> Job:
        policy = values.pop("policy", f"p{self._made}")
        return await self.queue.submit(Training("race", "ppo", policy), owner, **values)

    async def seen(self, job: Job, sighting: Sighting) -> Job:
        self.launcher.seen[job.job_id] = sighting
        await self.keeper.look()
        return await self.queue.get(job.job_id)

    async def running(self, **values: Any) -> Job:
        job = await self.submit(**values)
        await self.keeper.look()
        return await self.seen(job, Sighting())


async def test_a_job_waits_runs_and_finishes() -> None:
    world = World()
    job = await world.submit()
    assert (job.state, job.number, job.created) == (State.QUEUED, 1, 100.0)
    await world.keeper.look()
    assert world.launcher.started == [("job-1", 1)]
    assert (await world.queue.get("job-1")).state is State.STARTING
    world.now = 105.0
    assert (await world.seen(job, Sighting())).state is State.RUNNING
    progress, usage = Progress(106.0, agent_steps=64), Usage(seconds=3.0, steps=64)
    going = await world.seen(job, Sighting(progress=progress, usage=usage))
    assert (going.started, going.progress, going.usage) == (105.0, progress, usage)
    world.now = 110.0
    done = await world.seen(job, Sighting(end=End(State.FINISHED, "it has done its work")))
    assert (done.state, done.reason, done.ended) == (State.FINISHED, "it has done its work", 110.0)
    assert done.over
    assert world.launcher.forgotten == ["job-1"]
    assert [one.revision for one in world.told] == sorted({one.revision for one in world.told})


async def test_nothing_new_is_told_while_nothing_changes() -> None:
    world = World()
    job = await world.running()
    count = len(world.told)
    await world.seen(job, Sighting())
    assert len(world.told) == count


async def test_only_as_many_run_as_there_are_places() -> None:
    world = World(running=2, running_per_key=2)
    jobs = [await world.submit() for _ in range(4)]
    await world.keeper.look()
    assert [one for one, _ in world.launcher.started] == ["job-1", "job-2"]
    await world.seen(jobs[0], Sighting(end=End(State.FINISHED, "done")))
    assert [one for one, _ in world.launcher.started] == ["job-1", "job-2", "job-3"]


async def test_a_key_cannot_fill_the_queue() -> None:
    world = World(waiting_per_key=2, waiting=3)
    await world.submit(policy="a")
    again = await world.submit(policy="b", request_id="r")
    with pytest.raises(ResourceExhausted, match="2 jobs of this key") as refused:
        await world.submit(policy="c")
    assert refused.value.reason == "QUEUE_FULL"
    assert (await world.submit(policy="b", request_id="r")).job_id == again.job_id
    await world.submit("ben", policy="d")
    with pytest.raises(ResourceExhausted):
        await world.submit("cat", policy="e")


async def test_two_jobs_do_not_train_one_policy() -> None:
    world = World()
    job = await world.submit(policy="a")
    with pytest.raises(Conflict):
        await world.submit("ben", policy="a")
    await world.queue.stop(job.job_id)
    await world.submit("ben", policy="a")


async def test_one_that_waits_is_cancelled_at_once() -> None:
    world = World()
    job = await world.submit()
    stopped = await world.queue.stop(job.job_id, "key ann")
    assert (stopped.state, stopped.reason) == (State.CANCELLED, "stopped by key ann")
    await world.keeper.look()
    assert world.launcher.started == []
    assert await world.queue.stop(job.job_id) == stopped
    with pytest.raises(NotFound, match="job-9"):
        await world.queue.stop("job-9")


async def test_one_that_runs_ends_in_order() -> None:
    world = World()
    job = await world.running()
    stopping = await world.queue.stop(job.job_id, "ann")
    assert stopping.state is State.STOPPING
    await world.keeper.look()
    assert world.launcher.stopped == ["job-1"]
    usage = Usage(seconds=9.0)
    seen = Sighting(usage=usage, end=End(State.CANCELLED, "its processes were told to stop"))
    ended = await world.seen(job, seen)
    assert (ended.state, ended.reason, ended.usage) == (State.CANCELLED, "stopped by ann", usage)


async def test_one_that_was_stopped_and_went_is_cancelled() -> None:
    world = World()
    job = await world.running()
    await world.queue.stop(job.job_id)
    assert (await world.seen(job, Sighting(there=False))).state is State.CANCELLED


async def test_a_crash_is_a_restart_and_five_are_a_failure() -> None:
    world = World()
    job = await world.running()
    for attempt in range(2, MOST_CRASHES + 1):
        job = await world.seen(job, Sighting(there=False, why="killed"))
        assert (job.state, job.attempt, job.crashes) == (State.STARTING, attempt, attempt - 1)
        job = await world.seen(job, Sighting())
    job = await world.seen(job, Sighting(there=False, why="killed"))
    assert job.state is State.FAILED
    assert "5 times in a row: killed" in job.reason
    assert job.log == ("one", "two")


async def test_progress_forgives_crashes() -> None:
    world = World()
    job = await world.running()
    await world.seen(job, Sighting(there=False))
    job = await world.seen(job, Sighting(progress=Progress(1.0)))
    assert (job.attempt, job.crashes) == (2, 0)


async def test_a_failure_keeps_the_last_lines() -> None:
    world = World()
    job = await world.running()
    lines = tuple(map(str, range(50)))
    job = await world.seen(job, Sighting(end=End(State.FAILED, "width: 1 is wrong", lines)))
    assert (job.state, job.log) == (State.FAILED, lines[-20:])


async def test_a_stopped_mesh_puts_it_back() -> None:
    world = World(running=1)
    job = await world.running()
    seen = Sighting(end=End(State.QUEUED, "its mesh was stopped"))
    world.launcher.seen[job.job_id] = seen
    await world.keeper.look()
    again = await world.queue.get(job.job_id)
    assert (again.state, again.attempt, again.started) == (State.STARTING, 2, job.started)
    assert world.launcher.started == [("job-1", 1), ("job-1", 2)]


async def test_a_start_that_is_refused_is_a_failure_and_one_that_is_late_waits() -> None:
    world = World()
    job = await world.submit()
    world.launcher.refusal = Unavailable("the cluster is away")
    await world.keeper.look()
    waiting = await world.queue.get(job.job_id)
    assert (waiting.state, waiting.attempt) == (State.QUEUED, 0)
    assert "the cluster is away" in waiting.reason
    world.launcher.refusal = InvalidArgument("image: none")
    await world.keeper.look()
    failed = await world.queue.get(job.job_id)
    assert (failed.state, failed.reason) == (State.FAILED, "it cannot be started: image: none")


async def test_a_start_that_somebody_died_over_is_taken_over() -> None:
    world = World()
    job = await world.submit()
    started = job.changed(state=State.STARTING, attempt=1, place="here", claimed=100.0)
    assert await world.store.replace(started)
    waits = await world.seen(job, Sighting(there=False))
    assert waits.attempt == 1
    world.now += START_SECONDS
    assert (await world.seen(job, Sighting(there=False))).attempt == 2


async def test_jobs_of_another_place_are_left_alone() -> None:
    world = World()
    job = await world.submit()
    elsewhere = job.changed(state=State.RUNNING, attempt=1, place="there")
    assert await world.store.replace(elsewhere)
    assert await world.seen(job, Sighting(there=False)) == elsewhere


async def test_what_makes_no_sense_is_refused() -> None:
    world = World()
    with pytest.raises(InvalidArgument, match=r"priority: 10 should be 0\.\.9"):
        await world.submit(priority=10)
    with pytest.raises(InvalidArgument, match="policy"):
        await world.submit(policy="No Name")
    with pytest.raises(FailedPrecondition, match="--jobs-dollars-an-hour"):
        await world.submit(budget=Budget(dollars=1.0))
    search = Tuning("solo", "ppo", "study", {"epochs": "1..4"})
    with pytest.raises(InvalidArgument, match="bounded by its trials"):
        await world.queue.submit(search, target=Target(episodes=1))
    assert (await world.queue.submit(search)).budget == NO_BUDGET


async def test_a_page_is_newest_first() -> None:
    world = World()
    for owner in ("ann", "ben", "ann"):
        await world.submit(owner)
    assert [job.number for job in await world.queue.page(0, 2)] == [3, 2]
    assert [job.number for job in await world.queue.page(2, 9)] == [1]
    assert [job.number for job in await world.queue.page(0, 9, "ben")] == [2]
    assert await world.queue.page(0, 9, None, {State.RUNNING}) == []


async def test_a_log_is_the_launchers_or_what_was_kept() -> None:
    world = World()
    job = await world.running()
    assert await world.queue.log(job.job_id, 1) == ("two",)
    ended = await world.seen(job, Sighting(end=End(State.FAILED, "x", ("a", "b"))))
    world.launcher.lines = ()
    assert await world.queue.log(ended.job_id, 1) == ("b",)
