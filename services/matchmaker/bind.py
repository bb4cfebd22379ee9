"""Composes the Matchmaker: settings -> stores, peers -> core -> servicer."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import structlog

from mazemesh.client.addresses import split_addresses
from mazemesh.errors import MazemeshError
from mazemesh.v1.matchmaker_pb2_grpc import add_MatchmakerServiceServicer_to_server
from services._harness import Server
from services._harness.peers.game_specs import GameSpecs, SpecPeer
from services.matchmaker.experiments.metrics import ReportingCollector
from services.matchmaker.experiments.reporting import Reporting
from services.matchmaker.gates.driver import Driver, Policy
from services.matchmaker.gates.gates import Gates, Limits
from services.matchmaker.gates.gates import players_of as gated
from services.matchmaker.gates.run import Hypotheses
from services.matchmaker.gates.store import GATES, GateStore
from services.matchmaker.lobby.desk import TOPIC, Desk
from services.matchmaker.lobby.lobby import Lobby
from services.matchmaker.lobby.matching import Matching
from services.matchmaker.lobby.seekers import Seekers
from services.matchmaker.lobby.tickets import Window
from services.matchmaker.metrics import MatchmakerCollector, rating_gap, ticket_wait
from services.matchmaker.numbers import Numbers
from services.matchmaker.peers import EloPeer, GamePeer, ModelPeer, SeatPeer
from services.matchmaker.rating.anchors import Anchors
from services.matchmaker.rating.champions import Champions
from services.matchmaker.rating.cooldown import Cooldowns
from services.matchmaker.rating.evaluation import Evaluation, FirstMatches, Throttle
from services.matchmaker.rating.leases import Terms
from services.matchmaker.rating.pairing import PairingRules
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.remotes import RemoteElo, RemoteGame, RemoteModel
from services.matchmaker.runs.first import InOrder
from services.matchmaker.runs.holds import Holds
from services.matchmaker.runs.resolving import Resolver
from services.matchmaker.servicer import MatchmakerServicer
from services.matchmaker.settings import MatchmakerSettings
from services.matchmaker.store import LeaderStore, TicketStore
from services.matchmaker.stores.contests.sql_gates import SqlGates
from services.matchmaker.stores.contests.sql_tournaments import SqlTournaments
from services.matchmaker.stores.sql import SqlAnchors, SqlNumbers
from services.matchmaker.stores.sql_leaders import SqlLeaders
from services.matchmaker.stores.sql_leases import SqlLeases
from services.matchmaker.stores.sql_outcomes import SqlOutcomes
from services.matchmaker.stores.sql_served import SqlServed
from services.matchmaker.stores.sql_workers import SqlWorkers
from services.matchmaker.stores.tickets.kept_tickets import KeptTickets
from services.matchmaker.stores.tickets.memory import LocalLeaders, MemoryTickets
from services.matchmaker.tournaments.books import Books
from services.matchmaker.tournaments.driver import Driver as TournamentDriver
from services.matchmaker.tournaments.issuing import Rules
from services.matchmaker.tournaments.store import TOURNAMENTS, TournamentStore
from services.matchmaker.tournaments.tournaments import PREFIX as TOURNAMENT_PREFIX
from services.matchmaker.tournaments.tournaments import Limits as TournamentLimits
from services.matchmaker.tournaments.tournaments import Tournaments
from services.matchmaker.tournaments.tournaments import players_of as entered
from services.matchmaker.training.opponents import Mix
from services.matchmaker.training.snapshots import SnapshotRoster, follow
from services.matchmaker.training.training import Training
from services.matchmaker.wire.find_calls import FindCalls
from services.matchmaker.wire.gate_calls import GateCalls
from services.matchmaker.wire.tournament_calls import TournamentCalls
from services.matchmaker.wire.worker_calls import WorkerCalls
from services.matchmaker.workers.auditor import Auditor, Standards
from services.matchmaker.workers.quarantine import Quarantine

_log = structlog.get_logger(__name__)

_RATINGS_AGE = 2.0  # Elo refits about as often
_CHAMPIONS_AGE = 5.0
_MODEL_RETRY = 1.0
_HOLD_AGAIN, _HOLD_RETRY = 3600.0, 60.0
# Clients of the Matchmaker try again by themselves, five times within their deadline of 10 s.
_GAME_WAIT = 1.0
_BOTS_AT_ONCE = 32


class Game(GamePeer, SeatPeer, SpecPeer, Protocol):
    """The Game service: it creates matches, tells of games, and gives seats away."""


@dataclass(frozen=True, slots=True)
class Peers:
    """The services that the Matchmaker calls."""

    game: Game
    elo: EloPeer
    model: ModelPeer


async def bind(settings: MatchmakerSettings, server: Server) -> None:
    """Serves with the peers that the settings name."""
    remotes = (
        RemoteGame(settings.game_address, settings.public_game_addresses),
        RemoteElo(settings.elo_address),
        RemoteModel(settings.model_address),
    )
    for remote in remotes:
        server.on_stop(remote.close)
    await bind_with(settings, server, Peers(*remotes))


async def bind_with(settings: MatchmakerSettings, server: Server, peers: Peers) -> None:
    """Serves with the given peers."""
    await server.database.migrate("services.matchmaker")
    instance = settings.instance
    games = GameSpecs(peers.game, wait=_GAME_WAIT)
    roster = SnapshotRoster(settings.games, games)
    training = _training(settings, server, roster)
    numbers = Numbers(SqlNumbers(server.database))
    ratings = Ratings(peers.elo, _RATINGS_AGE, time.time)
    leaders = SqlLeaders(server.database)
    gate_store = SqlGates(server.database)
    holds = Holds(peers.model, time.time)
    gates = _gates(settings, server, gate_store, numbers, games, peers, holds)
    tournament_store = SqlTournaments(server.database)
    books = Books(tournament_store, time.time)
    tournaments = _tournaments(
        settings, server, tournament_store, books, numbers, games, peers, holds
    )
    first = InOrder({"gate-": gates, TOURNAMENT_PREFIX: tournaments})
    workers = SqlWorkers(server.database)
    quarantine = Quarantine(workers, peers.game, peers.elo, gates, time.time)
    auditor = _auditor(settings, workers, quarantine, leaders, ratings, peers, instance)
    evaluation = _evaluation(
        *(settings, server, leaders, numbers, roster, ratings, peers, instance, first),
        quarantine,
        holds,
    )
    driver = _driver(settings, server, gates, gate_store, leaders, roster, ratings, peers, instance)
    gate_calls = GateCalls(
        gates, gate_store, server.notices, heartbeat_seconds=settings.heartbeat_seconds
    )
    game_address = split_addresses(settings.public_game_address or settings.game_address)[0]
    tournament_calls = TournamentCalls(
        *(tournaments, tournament_store, books, server.notices),
        heartbeat_seconds=settings.heartbeat_seconds,
        game_address=game_address,
        clock=time.time,
    )
    tournament_driver = TournamentDriver(
        *(tournament_store, books, SqlLeases(server.database), leaders, peers.elo, peers.game),
        instance=instance,
        rules=_rules(settings),
        patience=settings.tournament_patience_seconds,
        changed=lambda: server.notices.publish(TOURNAMENTS),
        clock=time.time,
    )
    reporting = Reporting(SqlServed(server.database), peers.elo, peers.model, time.time)
    lobby, matching = await _lobby(settings, server, numbers, ratings, peers, instance, reporting)
    anchors = Anchors(
        SqlAnchors(server.database),
        roster,
        numbers,
        peers.game,
        leaders=leaders,
        instance=instance,
        matches=settings.anchor_matches,
    )
    await training.load()

    async def flush_regularly() -> None:
        while True:
            await asyncio.sleep(settings.outcome_flush_seconds)
            await training.flush()
            await evaluation.tidy()

    async def running() -> list[tuple[str, tuple[str, ...]]]:
        found = [(f"gate {run.gate_id}", gated(run)) for run in await gate_store.running()]
        found += [(run.tournament_id, entered(run)) for run in await tournament_store.running()]
        return found

    async def hold_on() -> None:
        while True:
            try:
                await holds.renew(running)
                await asyncio.sleep(_HOLD_AGAIN)
            except MazemeshError as error:
                _log.warning("versions are held on later", reason=str(error))
                await asyncio.sleep(_HOLD_RETRY)

    server.registry.register(
        MatchmakerCollector(
            training,
            evaluation,
            roster,
            lobby,
            matching,
            driver,
            tournaments,
            tournament_driver,
            quarantine,
            auditor,
        )
    )
    server.registry.register(ReportingCollector(reporting))
    server.on_stop(reporting.close)
    server.background(reporting.run, "report outcomes")
    server.on_drain(lobby.close)
    server.on_drain(gate_calls.close)
    server.on_drain(tournament_calls.close)
    server.on_stop(training.flush)
    server.on_stop(driver.close)
    server.on_stop(tournament_driver.close)
    server.background(flush_regularly, "flush")
    server.background(hold_on, "hold versions")
    server.background(lambda: follow(peers.model, roster, _MODEL_RETRY), "follow policies")
    look = server.notices.listen(TOPIC)
    server.background(lambda: lobby.watch(look), "watch tickets")
    server.background(matching.run, "match players")
    server.background(lambda: anchors.run(settings.anchor_seconds), "anchor ladders")
    look_at_gates = server.notices.listen(GATES)
    server.background(
        lambda: driver.run(look_at_gates, settings.gate_seconds, settings.gate_look_seconds),
        "drive gates",
    )
    server.background(lambda: auditor.run(settings.audit_seconds), "audit results")
    look_at_tournaments = server.notices.listen(TOURNAMENTS)
    server.background(
        lambda: tournament_driver.run(
            look_at_tournaments, settings.tournament_seconds, settings.gate_look_seconds
        ),
        "drive tournaments",
    )
    servicer = MatchmakerServicer(
        training,
        evaluation,
        FindCalls(
            lobby,
            games,
            game_address,
            peers.model.assign,
        ),
        games,
        gate_calls,
        tournament_calls,
        WorkerCalls(workers, quarantine),
        temperature=settings.temperature,
    )
    server.add_servicer(
        "mazemesh.v1.MatchmakerService", add_MatchmakerServiceServicer_to_server, servicer
    )


def _training(settings: MatchmakerSettings, server: Server, roster: SnapshotRoster) -> Training:
    return Training(
        roster,
        SqlOutcomes(server.database),
        mix=Mix(settings.latest_share, settings.pfsp_share, settings.bots_share),
        curve=settings.pfsp_curve,
        power=settings.pfsp_power,
        pool_size=settings.pfsp_pool,
        half_life=settings.outcome_half_life,
        rng=np.random.default_rng(),
    )


def _evaluation(
    settings: MatchmakerSettings,
    server: Server,
    leaders: LeaderStore,
    numbers: Numbers,
    roster: SnapshotRoster,
    ratings: Ratings,
    peers: Peers,
    instance: str,
    first: FirstMatches,
    quarantine: Quarantine,
    holds: Holds,
) -> Evaluation:
    return Evaluation(
        SqlLeases(server.database),
        leaders,
        numbers,
        roster,
        ratings,
        peers.game,
        instance=instance,
        terms=Terms(settings.lease_seconds, settings.max_attempts),
        keep_ended=settings.keep_ended_seconds,
        cooldowns=Cooldowns(settings.cooldown_seconds, settings.cooldown_ceiling_seconds),
        rules=PairingRules(
            uniform_share=settings.uniform_share,
            target_half_width=settings.target_half_width,
            min_matches=settings.min_matches,
            max_matches=settings.max_matches,
            placement_share=settings.placement_share,
            starved_share=settings.starved_share,
            starved_matches=settings.starved_matches,
            champion_share=settings.champion_share,
            champion_matches=settings.champion_matches,
            max_live=settings.max_policy_matches,
        ),
        throttle=Throttle(
            settings.max_outstanding,
            settings.retry_seconds,
            settings.settled_retry_seconds,
            settings.max_worker_matches,
        ),
        clock=time.time,
        rng=np.random.default_rng(),
        first=first,
        champions=Champions(peers.model, _CHAMPIONS_AGE, time.time),
        admission=quarantine,
        holds=holds,
    )


def _auditor(
    settings: MatchmakerSettings,
    workers: SqlWorkers,
    quarantine: Quarantine,
    leaders: LeaderStore,
    ratings: Ratings,
    peers: Peers,
    instance: str,
) -> Auditor:
    return Auditor(
        workers,
        quarantine,
        leaders,
        ratings,
        peers.elo,
        peers.game,
        instance=instance,
        standards=Standards(
            settings.suspect_significance,
            settings.audit_step_seconds,
            settings.audit_recordings,
            settings.gate_patience_seconds,
        ),
        clock=time.time,
        rng=np.random.default_rng(),
    )


def _gates(
    settings: MatchmakerSettings,
    server: Server,
    store: GateStore,
    numbers: Numbers,
    games: GameSpecs,
    peers: Peers,
    holds: Holds,
) -> Gates:
    return Gates(
        store,
        numbers,
        games,
        peers.model,
        peers.elo,
        limits=Limits(settings.max_gates, settings.gate_outstanding, settings.gate_memory_matches),
        terms=Terms(settings.lease_seconds, settings.max_attempts),
        changed=lambda: server.notices.publish(GATES),
        clock=time.time,
        holds=holds,
    )


def _tournaments(
    settings: MatchmakerSettings,
    server: Server,
    store: TournamentStore,
    books: Books,
    numbers: Numbers,
    games: GameSpecs,
    peers: Peers,
    holds: Holds,
) -> Tournaments:
    return Tournaments(
        *(store, books, numbers, Resolver(games, peers.model), peers.elo),
        limits=TournamentLimits(settings.max_tournaments, settings.rate_tournaments),
        rules=_rules(settings),
        terms=Terms(settings.lease_seconds, settings.max_attempts),
        changed=lambda: server.notices.publish(TOURNAMENTS),
        clock=time.time,
        holds=holds,
    )


def _rules(settings: MatchmakerSettings) -> Rules:
    return Rules(
        outstanding=settings.tournament_outstanding,
        bots=_BOTS_AT_ONCE,
        rounds=settings.tournament_rounds,
        play_seconds=settings.tournament_play_seconds,
    )


def _driver(
    settings: MatchmakerSettings,
    server: Server,
    gates: Gates,
    store: GateStore,
    leaders: LeaderStore,
    roster: SnapshotRoster,
    ratings: Ratings,
    peers: Peers,
    instance: str,
) -> Driver:
    tested = Hypotheses(
        elo0=0.0,
        elo1=settings.automatic_gate_elo1,
        max_matches=settings.automatic_gate_matches,
    )
    return Driver(
        gates,
        store,
        SqlLeases(server.database),
        leaders,
        roster,
        ratings,
        peers.model,
        peers.elo,
        instance=instance,
        policy=Policy(
            settings.gate_rounds,
            settings.gate_patience_seconds,
            tested if settings.automatic_gates else None,
        ),
        changed=lambda: server.notices.publish(GATES),
        clock=time.time,
    )


async def _lobby(
    settings: MatchmakerSettings,
    server: Server,
    numbers: Numbers,
    ratings: Ratings,
    peers: Peers,
    instance: str,
    reporting: Reporting,
) -> tuple[Lobby, Matching]:
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
        desk, seekers, instance=instance, window=window, heartbeat=settings.heartbeat_seconds
    )
    matching = Matching(
        desk,
        leaders,
        numbers,
        ratings,
        peers.game,
        peers.game,
        seekers,
        instance=instance,
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
