"""Composes the Elo service."""

from __future__ import annotations

import gc

from mazemesh.v1.elo_pb2_grpc import add_EloServiceServicer_to_server
from services._harness import Server
from services.elo import metrics
from services.elo.models.bradley_terry import fit
from services.elo.servicer import EloServicer
from services.elo.settings import EloSettings
from services.elo.standings.ratings import Ratings
from services.elo.store import PageStore
from services.elo.stores.sql import SqlResultLog


async def bind(settings: EloSettings, server: Server) -> None:
    """SQL log -> ladders, folded from it -> servicer; fits in the background."""
    await server.database.migrate("services.elo")
    ratings = Ratings(
        metrics.MeteredLog(SqlResultLog(server.database), server.registry),
        metrics.metered_fit(fit, server.registry),
        settings.refit_seconds,
    )
    server.registry.register(metrics.LadderCollector(lambda: ratings.boards))
    await _fold(ratings)
    servicer = EloServicer(
        ratings,
        metrics.watchers(server.registry),
        most_watchers=settings.max_watchers,
        least_seconds=settings.watch_seconds,
        heartbeat_seconds=settings.heartbeat_seconds,
        pages=_pages(server),
    )
    server.add_servicer("mazemesh.v1.EloService", add_EloServiceServicer_to_server, servicer)
    server.background(ratings.refit_forever, "refit")
    server.on_drain(ratings.close)
    server.on_stop(ratings.close)


def _pages(server: Server) -> PageStore | None:
    if server.redis is None:
        return None
    from services.elo.stores.redis_pages import RedisPages

    return RedisPages(server.redis)


async def _fold(ratings: Ratings) -> None:
    """Folds the whole log, which makes millions of small tuples and no garbage.

    The cyclic collector would walk them again and again, now and at every full collection to come:
    half of the time that folding takes.
    """
    gc.disable()
    try:
        await ratings.catch_up()
    finally:
        gc.enable()
    gc.freeze()
