"""Each hot query of the stores is a look into an index, at a million rows in PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from services._harness.sql.database import Database
from services.game.play.outcome import Outcome
from services.game.store import FinishedMatch, RecordingEntry, RecordingFilter
from services.game.stores.sql import SqlResultStore
from services.game.stores.sql_outbox import SqlOutbox
from services.game.stores.sql_recordings import SqlRecordingIndex
from services.model.registry.policy import Alias, Event, State, Version
from services.model.store import Transaction
from services.model.stores.sql.registry import SqlRegistry
from services.model.version_store import Filter
from tests import query_plans
from tests.query_plans import captured, fill, slow_plans

NOW = datetime(2026, 1, 1, tzinfo=UTC)


GAME_ROWS = (
    "INSERT INTO game_finished_matches SELECT 'm' || i, i FROM generate_series(1, :rows) i",
    "INSERT INTO game_claims SELECT 'c' || i, 1, 'one', i FROM generate_series(1, :rows / 10) i",
    """
    INSERT INTO game_outbox (match_id, result, refused)
    SELECT 'm' || i, 'result', CASE WHEN i % 100 = 0 THEN 'why' END FROM generate_series(1, :rows) i
    """,
    """
    INSERT INTO game_replays (game_id, match_id, game, rules_hash, participants, scores, steps,
      truncated, rated, finish_time, file, file_index)
    SELECT 'm' || i || '-r0', 'm' || i, CASE WHEN i % 10000 = 0 THEN 'rare' ELSE 'race' END, 'hash',
      E'\\na:1\\nb:1\\n', '[0, 1]', 9, false, true, i, 'f' || i / 100, i % 100
    FROM generate_series(1, :rows) i
    """,
    "INSERT INTO game_replay_players SELECT 'p' || i % 5000, i FROM generate_series(1, :rows) i",
)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_game(large_database: Database) -> None:
    database = large_database
    await database.migrate("services.game")
    await fill(database, *GAME_ROWS)
    store, outbox = SqlResultStore(database, "one"), SqlOutbox(database)
    index = SqlRecordingIndex(database)
    recording = RecordingEntry(
        *("new-r0", "new", "race", "hash", ("a:1", "b:1")),
        *(Outcome((1.0, 0.0), 9, truncated=False), True, 0.0, "file", 0),
    )
    finished = FinishedMatch("new", 0.0, b"result", (recording,), 1)
    with captured(database) as asked:
        await store.finished(["m1", "none"])
        await store.claim({"m1": 1, "c1": 0, "c2": 2, "new": 1}, 0.0)
        assert await store.finish([finished, replace(finished, match_id="c3", fence=9)]) == {"c3"}
        taken = await outbox.take(100, 1.0, 2.0)
        assert len(taken) == 100
        assert len(await outbox.take(100, 1.0, 2.0)) == 100
        await outbox.put_back([result.match_id for result in taken])
        await outbox.delivered([result.match_id for result in taken])
        await outbox.bury("m500", "why")
        await outbox.size()
        await index.find("m7-r0")
        for game, match_id, player, before in product(
            ("", "race", "rare"), ("", "m7"), ("", "p7"), (None, query_plans.ROWS // 2)
        ):
            await index.page(101, before, RecordingFilter(game, match_id, player))
        await index.keep_newest(query_plans.ROWS - 100)
    assert len(asked.statements) > 20
    assert await slow_plans(database, asked) == []


MODEL_ROWS = (
    """
    INSERT INTO policy_versions (name, number, state, request_id, run_id, training_step,
      parent_version, snapshot, collection, spec_hash, sha256, size_bytes, created, notes,
      rejection, revision)
    SELECT 'p' || i % 10, 1 + i / 10, CASE WHEN i % 1000 < 10 THEN 1 ELSE 3 END, 'r' || i, 'run', i,
      0, i % 1000 < 5, '', 'spec', md5(i::text) || md5(i::text), 9, now(), '{}', '', i
    FROM generate_series(1, :rows) i
    """,
    """
    INSERT INTO policy_events
    SELECT i, 'p' || i % 10, i / 10, '' FROM generate_series(1, :rows) i
    """,
    """
    INSERT INTO policy_alias_moves
    SELECT i, 'p' || i % 10, CASE WHEN i % 1000 < 10 THEN 'champion' ELSE 'other' END, 0, 1, now(),
      '', '', '', ''
    FROM generate_series(1, :rows) i
    """,
)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_model(large_database: Database) -> None:
    database = large_database
    await database.migrate("services.model")
    await fill(database, *MODEL_ROWS)
    await SqlRegistry(database, 1).transact(lambda tx: tx.aliases.put(Alias("p1", "latest", 5, 5)))
    store = SqlRegistry(database, keep_events=query_plans.ROWS - 100)
    version = Version(
        name="p1",
        sha256="0" * 64,
        size_bytes=1,
        metadata={},
        number=query_plans.ROWS,
        state=State.READY,
        created=NOW,
        revision=query_plans.ROWS + 1,
    )

    def ask(tx: Transaction) -> None:
        tx.lock()
        tx.revision()
        tx.advance()
        assert tx.versions.get("p1", 77)
        assert tx.versions.by_request("r77")
        assert tx.versions.last("p1") > 1000
        assert tx.versions.names(10) == [f"p{number}" for number in range(10)]
        tx.versions.add(version)
        tx.versions.retire([replace(tx.versions.get("p1", 77) or version, revision=5)])
        tx.versions.uses("0" * 64)
        tx.versions.surplus("p1", 100)
        for name, snapshots, states, before in product(
            ("", "p1"), (False, True), (False, True), (0, query_plans.ROWS // 2)
        ):
            assert len(tx.versions.page(Filter(name, snapshots, states), before, 50).rows) == 50
        tx.aliases.of("p1")
        tx.aliases.get("p1", "latest")
        assert tx.moves.last("p1", "champion")
        for called, before in product(("", "champion"), (0, query_plans.ROWS // 2)):
            assert len(tx.moves.page("p1", called, before, 20)) == 20
        tx.events.append([Event(query_plans.ROWS + 1, version)])
        tx.files.put("0" * 64, b"file")
        assert tx.files.get("0" * 64) == b"file"
        assert tx.files.delete(["0" * 64])
        assert tx.events.oldest()
        for name, after in product(("", "p1"), (query_plans.ROWS - 50_000, query_plans.ROWS - 1)):
            tx.events.after(after, name, 256)

    with captured(database) as asked:
        await store.transact(ask)
    assert len(asked.statements) > 20
    assert await slow_plans(database, asked) == []
