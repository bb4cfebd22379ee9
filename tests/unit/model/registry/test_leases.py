"""Who may publish under a name, and when."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from mazemesh.errors import Conflict
from services._harness.sql.database import Database
from services.model.registry import leases, registry
from services.model.registry.leases import Claim
from services.model.registry.policy import Lease, Submission
from services.model.stores.sql.registry import SqlRegistry

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = 20.0


@pytest.fixture
async def store() -> AsyncIterator[SqlRegistry]:
    database = Database("sqlite://")
    await database.migrate("services.model")
    yield SqlRegistry(database, keep_events=1000)
    await database.close()


async def hold(store: SqlRegistry, claim: Claim, after: float = 0.0) -> Lease:
    now = NOW + timedelta(seconds=after)
    return await store.transact(lambda tx: leases.hold(tx, claim, now=now, seconds=SECONDS))


async def publish(store: SqlRegistry, fence: int, after: float = 0.0) -> int:
    now = NOW + timedelta(seconds=after)
    what = Submission(name="race", sha256=f"{fence:064x}", size_bytes=1, metadata={})
    published = await store.transact(
        lambda tx: registry.publish(
            tx, what, "", now=now, keep=9, fence=fence, lease_seconds=SECONDS
        )
    )
    return published.version.number


FIRST = Claim(name="race", owner="first", run_id="run-1", place="desk, process 7")
SECOND = Claim(name="race", owner="second", run_id="run-2")


async def test_a_second_run_is_refused_by_name_and_told_how_to_take_over(
    store: SqlRegistry,
) -> None:
    await hold(store, FIRST)
    with pytest.raises(
        Conflict, match=r"held by run 'run-1' on desk, process 7 \(for 15 s.*--take-over"
    ):
        await hold(store, SECOND, after=5.0)


async def test_the_same_run_has_it_at_once_and_its_old_process_no_more(store: SqlRegistry) -> None:
    old, new = await hold(store, FIRST), await hold(store, FIRST)
    assert new.fence > old.fence
    for fence in (old.fence, 0):
        with pytest.raises(Conflict):
            await publish(store, fence)
    assert await publish(store, new.fence) == 1


async def test_a_name_is_free_when_its_holder_was_not_heard_of(store: SqlRegistry) -> None:
    old = await hold(store, FIRST)
    new = await hold(store, SECOND, after=SECONDS)
    with pytest.raises(Conflict, match="taken over by run 'run-2'"):
        await publish(store, old.fence, after=SECONDS)
    with pytest.raises(Conflict, match="taken over"):
        await hold(store, Claim(name="race", owner="first", fence=old.fence), after=SECONDS)
    assert await publish(store, new.fence, after=SECONDS) == 1


@pytest.mark.parametrize("by", ["renewal", "publish"])
async def test_who_is_heard_of_holds_on(store: SqlRegistry, by: str) -> None:
    lease = await hold(store, FIRST)
    if by == "renewal":
        await hold(store, Claim(name="race", owner="first", fence=lease.fence), after=15.0)
    else:
        await publish(store, lease.fence, after=15.0)
    with pytest.raises(Conflict):
        await hold(store, SECOND, after=30.0)
    # Late, but nobody else came: still its own.
    assert await publish(store, lease.fence, after=99.0) > 0


async def test_taking_over(store: SqlRegistry) -> None:
    old = await hold(store, FIRST)
    new = await hold(store, Claim(name="race", owner="second", take_over=True))
    assert new.fence > old.fence
    with pytest.raises(Conflict):
        await publish(store, old.fence)


async def test_what_is_given_back_is_free(store: SqlRegistry) -> None:
    lease = await hold(store, FIRST)
    await hold(store, Claim(name="race", owner="first", fence=lease.fence, release=True))
    assert await publish(store, 0) == 1
    assert (await hold(store, SECOND)).fence > lease.fence


async def test_names_are_held_one_by_one(store: SqlRegistry) -> None:
    await hold(store, FIRST)
    await hold(store, Claim(name="race-exploiter-1", owner="second"))


async def test_a_fence_of_nothing_is_refused(store: SqlRegistry) -> None:
    with pytest.raises(Conflict, match="held by nobody"):
        await publish(store, 3)
    with pytest.raises(Conflict, match="held by nobody"):
        await hold(store, Claim(name="race", owner="first", fence=3))


async def test_an_answered_request_is_answered_again_whoever_holds_the_name(
    store: SqlRegistry,
) -> None:
    what = Submission(name="race", sha256="0" * 64, size_bytes=1, metadata={}, request_id="r")
    for fence in ((await hold(store, FIRST)).fence, 0):
        published = await store.transact(
            lambda tx, fence=fence: registry.publish(
                tx, what, "", now=NOW, keep=9, fence=fence, lease_seconds=SECONDS
            )
        )
        assert published.version.number == 1
