"""What is collected and what never is, over a database in memory."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mazemesh.errors import FailedPrecondition, NotFound
from services._harness.sql.database import Database
from services.model.registry import aliases, registry
from services.model.registry.keeping.collecting import Collected, Wanted, collect, protected
from services.model.registry.keeping.holds import Wish, hold
from services.model.registry.policy import State, Submission, Told, Variant
from services.model.store import Transaction
from services.model.stores.sql.registry import SqlRegistry

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Experiments:
    """Uses the versions that it is told."""

    def __init__(self) -> None:
        self.used: dict[int, str] = {}

    def in_use(self, tx: Transaction, name: str) -> Mapping[int, str]:
        return self.used if name == "race" else {}


@pytest.fixture
async def store() -> AsyncIterator[SqlRegistry]:
    database = Database("sqlite://")
    await database.migrate("services.model")
    yield SqlRegistry(database, keep_events=1000)
    await database.close()


async def publish(store: SqlRegistry, *, snapshot: bool = False, keep: int = 1000) -> int:
    def work(tx: Transaction) -> int:
        number = tx.versions.last("race") + 1
        one = Submission(
            name="race", sha256=f"{number:064x}", size_bytes=10, metadata={}, snapshot=snapshot
        )
        return registry.publish(tx, one, "", now=NOW, keep=keep).version.number

    return await store.transact(work)


async def move(store: SqlRegistry, alias: str, number: int) -> None:
    def work(tx: Transaction) -> None:
        present = tx.aliases.get("race", alias)
        expected = present.revision if present else 0
        aliases.set_alias(tx, "race", alias, number, expected, now=NOW, told=Told())

    await store.transact(work)


async def collected(
    store: SqlRegistry, *users: Experiments, now: datetime = NOW, **wanted: Any
) -> Collected:
    chosen = Wanted(name="race", **wanted)
    return await store.transact(lambda tx: collect(tx, chosen, users, now=now))


async def ready(store: SqlRegistry) -> list[int]:
    return await store.transact(lambda tx: [one.number for one in tx.versions.briefs("race")])


async def held(store: SqlRegistry, number: int, seconds: float = 60.0, who: str = "ann") -> None:
    wish = Wish(who, "a talk", (("race", number),), seconds)
    await store.transact(lambda tx: hold(tx, wish, now=NOW))


async def test_a_dry_run_tells_the_same_and_changes_nothing(store: SqlRegistry) -> None:
    for _ in range(6):
        await publish(store)
    await move(store, "champion", 2)
    revision = await store.transact(lambda tx: tx.revision())
    dry = await collected(store, keep=2, dry_run=True)
    assert await ready(store) == [1, 2, 3, 4, 5, 6]
    assert await store.transact(lambda tx: tx.revision()) == revision
    wet = await collected(store, keep=2)
    assert (wet.gone, wet.kept, wet.file_bytes) == (dry.gone, dry.kept, dry.file_bytes)
    assert (wet.gone, wet.kept, wet.file_bytes) == ((1, 3, 4), ((2, "alias champion"),), 30)
    assert await ready(store) == [2, 5, 6]
    assert [event.subject.number for event in wet.events] == [1, 3, 4]
    assert sorted(wet.unused_files) == [f"{number:064x}" for number in (1, 3, 4)]


async def test_bytes_are_of_all_files_that_nobody_has_any_more(store: SqlRegistry) -> None:
    def work(tx: Transaction, name: str, form: str, file: str) -> None:
        variants = (Variant(kind="int8", sha256=form * 64, size_bytes=3),)
        sizes: Any = {"size_bytes": 10, "metadata": {}}
        one = Submission(name=name, sha256=file * 64, variants=variants, **sizes)
        registry.publish(tx, one, "", now=NOW, keep=1000)

    for name, form, file in (
        ("race", "a", "1"),
        ("race", "b", "2"),  # whose form the last one has, and whose file another name has
        ("race", "b", "3"),
        ("other", "c", "2"),
    ):
        await store.transact(lambda tx, of=(name, form, file): work(tx, *of))  # type: ignore[misc]
    for dry_run in (True, False):
        found = await collected(store, keep=0, dry_run=dry_run)
        assert (found.gone, found.file_bytes) == ((1, 2), 13)
    assert sorted(found.unused_files) == ["1" * 64, "a" * 64]


async def test_snapshots_stay_unless_their_number_is_told(store: SqlRegistry) -> None:
    for number in range(6):
        await publish(store, snapshot=number % 2 == 0)
    assert (await collected(store, keep=0)).gone == (2, 4)  # 6 is latest
    assert await ready(store) == [1, 3, 5, 6]
    assert (await collected(store, keep_snapshots=1)).gone == (1, 3)


async def test_why_a_version_stays(store: SqlRegistry) -> None:
    for _ in range(8):
        await publish(store)
    experiments = Experiments()
    experiments.used[5] = "experiment canary"
    for number in (1, 2):
        await move(store, "champion", number)
    await held(store, 3)
    found = await collected(store, experiments, keep=0)
    assert dict(found.kept) == {
        1: "champion before its last move",
        2: "alias champion",
        3: "held by ann: a talk",
        5: "experiment canary",
        8: "alias latest",
    }
    assert found.gone == (4, 6, 7)
    later = NOW + timedelta(seconds=61)
    assert 3 in (await collected(store, experiments, keep=0, now=later)).gone


async def test_versions_that_are_named_go_whatever_their_age(store: SqlRegistry) -> None:
    for _ in range(3):
        await publish(store, snapshot=True)
    assert (await collected(store, versions=(2,))).gone == (2,)
    found = await collected(store, versions=(1, 3))
    assert (found.gone, found.kept) == ((1,), ((3, "alias latest"),))
    with pytest.raises(FailedPrecondition, match="race:1 is RETIRED"):
        await collected(store, versions=(1,))
    with pytest.raises(NotFound, match="race:9 does not exist"):
        await collected(store, versions=(9,))
    with pytest.raises(NotFound, match="no policy is named 'solo'"):
        await store.transact(lambda tx: collect(tx, Wanted(name="solo", keep=1), (), now=NOW))


async def test_the_young_stay(store: SqlRegistry) -> None:
    for _ in range(3):
        await publish(store)
    young = await collected(store, keep=0, older_than=3600.0)
    assert young.gone == ()
    assert dict(young.kept)[1] == "younger than 3600 s"
    later = NOW + timedelta(hours=2)
    assert (await collected(store, keep=0, older_than=3600.0, now=later)).gone == (1, 2)


async def test_publishing_retires_none_that_is_held_or_the_way_back(store: SqlRegistry) -> None:
    def publish_on(tx: Transaction) -> None:
        number = tx.versions.last("race") + 1
        one = Submission(name="race", sha256=f"{number:064x}", size_bytes=1, metadata={})
        registry.publish(
            tx, one, "", now=NOW, keep=1, in_use=lambda tx, name: protected(tx, name, (), NOW)
        )

    for _ in range(3):
        await publish(store)
    await held(store, 1)
    await move(store, "champion", 2)
    await move(store, "champion", 3)
    for _ in range(4):
        await store.transact(publish_on)
    assert await ready(store) == [1, 2, 3, 6, 7]


async def test_a_publish_retires_so_many_at_most(
    store: SqlRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "MOST_RETIRED", 5)
    for _ in range(9):
        await publish(store)
    await publish(store, keep=1)
    assert await ready(store) == [6, 7, 8, 9, 10]
    await publish(store, keep=1)
    assert await ready(store) == [10, 11]


async def test_a_hold_is_of_all_or_none_and_never_shortened(store: SqlRegistry) -> None:
    await publish(store)
    wish = Wish("ann", "", (("race", 1), ("race", 2)), 60.0)
    with pytest.raises(NotFound, match="race:2 does not exist"):
        await store.transact(lambda tx: hold(tx, wish, now=NOW))
    assert await store.transact(lambda tx: tx.holds.by("ann", NOW, 10)) == []
    await held(store, 1, 60.0)
    await held(store, 1, 5.0)
    (one,) = await store.transact(lambda tx: tx.holds.by("ann", NOW, 10))
    assert one.expires == NOW + timedelta(seconds=60)
    await held(store, 1, 0.0)
    assert await store.transact(lambda tx: tx.holds.by("ann", NOW, 10)) == []
    await publish(store)
    await collected(store, versions=(1,))
    with pytest.raises(FailedPrecondition, match="race:1 is RETIRED, so its file cannot be held"):
        await held(store, 1)


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_happens_no_version_that_somebody_needs_is_retired(
    store: SqlRegistry, seed: int
) -> None:
    chance = random.Random(seed)
    experiments = Experiments()
    for _ in range(80):
        there = await ready(store)
        what = chance.random()
        if what < 0.4 or not there:
            await publish(store, snapshot=chance.random() < 0.3)
        elif what < 0.6:
            await move(store, chance.choice(["champion", "candidate"]), chance.choice(there))
        elif what < 0.7:
            await held(store, chance.choice(there), chance.choice([0.0, 60.0]), chance.choice("ab"))
        elif what < 0.8:
            experiments.used = {chance.choice(there): "experiment"}
        else:
            before = set(await store.transact(lambda tx: protected(tx, "race", [experiments], NOW)))
            await collected(
                store,
                experiments,
                keep=chance.choice([None, 0, 2]) if what < 0.9 else 1,
                keep_snapshots=chance.choice([0, 1]),
            )
            assert before <= set(await ready(store))
    numbers = await ready(store)
    for alias in ("champion", "candidate", "latest"):
        stands = await store.transact(lambda tx, alias=alias: tx.aliases.get("race", alias))  # type: ignore[misc]
        assert stands is None or stands.number in numbers
    states = await store.transact(
        lambda tx: [tx.versions.get("race", n) for n in range(1, tx.versions.last("race") + 1)]
    )
    assert {one.state for one in states if one} <= {State.READY, State.RETIRED}
