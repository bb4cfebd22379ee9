"""Participants that an experiment chose, in SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

from services._harness.sql.database import Database
from services.matchmaker.experiments.served import Served
from services.matchmaker.stores.sql_served import SqlServed


async def test_they_are_kept_until_their_results_are_told(database_url: str) -> None:
    database = Database(database_url)
    await database.migrate("services.matchmaker")
    store = SqlServed(database)
    rows = [
        Served(f"m{match}", f"s{session}", "try", "race:41", 1.5)
        for match in range(4)
        for session in range(2)
    ]
    await store.add([])
    await store.add(rows)
    await store.add([replace(rows[0], player="race:9")])
    first = await store.after("", 3)
    assert first == rows[:6]
    assert await store.after(first[-1].match_id, 3) == rows[6:]
    assert await store.after("m3", 3) == []
    await store.remove([])
    await store.remove(rows[1:])
    assert await store.after("", 9) == rows[:1]
    await database.close()
