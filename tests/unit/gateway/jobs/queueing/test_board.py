"""Who follows a job is told of it."""

from __future__ import annotations

import asyncio

import pytest

from mazemesh.errors import NotFound
from services.gateway.jobs.nouns.job import Job, State
from services.gateway.jobs.nouns.work import Training
from services.gateway.jobs.queueing.board import Board
from services.gateway.jobs.queueing.choosing import Bounds
from tests.unit.gateway.jobs.memory_jobs import MemoryJobs


async def board() -> tuple[Board, MemoryJobs, Job, asyncio.Event]:
    store, looked = MemoryJobs(), asyncio.Event()

    async def look() -> None:
        await looked.wait()
        looked.clear()

    job = await store.add(Job("a", "", Training("race", "ppo", "p")), Bounds())
    return Board(store, look), store, job, looked


async def test_each_change_is_told_to_the_end() -> None:
    told, _, job, _ = await board()
    news = told.follow("a")
    assert await anext(news) == job
    running = job.changed(state=State.RUNNING)
    told.tell(running)
    assert await anext(news) == running
    told.tell(job)  # it is old
    ended = running.changed(state=State.FINISHED)
    told.tell(ended)
    assert await anext(news) == ended
    assert [job async for job in news] == []
    assert told.followers == 0


async def test_of_many_changes_the_latest() -> None:
    told, _, job, _ = await board()
    news = told.follow("a")
    await anext(news)
    for number in range(5):
        job = job.changed(reason=f"{number}")
        told.tell(job)
    assert (await anext(news)).reason == "4"
    await news.aclose()
    assert told.followers == 0


async def test_what_another_gateway_changes_is_looked_up() -> None:
    told, store, job, looked = await board()
    news = told.follow("a")
    await anext(news)
    running = asyncio.create_task(told.run())
    assert await store.replace(job.changed(reason="by another"))
    looked.set()
    async with asyncio.timeout(60):
        assert (await anext(news)).reason == "by another"
    running.cancel()
    await news.aclose()


async def test_there_is_none() -> None:
    told, _, _, _ = await board()
    with pytest.raises(NotFound, match="'x'"):
        await anext(told.follow("x"))
    assert told.followers == 0
