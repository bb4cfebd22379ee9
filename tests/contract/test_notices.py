"""Notices: within a process, and between instances on a real PostgreSQL server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from services._harness.notices import POLL_SECONDS, LocalNotices, Notices
from services._harness.sql.database import Database
from services._harness.stores.postgresql_notices import PostgresqlNotices
from tests.postgresql import PostgresqlServer, postgresql


@asynccontextmanager
async def running(notices: Notices) -> AsyncIterator[Notices]:
    task = asyncio.create_task(notices.run())
    try:
        yield notices
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class NoticesContract:
    """`sender` and `receiver` belong to two instances where the adapter knows several."""

    async def test_a_listener_is_told_of_its_topic(
        self, sender: Notices, receiver: Notices
    ) -> None:
        look, other = receiver.listen("policies"), receiver.listen("standings")
        waiting = asyncio.create_task(other.wait())
        sender.publish("policies")
        async with asyncio.timeout(10):
            while not await look.wait():
                pass
        waiting.cancel()
        assert sender is not receiver or not waiting.done()

    async def test_a_notice_before_the_wait_is_not_lost_and_many_are_one(
        self, sender: Notices, receiver: Notices
    ) -> None:
        look = receiver.listen("policies")
        for _ in range(100):
            sender.publish("policies")
        async with asyncio.timeout(10):
            while not await look.wait():
                pass

    async def test_each_listener_is_told(self, sender: Notices, receiver: Notices) -> None:
        looks = [receiver.listen("policies") for _ in range(3)]
        sender.publish("policies")

        async def noticed(index: int) -> None:
            while not await looks[index].wait():
                pass

        async with asyncio.timeout(10):
            await asyncio.gather(*map(noticed, range(3)))

    async def test_who_is_forgotten_is_not_told(self, sender: Notices, receiver: Notices) -> None:
        gone, there = receiver.listen("policies"), receiver.listen("policies")
        receiver.forget(gone)
        sender.publish("policies")
        async with asyncio.timeout(10):
            while not await there.wait():
                pass
        receiver.forget(there)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await gone.wait()


class TestLocalNotices(NoticesContract):
    @pytest.fixture
    def sender(self) -> Notices:
        return LocalNotices()

    @pytest.fixture
    def receiver(self, sender: Notices) -> Notices:
        return sender


NewNotices = Callable[[PostgresqlServer], AsyncIterator[PostgresqlNotices]]


@asynccontextmanager
async def postgresql_notices(url: str) -> AsyncIterator[PostgresqlNotices]:
    database = Database(url)
    notices = PostgresqlNotices(database)
    async with running(notices):
        await asyncio.wait_for(notices.listening.wait(), 10)
        yield notices
    await database.close()


class TestPostgresqlNotices(NoticesContract):
    @pytest.fixture
    async def sender(self, postgresql_server: str) -> AsyncIterator[Notices]:
        async with postgresql_notices(postgresql_server) as notices:
            yield notices

    @pytest.fixture
    async def receiver(self, postgresql_server: str) -> AsyncIterator[Notices]:
        async with postgresql_notices(postgresql_server) as notices:
            yield notices

    async def test_without_a_notice_one_looks_all_the_same(self, receiver: Notices) -> None:
        look = receiver.listen("quiet")
        async with asyncio.timeout(20 * POLL_SECONDS):
            assert not await look.wait()

    async def test_the_publisher_is_told_without_the_server(self, sender: Notices) -> None:
        look = sender.listen("policies")
        sender.publish("policies")
        async with asyncio.timeout(0.5):
            assert await look.wait()


@pytest.fixture
def server() -> Iterator[PostgresqlServer]:
    with postgresql() as server:
        yield server


async def test_after_a_restart_of_the_server_notices_come_again(server: PostgresqlServer) -> None:
    async with AsyncExitStack() as life:
        sender = await life.enter_async_context(postgresql_notices(server.url))
        receiver = await life.enter_async_context(postgresql_notices(server.url))
        await asyncio.to_thread(server.stop, "fast")
        sender.publish("policies")  # is lost, as nobody can carry it
        await asyncio.to_thread(server.start)
        for notices in (sender, receiver):
            await asyncio.wait_for(notices.listening.wait(), 20)
        look = receiver.listen("policies")
        sender.publish("policies")
        async with asyncio.timeout(10):
            while not await look.wait():
                pass
