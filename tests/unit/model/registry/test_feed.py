"""Changes are read once, whoever watches, and none is missed, doubled or out of order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from mazemesh.errors import OutOfRange
from services._harness.notices import Look
from services.model.registry import feed as feeds
from services.model.registry.feed import Feed
from services.model.registry.policy import Alias, Event
from services.model.registry.registry import Changes


@dataclass
class Registry:
    """Aliases that moved; counts how often it is read."""

    events: list[Event] = field(default_factory=list)
    forgotten: int = 0
    reads: int = 0
    told: int = 0

    def move(self, name: str = "race") -> None:
        revision = len(self.events) + 2
        self.events.append(Event(revision, Alias(name, "latest", revision, revision)))

    async def present(self) -> int:
        return len(self.events) + 1

    async def read(self, since: int, limit: int) -> Changes:
        self.reads += 1
        if since < self.forgotten:
            raise OutOfRange("forgotten")
        later = [event for event in self.events if event.revision > since][:limit]
        return Changes(later, later[-1].revision if later else await self.present())

    def changed(self) -> None:
        self.told += 1

    def feed(self) -> Feed:
        return Feed(self.present, self.read, self.changed)


async def started(registry: Registry) -> Feed:
    feed = registry.feed()
    await turn(feed)
    registry.reads = 0
    return feed


async def turn(feed: Feed) -> None:
    """One look."""
    task = asyncio.create_task(feed.run(Look(None)))
    for _ in range(10):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def revisions(changes: Changes | None) -> list[int]:
    assert changes is not None
    return [event.revision for event in changes.events]


async def test_a_thousand_watchers_cost_one_read_a_change() -> None:
    registry = Registry()
    feed = await started(registry)
    seen = [1] * 1000
    for change in range(5):
        registry.move()
        await feed.refresh()
        for watcher, revision in enumerate(seen):
            news = feed.after(revision, "")
            assert news is not None
            assert revisions(news) == [change + 2]
            seen[watcher] = news.through
    assert registry.reads == 5
    assert registry.told == 5


async def test_a_watch_of_one_name_hears_only_of_that_and_comes_as_far() -> None:
    registry = Registry()
    feed = await started(registry)
    for name in ("race", "other", "race", "other"):
        registry.move(name)
    await feed.refresh()
    assert revisions(feed.after(1, "race")) == [2, 4]
    news = feed.after(4, "race")
    assert news is not None
    assert (revisions(news), news.through) == ([], 5)


async def test_what_was_before_the_feed_has_to_be_read_from_the_store() -> None:
    registry = Registry()
    registry.move()
    feed = registry.feed()
    assert feed.after(2, "") is None
    await turn(feed)
    assert feed.after(1, "") is None
    assert revisions(feed.after(2, "")) == []


async def test_a_watch_that_is_ahead_has_nothing_to_hear_and_stays_where_it_is() -> None:
    registry = Registry()
    feed = await started(registry)
    registry.move()
    news = feed.after(2, "")
    assert news is not None
    assert (revisions(news), news.through) == ([], 2)
    await feed.refresh()
    assert revisions(feed.after(2, "")) == []


async def test_many_changes_at_once_come_all_and_the_memory_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feeds, "KEPT", 100)
    registry = Registry()
    feed = await started(registry)
    for _ in range(1000):
        registry.move()
    await feed.refresh()
    assert feed.after(1, "") is None
    first = next(revision for revision in range(1, 1001) if feed.after(revision, "") is not None)
    assert revisions(feed.after(first, "")) == list(range(first + 1, 1002))
    assert 100 <= 1001 - first <= 200 + 256


async def test_further_behind_than_the_store_remembers_it_begins_anew() -> None:
    registry = Registry()
    feed = await started(registry)
    for _ in range(9):
        registry.move()
    registry.forgotten = 5
    await feed.refresh()
    assert feed.after(1, "") is None
    assert revisions(feed.after(10, "")) == []
    assert registry.told == 1


async def test_what_was_just_committed_is_told_without_a_look_unless_something_came_between() -> (
    None
):
    registry = Registry()
    feed = await started(registry)
    registry.move()
    assert feed.tell(registry.events[-1:])
    assert (registry.reads, registry.told) == (0, 1)
    registry.move("other")  # by another instance
    registry.move()
    assert not feed.tell(registry.events[-1:])
    assert revisions(feed.after(1, "")) == [2]
    await turn(feed)
    assert revisions(feed.after(1, "")) == [2, 3, 4]
    assert not feed.tell(registry.events[-1:])  # it is known already
    assert not feed.tell(())


async def test_what_is_told_while_the_store_is_read_is_not_doubled() -> None:
    registry = Registry()
    feed = await started(registry)
    registry.move()
    reading, go_on = asyncio.Event(), asyncio.Event()

    async def slow(since: int, limit: int) -> Changes:
        news = await registry.read(since, limit)
        reading.set()
        await go_on.wait()
        return news

    feed._read = slow
    looking = asyncio.create_task(feed.refresh())
    await reading.wait()
    assert feed.tell(registry.events[-1:])
    registry.move()
    assert feed.tell(registry.events[-1:])
    go_on.set()
    await looking
    assert revisions(feed.after(1, "")) == [2, 3]
