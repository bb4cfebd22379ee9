"""How aliases move, over a database in memory."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mazemesh.errors import Conflict, NotFound
from services._harness.sql.database import Database
from services.model.registry import aliases, registry
from services.model.registry.policy import Alias, AliasMove, Event, Submission, Told
from services.model.stores.sql.registry import SqlRegistry

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WHY = Told("it is better", "ann", "key-1", "gate-1")


@pytest.fixture
async def store() -> AsyncIterator[SqlRegistry]:
    database = Database("sqlite://")
    await database.migrate("services.model")
    store = SqlRegistry(database, keep_events=1000)
    for number in range(3):
        one = Submission(name="race", sha256=f"{number:064x}", size_bytes=1, metadata={})
        await store.transact(
            lambda tx, one=one: registry.publish(tx, one, "", now=NOW, keep=100)  # type: ignore[misc]
        )
    yield store
    await database.close()


async def move(store: SqlRegistry, number: int, expected: int, **more: Any) -> Alias:
    asked = {"now": NOW, "told": Told(), "previous": "previous", **more}
    return await store.transact(
        lambda tx: aliases.set_alias(tx, "race", "champion", number, expected, **asked)
    )


async def history(store: SqlRegistry, alias: str = "champion") -> list[AliasMove]:
    return await store.transact(lambda tx: tx.moves.page("race", alias, 0, 100))


async def test_a_move_is_kept_with_who_when_and_why(store: SqlRegistry) -> None:
    first = await move(store, 1, 0)
    later = NOW + timedelta(hours=1)
    second = await move(store, 2, first.revision, now=later, told=WHY)
    assert await history(store) == [
        AliasMove(second, 1, later, WHY),
        AliasMove(first, 0, NOW, Told()),
    ]
    assert await store.transact(lambda tx: aliases.get_alias(tx, "race", "champion")) == (
        second,
        AliasMove(second, 1, later, WHY),
    )


async def test_the_previous_one_is_kept_in_the_same_step(store: SqlRegistry) -> None:
    first = await move(store, 1, 0)
    with pytest.raises(NotFound, match="race:previous does not exist"):
        await store.transact(lambda tx: aliases.get_alias(tx, "race", "previous"))
    second = await move(store, 2, first.revision, told=WHY)
    kept, last = await store.transact(lambda tx: aliases.get_alias(tx, "race", "previous"))
    assert kept == Alias("race", "previous", 1, second.revision - 1)
    assert last == AliasMove(kept, 0, NOW, WHY)
    changes = await store.transact(lambda tx: registry.changes(tx, first.revision, "race", 9))
    assert changes.events == [Event(kept.revision, kept), Event(second.revision, second)]
    # Where it stood already is nothing to come back to.
    again = await move(store, 2, second.revision)
    kept, _ = await store.transact(lambda tx: aliases.get_alias(tx, "race", "previous"))
    assert (kept.number, again.number) == (1, 2)


async def test_a_move_that_lost_leaves_nothing(store: SqlRegistry) -> None:
    first = await move(store, 1, 0)
    with pytest.raises(Conflict, match="version 1 at revision"):
        await move(store, 2, first.revision + 1)
    assert [one.alias for one in await history(store)] == [first]
    assert await history(store, "previous") == []


async def test_pages_of_moves_are_newest_first(store: SqlRegistry) -> None:
    revision = 0
    for number in (1, 2, 3, 1):
        revision = (await move(store, number, revision)).revision
    first = await store.transact(lambda tx: tx.moves.page("race", "champion", 0, 2))
    rest = await store.transact(
        lambda tx: tx.moves.page("race", "champion", first[-1].alias.revision, 9)
    )
    assert [(one.from_number, one.alias.number) for one in (*first, *rest)] == [
        (3, 1),
        (2, 3),
        (1, 2),
        (0, 1),
    ]
    every = await history(store, "")
    assert {one.alias.alias for one in every} == {"champion", "previous"}
    assert [one.alias.revision for one in every] == sorted(
        (one.alias.revision for one in every), reverse=True
    )


async def test_what_moves_by_itself_is_no_move(store: SqlRegistry) -> None:
    alias, last = await store.transact(lambda tx: aliases.get_alias(tx, "race", "latest"))
    assert (alias.number, last) == (3, None)
