"""What every `JobStore` of the gateway keeps; an adapter's tests inherit the suite."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mazemesh.errors import Conflict, ResourceExhausted
from services._harness.sql.database import Database
from services._harness.sql.migrations import schema_differences
from services.gateway.jobs.nouns.budget import Budget, Target, Usage
from services.gateway.jobs.nouns.job import Job, Progress, State
from services.gateway.jobs.nouns.work import Training, Tuning
from services.gateway.jobs.queueing.choosing import Bounds, chosen
from services.gateway.jobs.store import JobStore
from services.gateway.jobs.stores.sql_jobs import SqlJobs
from services.gateway.jobs.stores.tables import metadata
from tests.unit.gateway.jobs.memory_jobs import MemoryJobs

ROOMY = Bounds(waiting=100, waiting_per_key=100)


def job(job_id: str, owner: str = "ann", **values: Any) -> Job:
    return Job(job_id, owner, Training("race", "ppo", job_id), created=1.5, **values)


def whole(job_id: str) -> Job:
    """A job with a value in every field."""
    work = Training(
        "race", "dqn", job_id, 3, 64, 7, {"learning_rate": 1e-3}, {"hidden": (64, 32), "width": 5}
    )
    return Job(
        job_id,
        "ann",
        work,
        Target(100, 20),
        Budget(300, 1.5, 2.25),
        priority=7,
        request_id="again",
        title="日本",
        reason="waits",
        created=1000.25,
    )


class JobStoreContract:
    """Needs a fixture `store`, empty."""

    async def test_a_job_is_kept_whole(self, store: JobStore) -> None:
        assert await store.get("a") is None
        taken = await store.add(whole("a"), ROOMY)
        assert taken.number > 0
        assert await store.get("a") == taken
        progress = Progress(2.5, 64, 3, 2, 9, 0.5, None, {"policy": -0.1}, {"entropy": 0.9})
        ended = taken.changed(
            state=State.FAILED,
            reason="x",
            log=("one", "two"),
            started=1.0,
            ended=2.0,
            attempt=2,
            crashes=1,
            place="here",
            claimed=0.5,
            progress=progress,
            usage=Usage(1.0, 2.0, 3, 4, 5, 6.0, 7),
        )
        assert await store.replace(ended)
        assert await store.get("a") == ended

    async def test_a_search_is_kept_whole(self, store: JobStore) -> None:
        work = Tuning("solo", "ppo", "s", {"epochs": "1..4"}, ("success",), "success=0.5", 3)
        taken = await store.add(Job("a", "", work), ROOMY)
        assert await store.get("a") == taken

    async def test_the_same_request_is_the_same_job(self, store: JobStore) -> None:
        first = await store.add(job("a", request_id="r"), ROOMY)
        assert await store.add(job("b", request_id="r"), ROOMY) == first
        other = await store.add(job("c", "ben", request_id="r"), ROOMY)
        assert other.job_id == "c"
        assert (await store.add(job("d"), ROOMY)).job_id == "d"
        assert (await store.add(job("e"), ROOMY)).job_id == "e"

    async def test_bounds_hold_however_many_ask_at_once(self, store: JobStore) -> None:
        bounds = Bounds(waiting=5, waiting_per_key=3)
        asked = [store.add(job(f"{owner}{n}", owner), bounds) for owner in "ab" for n in range(5)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        refused = [one for one in answers if isinstance(one, ResourceExhausted)]
        assert len(refused) == 5
        assert all(one.reason == "QUEUE_FULL" for one in refused)

    async def test_a_policy_has_one_job(self, store: JobStore) -> None:
        first = await store.add(job("a"), ROOMY)
        same = Job("b", "ben", Training("solo", "dqn", "a"))
        with pytest.raises(Conflict, match="a"):
            await store.add(same, ROOMY)
        assert await store.replace(first.changed(state=State.CANCELLED, ended=2.0))
        assert (await store.add(same, ROOMY)).job_id == "b"

    async def test_of_two_who_change_it_one_does(self, store: JobStore) -> None:
        taken = await store.add(job("a"), ROOMY)
        news = [taken.changed(reason=f"{number}") for number in range(3)]
        wrote = await asyncio.gather(*(store.replace(new) for new in news))
        assert sorted(wrote) == [False, False, True]
        assert await store.get("a") == news[wrote.index(True)]

    async def test_a_place_is_given_once(self, store: JobStore) -> None:
        for number in range(4):
            await store.add(job(f"j{number}"), ROOMY)

        def choose(waiting: Any, live: Any) -> list[Job]:
            found = chosen(waiting, live, Bounds(running=3, running_per_key=3))
            return [one.changed(state=State.STARTING, attempt=1) for one in found]

        claims = await asyncio.gather(*(store.claim(choose) for _ in range(3)))
        assert sorted(one.job_id for claim in claims for one in claim) == ["j0", "j1", "j2"]
        states = {one.job_id: one.state for one in await store.open()}
        assert states["j3"] is State.QUEUED

    async def test_pages_are_newest_first(self, store: JobStore) -> None:
        for number in range(5):
            await store.add(job(f"j{number}", "ann" if number % 2 else "ben"), ROOMY)
        first = await store.page(0, 2, None, ())
        assert [one.job_id for one in first] == ["j4", "j3"]
        rest = await store.page(first[-1].number, 9, None, ())
        assert [one.job_id for one in rest] == ["j2", "j1", "j0"]
        assert [one.job_id for one in await store.page(0, 9, "ann", ())] == ["j3", "j1"]
        assert await store.page(0, 9, "ann", {State.RUNNING, State.FAILED}) == []
        some = await store.some(["j1", "nobody", "j2"])
        assert {one.job_id for one in some} == {"j1", "j2"}

    async def test_old_ends_are_forgotten(self, store: JobStore) -> None:
        for number in range(5):
            taken = await store.add(job(f"j{number}"), ROOMY)
            if number:
                ended = taken.changed(state=State.FINISHED, ended=float(number))
                assert await store.replace(ended)
        assert sorted(await store.forget(3.5, keep=1)) == ["j1", "j2", "j3"]
        assert [one.job_id for one in await store.page(0, 9, None, ())] == ["j4", "j0"]


class TestMemoryJobs(JobStoreContract):
    @pytest.fixture
    def store(self) -> MemoryJobs:
        return MemoryJobs()


class TestSqlJobs(JobStoreContract):
    @pytest.fixture
    async def store(self, database_url: str) -> AsyncIterator[SqlJobs]:
        database = Database(database_url)
        await database.migrate("services.gateway")
        yield SqlJobs(database)
        await database.close()

    async def test_the_migrations_make_the_tables(self, database_url: str) -> None:
        database = Database(database_url)
        await database.migrate("services.gateway")
        assert schema_differences(database.engine, "services.gateway", metadata) == []
        await database.close()
