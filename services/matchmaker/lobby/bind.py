"""Composes the lobby: who waits, and who is put together."""

from __future__ import annotations

import time

import numpy as np

from services._harness import Server
from services.matchmaker.experiments.reporting import Reporting
from services.matchmaker.lobby.desk import Desk
from services.matchmaker.lobby.lobby import Lobby
from services.matchmaker.lobby.matching import Matching
from services.matchmaker.lobby.seekers import Seekers
from services.matchmaker.lobby.tickets import Window
from services.matchmaker.metrics import rating_gap, ticket_wait
from services.matchmaker.numbers import Numbers
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.remotes import Peers
from services.matchmaker.settings import MatchmakerSettings
from services.matchmaker.store import LeaderStore, TicketStore
from services.matchmaker.stores.tickets.kept_tickets import KeptTickets
from services.matchmaker.stores.tickets.memory import LocalLeaders, MemoryTickets

_RATINGS_AGE = 2.0  # Elo refits about as often


async def bind_lobby(
    settings: MatchmakerSettings,
    server: Server,
    numbers: Numbers,
    ratings: Ratings,
    peers: Peers,
    reporting: Reporting,
) -> tuple[Lobby, Matching]:
    """The lobby, and what puts those who wait there into matches."""
    tickets, leaders = await _tickets(settings, server)
    is_shared = server.redis is not None
    desk = Desk(
        tickets,
        server.notices,
        settings.disconnect_grace_seconds,
        time.time,
        is_shared=is_shared,
    )
    window = Window(
        settings.window_start,
        settings.window_step,
        settings.window_step_seconds,
        settings.window_ceiling,
    )
    seekers = Seekers(peers.elo, _RATINGS_AGE, time.time)
    server.on_stop(seekers.close)
    lobby = Lobby(
        desk,
        seekers,
        instance=settings.instance,
        window=window,
        heartbeat=settings.heartbeat_seconds,
    )
    matching = Matching(
        desk,
        leaders,
        numbers,
        ratings,
        peers.game,
        peers.game,
        seekers,
        instance=settings.instance,
        is_shared=is_shared,
        window=window,
        rng=np.random.default_rng(),
        backfill_after=settings.backfill_seconds,
        waited=ticket_wait(server.registry).observe,
        gap=rating_gap(server.registry).observe,
        made=reporting.note,
    )
    return lobby, matching


async def _tickets(settings: MatchmakerSettings, server: Server) -> tuple[TicketStore, LeaderStore]:
    """Where tickets are, and whose turn it is to match them: Redis, or this process alone.

    A database that this process has alone keeps them over a restart.
    """
    if server.redis is not None:
        from services.matchmaker.stores.redis_leaders import RedisLeaders
        from services.matchmaker.stores.tickets.redis_tickets import RedisTickets

        return RedisTickets(server.redis, settings.max_tickets), RedisLeaders(server.redis)
    if server.database.shared:
        return MemoryTickets(settings.max_tickets), LocalLeaders()
    kept = KeptTickets(server.database, settings.max_tickets)
    await kept.load(time.time())
    server.on_stop(kept.close)
    return kept, LocalLeaders()
