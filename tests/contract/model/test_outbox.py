"""What the registry keeps beside versions: variants, references, and the outbox of a mirror."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services._harness.sql.database import Database
from services.model.registry.policy import Alias, AliasMove, Event, State, Variant, Version
from services.model.store import Transaction
from services.model.stores.sql.registry import SqlRegistry

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def version(number: int, *, snapshot: bool = True, variants: tuple[Variant, ...] = ()) -> Version:
    return Version(
        name="race",
        number=number,
        sha256=f"{number:064x}",
        size_bytes=100,
        metadata={},
        snapshot=snapshot,
        variants=variants,
        state=State.READY,
        created=NOW,
        revision=number,
    )


def changed(tx: Transaction, *versions: Version) -> None:
    tx.lock()
    for one in versions:
        tx.versions.add(one)
        tx.events.append([Event(one.revision, one)])


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.migrate("services.model")
    yield database
    await database.close()


async def test_the_outbox_keeps_what_changed_until_it_was_told(database: Database) -> None:
    store = SqlRegistry(database, 100, "kept")
    first, passing, last = version(1), version(2, snapshot=False), version(4)
    champion = Event(3, Alias("race", "champion", 2, 3))
    latest = Event(5, Alias("race", "latest", 4, 5))

    def write(tx: Transaction) -> None:
        changed(tx, first, passing)
        tx.aliases.put(Alias("race", "champion", 2, 3))
        tx.events.append([champion, latest])
        changed(tx, last)

    await store.transact(write)
    entries = await store.transact(lambda tx: tx.outbox.first(10))
    assert [one[1:] for one in entries] == [
        ("race", 1, ""),
        ("race", 0, "champion"),
        ("race", 4, ""),
    ]
    assert (await store.transact(lambda tx: tx.outbox.waiting())).entries == 3
    positions = [one.position for one in entries]
    await store.transact(lambda tx: tx.outbox.done(positions[:1]))
    await store.transact(lambda tx: tx.outbox.refuse(positions[1:2], "no such name"))
    waiting = await store.transact(lambda tx: tx.outbox.waiting())
    assert (waiting.entries, waiting.refused) == (1, 1)
    assert waiting.since is not None
    assert [one.number for one in await store.transact(lambda tx: tx.outbox.first(10))] == [4]


async def test_a_mirror_hears_of_the_end_of_what_an_alias_stood_for(database: Database) -> None:
    store = SqlRegistry(database, 100, "kept")
    acting = [version(number, snapshot=False) for number in (1, 2)]

    def write(tx: Transaction) -> None:
        changed(tx, *acting)
        for revision, number in ((3, 1), (4, 2)):
            moved = Alias("race", "champion", number, revision)
            tx.moves.add(AliasMove(moved, number - 1, NOW))
        retired = [replace(one, state=State.RETIRED, revision=one.number + 4) for one in acting[:1]]
        other = version(3, snapshot=False)
        gone = replace(other, state=State.RETIRED, revision=9)
        tx.events.append([Event(one.revision, one) for one in (*retired, gone)])

    await store.transact(write)
    entries = await store.transact(lambda tx: tx.outbox.first(10))
    assert [one[1:] for one in entries] == [("race", 1, "")]


async def test_one_instance_holds_the_outbox_and_a_new_mirror_gets_all(database: Database) -> None:
    store = SqlRegistry(database, 100, "kept")
    await store.transact(lambda tx: changed(tx, version(1), version(2, snapshot=False)))
    await store.transact(lambda tx: tx.aliases.put(Alias("race", "champion", 2, 3)))
    later = NOW + timedelta(minutes=10)
    assert await store.transact(lambda tx: tx.outbox.hold("a", NOW, later))
    assert not await store.transact(lambda tx: tx.outbox.hold("b", NOW, later))
    assert await store.transact(lambda tx: tx.outbox.hold("a", NOW, later))
    await store.transact(lambda tx: tx.outbox.begin("http://m"))
    keys = [one[1:] for one in await store.transact(lambda tx: tx.outbox.first(10))]
    assert keys == [("race", 1, ""), ("race", 0, "champion")]
    await store.transact(lambda tx: tx.outbox.begin("http://m"))
    assert (await store.transact(lambda tx: tx.outbox.waiting())).entries == 2
    assert await store.transact(
        lambda tx: tx.outbox.hold("b", later + timedelta(seconds=1), later + timedelta(minutes=10))
    )
    await store.transact(lambda tx: tx.outbox.release("b"))
    assert await store.transact(lambda tx: tx.outbox.hold("a", NOW, later))
    await store.transact(lambda tx: tx.outbox.forget())
    assert (await store.transact(lambda tx: tx.outbox.waiting())) == (0, None, 0)


async def test_variants_come_and_go_with_their_version(database: Database) -> None:
    store = SqlRegistry(database, 100)
    made = Variant(
        kind="int8",
        sha256="f" * 64,
        size_bytes=30,
        largest_difference=0.125,
        same_choices=0.75,
        rows=8,
    )
    failed = Variant(kind="fp16", rows=8, rejection="it answers otherwise")
    one, other = version(1, variants=(failed, made)), version(2, variants=(made,))
    await store.transact(lambda tx: changed(tx, one, other))
    assert await store.transact(lambda tx: tx.versions.get("race", 1)) == one
    assert await store.transact(lambda tx: tx.versions.file_bytes()) == 230  # `made` once
    assert "f" * 64 in await store.transact(lambda tx: tx.versions.files())
    gone = replace(one, state=State.RETIRED, variants=(), revision=9)
    unused = await store.transact(lambda tx: tx.versions.retire([gone]))
    assert unused == [one.sha256]  # the other version has the same variant
    unused = await store.transact(lambda tx: tx.versions.retire([replace(other, revision=10)]))
    assert unused == sorted([other.sha256, made.sha256])
    assert await store.transact(lambda tx: tx.versions.file_bytes()) == 0
    found = await store.transact(lambda tx: tx.versions.get("race", 1))
    assert found is not None
    assert found.variants == (failed, made)  # what was found out stays


async def test_the_nearest_reference_is_that_of_the_version_or_one_before(
    database: Database,
) -> None:
    store = SqlRegistry(database, 100)

    def write(tx: Transaction) -> None:
        tx.lock()
        tx.references.put("race", 2, b"two")
        tx.references.put("race", 5, b"five")
        tx.references.put("other", 4, b"four")

    await store.transact(write)
    nearest = [
        await store.transact(lambda tx, n=number: tx.references.nearest("race", n))
        for number in (1, 2, 4, 9)
    ]
    assert nearest == [None, (2, b"two"), (2, b"two"), (5, b"five")]
