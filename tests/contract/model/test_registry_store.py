"""What every RegistryStore does. An adapter inherits `RegistryStoreContract` and gives `store`."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert

from mazemesh.v1.model_pb2 import Collection
from services._harness.sql.database import Database
from services._harness.sql.migrations import schema_differences
from services.model.registry.policy import (
    Alias,
    AliasMove,
    Event,
    Lease,
    State,
    Submission,
    Told,
    Version,
)
from services.model.store import RegistryStore, Transaction
from services.model.stores.sql.registry import SqlRegistry
from services.model.stores.sql.tables import METADATA, VERSIONS
from services.model.stores.sql.versions import values
from services.model.version_store import Filter
from tests.revisions import upgrade_to

KEEP_EVENTS = 5
NOW = datetime(2026, 3, 4, 5, 6, 7, 890123, UTC)


def version(number: int, name: str = "race", **given: Any) -> Version:
    said = {"sha256": f"{number:064x}", "size_bytes": 100, "metadata": {}, "name": name}
    is_given = {"number": number, "state": State.READY, "created": NOW, "revision": number}
    return Version(**{**said, **is_given, **given})


class RegistryStoreContract:
    @pytest.fixture
    def store(self) -> RegistryStore:
        raise NotImplementedError

    async def add(self, store: RegistryStore, *versions: Version) -> None:
        def work(tx: Transaction) -> None:
            tx.lock()
            for one in versions:
                tx.versions.add(one)

        await store.transact(work)

    async def test_an_empty_registry_is_at_revision_1(self, store: RegistryStore) -> None:
        def read(tx: Transaction) -> Any:
            return (
                *(tx.revision(), tx.versions.last("race"), tx.versions.names(9)),
                *(tx.versions.get("race", 1), tx.aliases.get("race", "latest")),
                *(tx.versions.by_request("r"), tx.events.oldest(), tx.versions.file_bytes()),
            )

        assert await store.transact(read) == (1, 0, [], None, None, None, None, 0)

    async def test_a_version_comes_back_as_it_was(self, store: RegistryStore) -> None:
        full = version(
            1,
            request_id="r-1",
            run_id="run",
            training_step=2**40,
            parent_version=3,
            snapshot=True,
            collection=b"\x00\xff",
            spec_hash="s" * 64,
            size_bytes=2**33,
            metadata={"é": "\U0001f600", "": ""},
            state=State.REJECTED,
            rejection="check 'onnx' failed",
            q_values=True,
            checked="8 rows, é",
            revision=2**41,
        )
        await self.add(store, full)
        got = await store.transact(
            lambda tx: (tx.versions.get("race", 1), tx.versions.by_request("r-1"))
        )
        assert got == (full, full)

    async def test_a_lease_comes_back_as_it_was_and_is_replaced(self, store: RegistryStore) -> None:
        lease = Lease(name="race", owner="o" * 128, run_id="r", place="é", fence=2**40, expires=NOW)
        other = replace(lease, name="solo", fence=1)

        def work(tx: Transaction) -> list[Lease | None]:
            tx.lock()
            assert tx.leases.get("race") is None
            for one in (lease, other, replace(lease, owner="p", fence=lease.fence + 1)):
                tx.leases.put(one)
            return [tx.leases.get("race"), tx.leases.get("solo")]

        assert await store.transact(work) == [
            replace(lease, owner="p", fence=lease.fence + 1),
            other,
        ]

    async def test_moves_of_aliases_are_kept_newest_first(self, store: RegistryStore) -> None:
        told = Told("ü" * 1024, "m" * 128, "k" * 64, "g" * 96)
        moves = [
            AliasMove(Alias("race", alias, 2**40 + at, at), at - 1, NOW, told)
            for at, alias in enumerate(("champion", "previous", "champion", "other"), 1)
        ]
        elsewhere = AliasMove(Alias("solo", "champion", 1, 9), 0, NOW)

        def work(tx: Transaction) -> Any:
            tx.lock()
            assert tx.moves.last("race", "champion") is None
            for one in (*moves, elsewhere):
                tx.moves.add(one)
            return (
                tx.moves.last("race", "champion"),
                tx.moves.page("race", "", 0, 9),
                tx.moves.page("race", "champion", 0, 1),
                tx.moves.page("race", "champion", 3, 9),
                tx.moves.page("none", "", 0, 9),
            )

        assert await store.transact(work) == (
            moves[2],
            moves[::-1],
            [moves[2]],
            [moves[0]],
            [],
        )

    async def test_versions_without_a_request_do_not_collide(self, store: RegistryStore) -> None:
        await self.add(store, version(1), version(2))
        assert await store.transact(lambda tx: tx.versions.by_request("")) is None
        assert await store.transact(lambda tx: tx.versions.last("race")) == 2

    @pytest.mark.parametrize("again", [version(1), version(2, request_id="r")])
    async def test_number_and_request_are_unique(
        self, store: RegistryStore, again: Version
    ) -> None:
        await self.add(store, version(1, request_id="r"))
        with pytest.raises(Exception, match=r"(?i)unique"):
            await self.add(store, again)

    async def test_a_transaction_that_raises_leaves_nothing(self, store: RegistryStore) -> None:
        def fail(tx: Transaction) -> None:
            tx.lock()
            revision = tx.advance()
            tx.versions.add(version(1, revision=revision))
            tx.aliases.put(Alias("race", "latest", 1, revision))
            tx.events.append([Event(revision, version(1))])
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await store.transact(fail)
        assert await store.transact(
            lambda tx: (tx.revision(), tx.versions.last("race"), tx.aliases.of("race"))
        ) == (1, 0, [])

    async def test_revisions_are_taken_once(self, store: RegistryStore) -> None:
        def take(tx: Transaction) -> int:
            tx.lock()
            return tx.advance()

        taken = await asyncio.gather(*(store.transact(take) for _ in range(20)))
        assert sorted(taken) == list(range(2, 22))

    async def test_aliases_move_and_show_on_versions(self, store: RegistryStore) -> None:
        await self.add(store, version(1), version(2), version(2, "other"))

        def move(tx: Transaction) -> None:
            tx.aliases.put(Alias("race", "latest", 1, 5))
            tx.aliases.put(Alias("race", "champion", 2, 6))
            tx.aliases.put(Alias("race", "latest", 2, 7))

        await store.transact(move)
        assert await store.transact(lambda tx: tx.aliases.of("race")) == [
            Alias("race", "champion", 2, 6),
            Alias("race", "latest", 2, 7),
        ]

        def shown(tx: Transaction) -> list[tuple[str, ...]]:
            found = [tx.versions.get("race", 1), tx.versions.get("race", 2)]
            return [one.aliases for one in [*found, tx.versions.get("other", 2)] if one]

        assert await store.transact(shown) == [(), ("champion", "latest"), ()]

    async def test_surplus_spares_snapshots_aliases_and_the_newest(
        self, store: RegistryStore
    ) -> None:
        special = {3: {"snapshot": True}, 5: {"state": State.REJECTED}, 6: {"state": State.RETIRED}}
        await self.add(store, *(version(n, **special.get(n, {})) for n in range(1, 10)))
        await self.add(store, version(1, "other"))
        await store.transact(lambda tx: tx.aliases.put(Alias("race", "champion", 2, 1)))

        async def surplus(keep: int) -> list[int]:
            return await store.transact(lambda tx: tx.versions.surplus("race", keep))

        assert await surplus(0) == [1, 4, 7, 8, 9]
        assert await surplus(2) == [1, 4, 7]
        assert await surplus(5) == []

    async def test_files_are_used_by_ready_versions_only(self, store: RegistryStore) -> None:
        shared, alone = "a" * 64, "b" * 64
        await self.add(
            store,
            version(1, sha256=shared, size_bytes=7),
            version(2, sha256=shared, size_bytes=7),
            version(3, sha256=alone, size_bytes=5),
            version(4, sha256="c" * 64, state=State.REJECTED),
        )

        def figures(tx: Transaction) -> Any:
            counts = tx.versions.counts()
            return (
                *(tx.versions.files(), tx.versions.file_bytes()),
                *(counts[state] for state in State),
            )

        assert await store.transact(figures) == ({shared, alone}, 12, 3, 1, 0)
        first, last = (
            (version(1, sha256=shared, revision=9, size_bytes=7),),
            (version(3, sha256=alone, revision=10, size_bytes=5),),
        )
        assert await store.transact(lambda tx: tx.versions.retire(first)) == []
        assert await store.transact(lambda tx: tx.versions.uses(shared))
        assert await store.transact(lambda tx: tx.versions.retire(last)) == [alone]
        assert not await store.transact(lambda tx: tx.versions.uses(alone))
        assert await store.transact(figures) == ({shared}, 7, 1, 1, 2)
        retired = await store.transact(lambda tx: tx.versions.get("race", 3))
        assert retired
        assert (retired.state, retired.revision) == (State.RETIRED, 10)

    async def test_pages_by_filter_newest_first(self, store: RegistryStore) -> None:
        await self.add(
            store,
            version(1, snapshot=True),
            version(1, "other"),
            version(2, state=State.REJECTED),
            version(3),
        )

        async def pages(chosen: Filter) -> list[str]:
            before, found = 0, []
            while page := await store.transact(
                lambda tx, before=before: tx.versions.page(chosen, before, 1).rows
            ):
                before = page[-1][0]
                found += [one.reference for _, one in page]
            return found

        assert await pages(Filter()) == ["race:3", "other:1", "race:1"]
        assert await pages(Filter(name="race")) == ["race:3", "race:1"]
        assert await pages(Filter(snapshots_only=True)) == ["race:1"]
        assert await pages(Filter(include_all_states=True)) == [
            *("race:3", "race:2", "other:1", "race:1")
        ]
        assert await store.transact(lambda tx: tx.versions.names(1)) == ["other"]

    async def test_events_in_order_the_oldest_forgotten(self, store: RegistryStore) -> None:
        await self.add(store, version(1), version(1, "other"))

        def fill(tx: Transaction) -> None:
            tx.lock()
            for number in range(8):
                revision = tx.advance()
                about = version(1, "other") if number % 2 else Alias("race", "a", 1, revision)
                tx.events.append([Event(revision, about)])

        await store.transact(fill)
        oldest, newest = await store.transact(lambda tx: (tx.events.oldest(), tx.revision()))
        assert (oldest, newest) == (newest - KEEP_EVENTS + 1, 9)

        async def after(revision: int, name: str, limit: int) -> list[Event]:
            return await store.transact(lambda tx: tx.events.after(revision, name, limit))

        assert await after(5, "", 2) == [
            Event(6, Alias("race", "a", 1, 6)),
            Event(7, version(1, "other")),
        ]
        assert [event.revision for event in await after(0, "race", 9)] == [6, 8]
        assert await after(newest, "", 9) == []

    async def test_an_event_shows_the_version_as_it_is_now(self, store: RegistryStore) -> None:
        await self.add(store, version(1))

        def change(tx: Transaction) -> None:
            tx.lock()
            tx.events.append([Event(tx.advance(), version(1))])
            tx.versions.retire([version(1, revision=tx.advance())])
            tx.aliases.put(Alias("race", "old", 1, 3))

        await store.transact(change)
        [event] = await store.transact(lambda tx: tx.events.after(0, "", 9))
        assert isinstance(event.subject, Version)
        assert (event.revision, event.subject.state, event.subject.aliases) == (
            *(2, State.RETIRED),
            ("old",),
        )


class TestSqlRegistry(RegistryStoreContract):
    @pytest.fixture
    async def database(self, database_url: str) -> AsyncIterator[Database]:
        database = Database(database_url)
        await database.migrate("services.model")
        yield database
        await database.close()

    @pytest.fixture
    def store(self, database: Database) -> RegistryStore:
        return SqlRegistry(database, KEEP_EVENTS)

    async def test_what_was_there_before_is_counted(self, database_url: str) -> None:
        database = Database(database_url)
        upgrade_to(database, "model", "0003")
        shared = {"sha256": "a" * 64, "size_bytes": 7}
        race = Collection(game="race", table="race").SerializeToString()
        old = [
            *(
                version(1, **shared, collection=race),
                version(2, **shared),
                version(3, size_bytes=5),
            ),
            *(version(4, state=State.RETIRED), version(5, state=State.RETIRED)),
        ]
        rows = [values(one) for one in old]
        for row in rows:
            since = ("code_version", "game", "game_hash", "config_sha256", "checks")
            for later in ("graph_sha256", "has_variants", *since):
                del row[later]
        await database.run(lambda session: session.execute(insert(VERSIONS), rows))
        await database.migrate("services.model")
        counts, size = await SqlRegistry(database, KEEP_EVENTS).transact(
            lambda tx: (tx.versions.counts(), tx.versions.file_bytes())
        )
        assert counts == {State.READY: 3, State.REJECTED: 0, State.RETIRED: 2}
        assert size == 12
        played = await SqlRegistry(database, KEEP_EVENTS).transact(
            lambda tx: tx.versions.page(Filter(game="race"), 0, 10).rows
        )
        assert [one.number for _, one in played] == [1]
        await database.close()

    async def test_a_file_kept_with_the_rows_is_there_or_not(self, database: Database) -> None:
        store, content = SqlRegistry(database, KEEP_EVENTS), bytes(range(256)) * 1000

        def put(tx: Transaction) -> None:
            tx.files.put("a" * 64, content)
            tx.files.put("a" * 64, b"another")  # it is there: nothing is changed

        await store.transact(put)
        assert await store.transact(lambda tx: tx.files.get("a" * 64)) == content
        assert await store.transact(lambda tx: tx.files.get("b" * 64)) is None
        both = ["a" * 64, "e" * 64]
        assert await store.transact(lambda tx: tx.files.delete(both)) == {"a" * 64}
        assert await store.transact(lambda tx: tx.files.delete(both)) == set()
        assert await store.transact(lambda tx: tx.files.delete([])) == set()
        assert await store.transact(lambda tx: tx.files.get("a" * 64)) is None

    async def test_the_migrations_make_the_tables(self, database: Database) -> None:
        assert schema_differences(database.engine, "services.model", METADATA) == []


def test_a_submission_becomes_a_version() -> None:
    submission = Submission(name="race", sha256="0" * 64, size_bytes=1, metadata={"a": "b"})
    made = Version.of(submission, number=1, state=State.READY, created=NOW, revision=2)
    assert (made.reference, made.metadata) == ("race:1", {"a": "b"})
