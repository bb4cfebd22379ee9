"""As test_query_plans.py, for what ratings, rating matches and keys rest on."""

from __future__ import annotations

import numpy as np
import pytest

from mazemesh.games import GameSettings
from services._harness.access.callers.keys import new_key
from services._harness.access.callers.roles import Role
from services._harness.access.callers.sql_keys import MOST_KEYS, PACKAGE, SqlKeys
from services._harness.sql.database import Database
from services.elo.standings.folding.points import Points
from services.elo.store import Update
from services.elo.stores import columns
from services.elo.stores.sql_lease import SqlLease
from services.elo.stores.sql_log import SqlResultLog
from services.elo.stores.sql_projections import SqlProjections
from services.elo.wire.results.payloads import batch, encode
from services.matchmaker.rating.leases import Match, State, Terms, completed
from services.matchmaker.store import RATING, Told
from services.matchmaker.stores.sql import SqlAnchors, SqlNumbers
from services.matchmaker.stores.sql_leaders import SqlLeaders
from services.matchmaker.stores.sql_leases import SqlLeases
from services.matchmaker.stores.sql_outcomes import SqlOutcomes
from services.matchmaker.training.outcomes import MOST_FORMS, Outcomes
from tests.query_plans import ROWS, captured, fill, slow_plans
from tests.unit.elo.played import match

RESULT = match("m0", ("race:1", "bot/random"), 1.0, 0.0)
POINT = columns.points(Points(*(np.zeros(1, kind) for kind in (int, int, int, float, float))))

ELO_ROWS = (
    f"""
    INSERT INTO elo_results (match_id, payload)
    SELECT 'm' || i, decode('{encode(RESULT).hex()}', 'hex') FROM generate_series(1, :rows) i
    """,
    f"""
    INSERT INTO elo_histories
    SELECT 'race', i % 200, i / 200, 1, decode('{POINT.hex()}', 'hex')
    FROM generate_series(0, :rows - 1) i
    """,
)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_elo(large_database: Database) -> None:
    database = large_database
    await database.migrate("services.elo")
    await fill(database, *ELO_ROWS)
    log, projections = SqlResultLog(database), SqlProjections(database)
    lease = SqlLease(database, alone=False)
    new = [match(f"m{ROWS + n}", ("race:1", "bot/random"), 1.0, 0.0) for n in range(3)]
    point = Points(*(np.full(1, ROWS + 1, kind) for kind in (int, int, int, float, float)))
    with captured(database) as asked:
        await log.append([batch([RESULT._replace(match_id=f"m{n}") for n in range(1, 900)])])
        await log.append([batch(new)])
        assert [piece.sequences async for piece in log.read(ROWS - 100)]
        assert len(await log.find(range(1, 1_000))) == 999
        assert len(await projections.history("race", 7, 400, 50)) == 50
        assert await projections.mark() == 0
        fence = await lease.take("one", 60.0)
        assert fence is not None
        await projections.save(fence, Update(ROWS + 3, {"race": point}, []))
        assert not await projections.fitted({})
    assert len(asked.statements) > 10
    assert await slow_plans(database, asked) == []


MATCHMAKER_ROWS = (
    # One in a hundred is live, half of these leased, and all leases but the last ran out.
    """
    INSERT INTO matchmaker_matches
    SELECT 'm' || i, 'race', CASE WHEN i % 10000 = 0 THEN 'rare' ELSE 'race' END, '{}',
      '["a:1", "b:1"]', i, i,
      CASE WHEN i % 100 > 0 THEN CASE WHEN i % 10 > 0 THEN 'completed' ELSE 'abandoned' END
        WHEN i % 200 > 0 THEN 'queued' ELSE 'leased' END,
      1, CASE WHEN i % 800 = 0 THEN 5 ELSE 1 END, 'w', i + i % 4000, i + 10
    FROM generate_series(1, :rows) i
    """,
    f"""
    INSERT INTO matchmaker_forms
    SELECT 's' || i % 16, 'o' || i, 1, 1, 1, i FROM generate_series(1, {MOST_FORMS}) i
    """,
    """
    INSERT INTO matchmaker_requests (request_id)
    SELECT 'r' || i FROM generate_series(1, :rows) i
    """,
)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_matchmaker(large_database: Database) -> None:
    database = large_database
    await database.migrate("services.matchmaker")
    await fill(database, *MATCHMAKER_ROWS)
    leaders, leases = SqlLeaders(database), SqlLeases(database)
    terms, now = Terms(100.0, 5), float(ROWS)
    new = Match("new", "race", "race", GameSettings(), ("a:1", "b:1"), 1, now)
    with captured(database) as asked:
        fence = await leaders.hold(RATING, "one", 60.0)
        assert fence is not None
        assert await leases.add([new], fence)
        issued = await leases.issue("w", 64, terms, now)
        assert (len(issued.leased), len(issued.abandoned)) == (64, 123)
        assert (await leases.issue("w", 4, terms, now, "rare")).leased
        assert len((await leases.issue("w", 600, terms, now)).leased) == 600
        one = issued.leased[0]
        ended = await leases.change(one.match_id, lambda old: completed(old, one.fence, "w", now))
        assert ended is not None
        assert ended.state is State.COMPLETED
        assert 800 < len(await leases.look(now - 10.0)) < 1_100
        assert 800 < await leases.count_live() < 1_100
        await leases.prune(1_000.0)
        await SqlOutcomes(database).read(MOST_FORMS - 10)
        told = Told("new", "s1", {"o1": Outcomes(1, 0, 0)})
        await SqlOutcomes(database).add([told], 100.0, ROWS - 100)
        await SqlAnchors(database).add({("race", ("bot/a", "bot/b")): 1})
        await SqlNumbers(database).reserve(10)
    assert len(asked.statements) > 20
    assert await slow_plans(database, asked) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_keys(large_database: Database) -> None:
    # There are never more than these, revoked ones included.
    database = large_database
    await database.migrate(PACKAGE)
    await fill(
        database,
        f"""
        INSERT INTO access_keys
        SELECT 'k' || i, md5(i::text) || md5(i::text), 'worker', '',
          '{{"policies": [], "games": [], "player": ""}}', i, NULL, NULL, NULL
        FROM generate_series(1, {MOST_KEYS} - 1) i
        """,
    )
    store = SqlKeys(database)
    with captured(database) as asked:
        assert await store.revision() == 0
        await store.add(new_key(Role.VIEWER, 1)[0])
        await store.revoke("k7", 1.0)
        await store.used([f"k{n}" for n in range(500)], 1.0)
        assert len(await store.keys()) == MOST_KEYS
    assert await slow_plans(database, asked) == []
