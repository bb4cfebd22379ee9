"""The composition root of the Game service."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from itertools import count
from uuid import uuid4

import grpc

from mazemesh import tracing
from mazemesh.client.calling import cygrpc
from mazemesh.errors import Unavailable
from mazemesh.games import Catalogue
from mazemesh.games.engines import new_engine
from mazemesh.process.memory import keep_freed_memory
from mazemesh.v1 import game_pb2
from services._harness import Server
from services._harness.blobs.collection import Collection, keep_collecting
from services._harness.blobs.hashed import HashedBlobs
from services._harness.blobs.opening import open_blobs
from services._harness.blobs.threads import enough_threads
from services.game.dm_env.worlds import Worlds
from services.game.listing import Listing
from services.game.local.local_steps import METHOD, LocalSteps
from services.game.matches.match_host import MatchHost
from services.game.matches.outbox import Outbox
from services.game.matches.recorder import Recorder
from services.game.metrics import GameMetrics, State, StateCollector
from services.game.play.room import Room, Rooms
from services.game.play.stepping import Stepping
from services.game.play.warm import warm
from services.game.play.watching import Audience
from services.game.play_game import PlayGameStream
from services.game.recordings.archive import Archive
from services.game.remotes import RemoteElo
from services.game.run_games import GameSessions, RunGamesStream
from services.game.servicer import GameServicer
from services.game.sessions.sessions import Sessions
from services.game.settings import GameServiceSettings
from services.game.stores.sql import SqlResultStore
from services.game.stores.sql_outbox import SqlOutbox
from services.game.stores.sql_recordings import SqlRecordingIndex
from services.game.wire import convert
from services.game.wire.delivery import Delivery, EloPeer
from services.game.wire.handlers import SERVICE, add_game_servicer
from services.game.wire.live_games import LiveGames
from services.game.wire.recordings import encode_file

_MAX_SWEEP_SECONDS = 1.0
_FORGET_SECONDS = 3600.0
_DAY_SECONDS = 86_400.0
_POLL_SECONDS = 2.0


async def bind(settings: GameServiceSettings, server: Server) -> None:
    """Composes the service; rated results go to Elo."""
    elo = RemoteElo(settings.elo_address)
    server.on_stop(elo.close)
    await bind_with(settings, server, elo)


async def bind_with(settings: GameServiceSettings, server: Server, elo: EloPeer) -> None:
    """Composes the service; rated results go to `elo`."""
    keep_freed_memory()
    await server.database.migrate("services.game")
    store = SqlResultStore(server.database, settings.instance)
    outbox = await _outbox(settings, server, elo)
    enough_threads(settings)
    files = open_blobs(settings, "recordings", "game-replays")
    archive = Archive(
        HashedBlobs(files),
        Collection(files, settings.blobs_grace_hours * 3600, time.time),
        SqlRecordingIndex(server.database),
        encode_file,
        settings.max_recordings,
    )
    await archive.clean()
    recorder = Recorder(store, archive, outbox, convert.match_result)
    metrics = GameMetrics(server.registry)
    threads = ThreadPoolExecutor(settings.threads, thread_name_prefix="games")
    server.on_stop(partial(asyncio.to_thread, threads.shutdown, cancel_futures=True))
    stepping = Stepping(metrics.stepped, time.monotonic, time.time, settings.inline_seats, threads)
    serials = count(1)
    games = settings.catalogue
    make_engine = partial(
        new_engine,
        draw_ahead=settings.draw_ahead,
        workers=settings.foreign_workers,
        step_seconds=settings.foreign_step_seconds,
    )
    room = Room(settings.max_memory_mib << 20, settings.max_session_mib << 20)
    rooms = Rooms(room, stepping, settings.draw_ahead)
    match_host = MatchHost(
        store,
        recorder,
        stepping,
        limit=settings.max_matches,
        limit_games=settings.max_match_games,
        serials=serials,
        new_engine=make_engine,
        rooms=rooms,
        move_timeout=settings.move_timeout,
        bot_moves=settings.max_bot_moves,
    )
    sessions: GameSessions = Sessions(settings.session_grace, settings.max_sessions, time.monotonic)
    local = _local_steps(settings, server, sessions)
    listing = Listing(match_host, sessions)
    server.add_servicer(
        SERVICE,
        add_game_servicer,
        GameServicer(
            match_host,
            listing,
            archive,
            stepping,
            RunGamesStream(
                sessions,
                match_host,
                recorder,
                stepping,
                serials,
                make_engine,
                games,
                rooms,
                lambda: local.address if local else "",
                settings.public_address,
                settings.max_key_games,
            ),
            PlayGameStream(match_host),
            games,
            Audience(settings.max_watchers),
            Audience(settings.max_replay_watchers, "look at recordings"),
            settings.public_address,
            _live_games(settings, server, listing),
        ),
    )
    worlds = Worlds(stepping, make_engine, rooms, settings.max_worlds, _name)
    _add_dm_env_rpc(settings, server, worlds, games)
    state = State(
        *(sessions, match_host, outbox, room, archive),
        local_streams=lambda: local.streams if local else 0,
    )
    server.registry.register(StateCollector(state))
    _keep_tidy(settings, server, match_host, sessions)
    server.background(partial(_forget, store, settings), "forget")
    server.background(partial(keep_collecting, archive.collect), "collect files")
    server.background(outbox.run, "outbox")
    server.background(partial(warm, settings.warm_games, games), "warm")


def _live_games(
    settings: GameServiceSettings, server: Server, listing: Listing
) -> LiveGames | None:
    """The games of all instances, where these share a Redis; None: there is but this one."""
    if server.redis is None:
        return None
    from services.game.stores.redis_live_games import RedisLiveGames

    def own(size: int) -> list[game_pb2.ActiveGame]:
        entries = listing.page(size, None, matches=True, training=True)
        return [convert.active_game(entry, settings.public_address) for entry in entries]

    live = LiveGames(RedisLiveGames(server.redis, settings.instance), own)
    server.background(live.run, "live games")
    server.on_stop(live.end)
    return live


async def _outbox(settings: GameServiceSettings, server: Server, elo: EloPeer) -> Outbox:
    store, shared = SqlOutbox(server.database), server.database.shared
    if not shared:
        await store.put_all_back()  # it was this service, before it was started again
    return Outbox(
        store,
        Delivery(elo),
        settings.outbox_batch,
        settings.outbox_max_backoff,
        clock=time.time,
        taken_seconds=settings.outbox_taken_seconds,
        poll=_POLL_SECONDS if shared else None,
        as_part_of=lambda trace: tracing.span("deliver results", parent=trace),
    )


async def _forget(store: SqlResultStore, settings: GameServiceSettings) -> None:
    while True:
        before = time.time() - settings.finished_days * _DAY_SECONDS
        await store.forget(before, settings.max_finished)
        await asyncio.sleep(_FORGET_SECONDS)


def _local_steps(
    settings: GameServiceSettings, server: Server, sessions: GameSessions
) -> LocalSteps | None:
    """What answers sessions of this machine sooner, where that can be had."""
    if not settings.local_streams:
        return None
    try:
        local = LocalSteps(sessions, server.own_calls(METHOD).counted)
    except (*cygrpc.CHANGED, OSError) as error:
        server.log.warning(
            "steps of clients on this machine take longer: no thread of its own answers them",
            reason=str(error),
            grpc=grpc.__version__,
        )
        return None
    server.on_stop(local.stop)
    return local


def _add_dm_env_rpc(
    settings: GameServiceSettings, server: Server, worlds: Worlds, games: Catalogue
) -> None:
    """Serves clients of dm_env, where the extra is installed."""
    if find_spec("dm_env_rpc") is None:
        return
    from services.game.dm_env.servicer import SERVICE as DM_ENV_RPC
    from services.game.dm_env.servicer import DmEnvRpcServicer, add_dm_env_rpc_servicer

    servicer = DmEnvRpcServicer(worlds, games)
    server.add_servicer(DM_ENV_RPC, add_dm_env_rpc_servicer, servicer)

    async def sweep() -> None:
        while True:
            await asyncio.sleep(settings.unplayed_seconds / 4)
            worlds.drop_idle(settings.unplayed_seconds)

    async def end_streams() -> None:
        servicer.end_streams(Unavailable("the Game service is stopping"))

    server.background(sweep, "worlds")
    server.on_drain(end_streams)


def _name() -> str:
    return uuid4().hex


def _keep_tidy(
    settings: GameServiceSettings, server: Server, match_host: MatchHost, sessions: GameSessions
) -> None:
    async def sweep() -> None:
        shortest = min(settings.session_grace, settings.unplayed_seconds)
        while True:
            await asyncio.sleep(min(_MAX_SWEEP_SECONDS, shortest / 4))
            for session in sessions.drop_lost():
                server.log.info("session dropped", session_id=session.session_id)
            for match in await match_host.sweep(settings.unplayed_seconds, settings.session_grace):
                server.log.info("match dropped, nobody played it", match_id=match.setup.match_id)

    async def end_streams() -> None:
        reason = Unavailable("the Game service is stopping")
        sessions.end_streams(reason)
        match_host.end_streams(reason)

    server.background(sweep, "sweep")
    server.on_drain(end_streams)
