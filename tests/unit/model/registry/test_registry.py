"""The rules of the registry over a database in memory."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from mazemesh.errors import (
    AlreadyExists,
    Conflict,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OutOfRange,
)
from mazemesh.names import parse_reference
from services._harness.sql.database import Database
from services.model.registry import aliases, registry
from services.model.registry.policy import Alias, State, Submission, Told, Version
from services.model.stores.sql.registry import SqlRegistry
from services.model.version_store import Filter

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def store() -> AsyncIterator[SqlRegistry]:
    database = Database("sqlite://")
    await database.migrate("services.model")
    yield SqlRegistry(database, keep_events=1000)
    await database.close()


def submission(content: object = 0, name: str = "race", **given: Any) -> Submission:
    sha256 = f"{abs(hash(content)):064x}"
    return Submission(name=name, sha256=sha256, size_bytes=1, metadata={}, **given)


async def publish(
    store: SqlRegistry, what: Submission, rejection: str = "", keep: int = 100
) -> registry.Published:
    return await store.transact(
        lambda tx: registry.publish(tx, what, rejection, now=NOW, keep=keep)
    )


async def resolve(store: SqlRegistry, text: str) -> Version:
    return await store.transact(lambda tx: registry.resolve_file(tx, parse_reference(text)))


async def set_alias(
    store: SqlRegistry, alias: str, number: int, expected: int, name: str = "race"
) -> Alias:
    return await store.transact(
        lambda tx: aliases.set_alias(tx, name, alias, number, expected, now=NOW, told=Told())
    )


async def changes(
    store: SqlRegistry, since: int, name: str = "", limit: int = 100
) -> registry.Changes:
    return await store.transact(lambda tx: registry.changes(tx, since, name, limit))


async def test_versions_are_numbered_by_name(store: SqlRegistry) -> None:
    names = ["race", "solo", "race", "race", "solo"]
    made = [(await publish(store, submission(i, name))).version for i, name in enumerate(names)]
    assert [one.reference for one in made] == ["race:1", "solo:1", "race:2", "race:3", "solo:2"]
    assert made[2].aliases == ("latest",)
    assert (await resolve(store, "race")).number == 3


async def test_a_request_is_answered_once(store: SqlRegistry) -> None:
    first = await publish(store, submission("a", request_id="r"))
    again = await publish(store, submission("a", request_id="r"))
    assert again == first
    for other in (submission("b", request_id="r"), submission("a", "solo", request_id="r")):
        with pytest.raises(AlreadyExists, match="race:1"):
            await publish(store, other)
    assert (await publish(store, submission("a"))).version.number == 2
    assert await store.transact(lambda tx: tx.revision()) == 5  # two versions, two moves of latest


async def test_a_rejected_version_keeps_its_number_and_moves_nothing(store: SqlRegistry) -> None:
    await publish(store, submission("a"))
    bad = await publish(store, submission("b", request_id="r"), "check 'onnx' failed: no graph")
    assert (bad.version.number, bad.version.state) == (2, State.REJECTED)
    assert (await resolve(store, "race")).number == 1
    with pytest.raises(NotFound, match="no graph"):
        await resolve(store, "race:2")
    assert (await publish(store, submission("b", request_id="r"))).version == bad.version
    assert (await publish(store, submission("c"))).version.number == 3


async def test_a_parent_must_exist(store: SqlRegistry) -> None:
    with pytest.raises(InvalidArgument, match="no version yet"):
        await publish(store, submission("a", parent_version=1))
    await publish(store, submission("a"))
    with pytest.raises(InvalidArgument, match=r"versions 1\.\.1"):
        await publish(store, submission("b", parent_version=2))
    made = await publish(store, submission("b", parent_version=1))
    assert (made.version.number, made.version.parent_version) == (2, 1)


async def test_latest_only_moves_forward(store: SqlRegistry) -> None:
    for i in range(3):
        await publish(store, submission(i))
    latest = await store.transact(lambda tx: tx.aliases.get("race", "latest"))
    assert latest
    await set_alias(store, "latest", 1, latest.revision)
    assert (await resolve(store, "race:latest")).number == 1
    await publish(store, submission(4), "rejected")
    assert (await resolve(store, "race:latest")).number == 1
    await publish(store, submission(5))
    assert (await resolve(store, "race:latest")).number == 5


async def test_retention_spares_snapshots_and_aliases(store: SqlRegistry) -> None:
    for i in range(1, 9):
        await publish(store, submission(i, snapshot=i in (1, 4)), keep=100)
    await set_alias(store, "champion", 2, 0)
    published = await publish(store, submission(9), keep=2)
    kept = await store.transact(lambda tx: tx.versions.page(Filter(), 0, 100).rows)
    # 9 is latest; 7 and 8 are the newest two; 1 and 4 are snapshots; 2 is champion.
    assert [one.number for _, one in kept] == [9, 8, 7, 4, 2, 1]
    assert set(published.unused_files) == {submission(i).sha256 for i in (3, 5, 6)}
    with pytest.raises(NotFound, match="race:3 is retired"):
        await resolve(store, "race:3")


async def test_a_file_goes_with_its_last_version(store: SqlRegistry) -> None:
    same = submission("same")
    await publish(store, same, keep=0)
    assert (await publish(store, same, keep=0)).unused_files == ()
    assert (await publish(store, submission("new"), keep=0)).unused_files == (same.sha256,)


async def test_a_repeated_request_does_not_bring_a_retired_file_back(store: SqlRegistry) -> None:
    old = submission("old", request_id="r")
    await publish(store, old)
    await publish(store, submission("new"), keep=0)
    again = await publish(store, old)
    assert (again.version.state, again.unused_files) == (State.RETIRED, (old.sha256,))


async def test_compare_and_swap(store: SqlRegistry) -> None:
    for i in range(2):
        await publish(store, submission(i))
    await publish(store, submission(3), "rejected")
    with pytest.raises(Conflict, match="does not exist"):
        await set_alias(store, "champion", 1, 7)
    first = await set_alias(store, "champion", 1, 0)
    with pytest.raises(Conflict, match=f"version 1 at revision {first.revision}"):
        await set_alias(store, "champion", 2, 0)
    second = await set_alias(store, "champion", 2, first.revision)
    assert second.revision > first.revision
    assert (await resolve(store, "race:champion")).number == 2
    with pytest.raises(FailedPrecondition, match="race:3 is REJECTED"):
        await set_alias(store, "champion", 3, second.revision)
    with pytest.raises(NotFound, match="race:9 does not exist"):
        await set_alias(store, "champion", 9, second.revision)


async def test_one_of_many_swaps_wins(store: SqlRegistry) -> None:
    for i in range(10):
        await publish(store, submission(i))
    tried = await asyncio.gather(
        *(set_alias(store, "champion", number, 0) for number in range(1, 11)),
        return_exceptions=True,
    )
    won = [one for one in tried if isinstance(one, Alias)]
    assert len(won) == 1
    assert sum(isinstance(one, Conflict) for one in tried) == 9
    assert (await resolve(store, "race:champion")).number == won[0].number


async def test_what_is_not_found_is_told_with_what_exists(store: SqlRegistry) -> None:
    with pytest.raises(NotFound, match="there is no policy yet"):
        await resolve(store, "race")
    await publish(store, submission(1))
    await publish(store, submission(2))
    await set_alias(store, "champion", 1, 0)
    with pytest.raises(NotFound, match="no policy is named 'rave'; the first policies are race"):
        await resolve(store, "rave:3")
    for missing in ("race:3", "race:best"):
        with pytest.raises(NotFound, match=r"versions 1\.\.2 .* champion = 1, latest = 2"):
            await resolve(store, missing)


async def test_changes_by_name_and_in_parts(store: SqlRegistry) -> None:
    for i in range(3):
        await publish(store, submission(i))
        await publish(store, submission(i, "solo"))
    whole = await changes(store, 1)
    assert [event.revision for event in whole.events] == list(range(2, 14))
    assert whole.through == 13
    part = await changes(store, 1, limit=5)
    assert ([event.revision for event in part.events], part.through) == ([2, 3, 4, 5, 6], 6)
    solo = await changes(store, 1, "solo")
    assert ([event.revision for event in solo.events], solo.through) == (
        *([4, 5, 8, 9, 12, 13],),
        13,
    )
    race = await changes(store, 11, "race")
    assert (race.events, race.through) == ([], 13)  # the last ones are about solo


async def test_changes_that_are_forgotten_or_to_come() -> None:
    database = Database("sqlite://")
    await database.migrate("services.model")
    store = SqlRegistry(database, keep_events=3)
    assert (await changes(store, 1)).through == 1
    for i in range(4):
        await publish(store, submission(i))
    for since in (1, 5):
        with pytest.raises(OutOfRange, match=r"kept from 7 on.*now 9"):
            await changes(store, since)
    assert [event.revision for event in (await changes(store, 6)).events] == [7, 8, 9]
    with pytest.raises(OutOfRange, match="the registry is at 9"):
        await changes(store, 10)
    await database.close()
