"""Composes the Elo service."""

from __future__ import annotations

import gc
import time

from services._harness import Server
from services.elo import metrics
from services.elo.gate.gates import Gates
from services.elo.history.curves import Curves
from services.elo.history.windows import Windows
from services.elo.models.bradley_terry import fit
from services.elo.servicer import EloServicer
from services.elo.settings import EloSettings
from services.elo.standings.ratings import Ratings
from services.elo.store import PageStore
from services.elo.stores.noticed_news import NoticedNews
from services.elo.stores.sql_gates import SqlGates
from services.elo.stores.sql_lease import SqlLease
from services.elo.stores.sql_log import SqlResultLog
from services.elo.stores.sql_projections import SqlProjections
from services.elo.stores.sql_rebuilds import SqlRebuilds
from services.elo.stores.tables import prepare
from services.elo.wire.handlers import SERVICE, add_elo_servicer
from services.elo.wire.leaderboards import Leaderboards


async def bind(settings: EloSettings, server: Server) -> None:
    """SQL log -> ladders, continued from their snapshot -> servicer; one instance fits."""
    database = server.database
    prepare(database)
    await database.migrate("services.elo")
    # An SQLite file belongs to one process; a server's database may have several instances on it.
    alone = not database.shared
    log = metrics.MeteredLog(SqlResultLog(database), server.registry)
    ratings = Ratings(
        log,
        SqlProjections(database),
        SqlLease(database, alone=alone),
        None if alone else NoticedNews(server.notices),
        metrics.metered_fit(fit, server.registry),
        refit_seconds=settings.refit_seconds,
        holder=settings.instance,
        rebuilds=SqlRebuilds(database),
    )
    await ratings.begin()
    leaderboards = Leaderboards(
        ratings, Windows(log, ratings.boards, fit), Curves(log, fit), _pages(server)
    )
    gate_store = metrics.MeteredGates(SqlGates(database), server.registry)
    servicer = EloServicer(
        ratings,
        log,
        leaderboards,
        most_watchers=settings.max_watchers,
        least_seconds=settings.watch_seconds,
        heartbeat_seconds=settings.heartbeat_seconds,
        gate_store=gate_store,
        evaluated=Gates(gate_store, log, ratings, time.time),
        clock=time.time,
    )
    server.registry.register(metrics.StateCollector(ratings, servicer))
    server.add_servicer(SERVICE, add_elo_servicer, servicer)
    server.background(ratings.refit_forever, "refit")
    server.background(ratings.complete_forever, "complete")
    if not alone:
        server.background(ratings.lead_forever, "lead")
        server.background(ratings.follow_forever, "follow")
    server.on_drain(ratings.close)
    server.on_stop(ratings.leave)
    server.on_stop(ratings.close)
    gc.freeze()


def _pages(server: Server) -> PageStore | None:
    if server.redis is None:
        return None
    from services.elo.stores.redis_pages import RedisPages

    return RedisPages(server.redis)
