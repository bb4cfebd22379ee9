"""The composition root of the Game service."""

from __future__ import annotations

import asyncio
import time

from mazemesh.errors import Unavailable
from mazemesh.v1 import game_pb2 as pb
from mazemesh.v1.game_pb2_grpc import add_GameServiceServicer_to_server
from services._harness import Server
from services.game import convert
from services.game.metrics import GameMetrics
from services.game.run_games import RunGamesStream
from services.game.servicer import GameServicer
from services.game.session import Stepping
from services.game.sessions import Sessions
from services.game.settings import GameServiceSettings
from services.game.warm import warm

_SWEEPS_PER_GRACE = 4


async def bind(settings: GameServiceSettings, server: Server) -> None:
    """Composes the service."""
    metrics = GameMetrics(server.registry)
    sessions: Sessions[pb.GamesStep] = Sessions(
        settings.session_grace, settings.max_sessions, time.monotonic
    )
    stepping = Stepping(
        convert.games_step, metrics.stepped, time.perf_counter, settings.inline_seats
    )
    metrics.gauge("sessions", "RunGames sessions.", lambda: len(sessions))

    async def sweep() -> None:
        while True:
            await asyncio.sleep(min(1.0, settings.session_grace / _SWEEPS_PER_GRACE))
            for session in sessions.drop_lost():
                server.log.info("session lost", session_id=session.session_id)

    async def end_streams() -> None:
        sessions.end_streams(Unavailable("the Game service is stopping"))

    server.background(sweep, "sweep")
    server.background(warm, "warm")
    server.on_drain(end_streams)
    server.add_servicer(
        "mazemesh.v1.GameService",
        add_GameServiceServicer_to_server,
        GameServicer(RunGamesStream(sessions, stepping)),
    )
