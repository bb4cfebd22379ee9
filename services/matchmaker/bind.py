"""Composes the Matchmaker: settings -> stores, peers -> core -> servicer."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import structlog

from mazemesh.client.addresses import split_addresses
from mazemesh.errors import MazemeshError
from mazemesh.v1.matchmaker_pb2_grpc import add_MatchmakerServiceServicer_to_server
from services._harness import Server
from services._harness.peers.game_specs import GameSpecs
from services.matchmaker.experiments.metrics import ReportingCollector
from services.matchmaker.experiments.reporting import Reporting
from services.matchmaker.gates.bind import bind_gate_driver, bind_gates
from services.matchmaker.gates.gates import players_of as gated
from services.matchmaker.gates.store import GATES
from services.matchmaker.lobby.bind import bind_lobby
from services.matchmaker.lobby.desk import TOPIC
from services.matchmaker.metrics import MatchmakerCollector
from services.matchmaker.numbers import Numbers
from services.matchmaker.rating.anchors import Anchors
from services.matchmaker.rating.bind import bind_evaluation
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.remotes import Peers, RemoteElo, RemoteGame, RemoteModel
from services.matchmaker.runs.first import InOrder
from services.matchmaker.runs.holds import Holds
from services.matchmaker.servicer import MatchmakerServicer
from services.matchmaker.settings import MatchmakerSettings
from services.matchmaker.stores.contests.sql_gates import SqlGates
from services.matchmaker.stores.contests.sql_tournaments import SqlTournaments
from services.matchmaker.stores.sql import SqlAnchors, SqlNumbers
from services.matchmaker.stores.sql_leaders import SqlLeaders
from services.matchmaker.stores.sql_leases import SqlLeases
from services.matchmaker.stores.sql_outcomes import SqlOutcomes
from services.matchmaker.stores.sql_served import SqlServed
from services.matchmaker.stores.sql_workers import SqlWorkers
from services.matchmaker.tournaments.bind import bind_tournaments, tournament_rules
from services.matchmaker.tournaments.books import Books
from services.matchmaker.tournaments.driver import Driver as TournamentDriver
from services.matchmaker.tournaments.store import TOURNAMENTS
from services.matchmaker.tournaments.tournaments import PREFIX as TOURNAMENT_PREFIX
from services.matchmaker.tournaments.tournaments import players_of as entered
from services.matchmaker.training.opponents import Mix
from services.matchmaker.training.snapshots import SnapshotRoster, follow
from services.matchmaker.training.training import Training
from services.matchmaker.wire.find_calls import FindCalls
from services.matchmaker.wire.gate_calls import GateCalls
from services.matchmaker.wire.tournament_calls import TournamentCalls
from services.matchmaker.wire.worker_calls import WorkerCalls
from services.matchmaker.workers.bind import bind_auditor
from services.matchmaker.workers.quarantine import Quarantine

_log = structlog.get_logger(__name__)

_RATINGS_AGE = 2.0  # Elo refits about as often
_CHAMPIONS_AGE = 5.0
_MODEL_RETRY = 1.0
_HOLD_AGAIN, _HOLD_RETRY = 3600.0, 60.0
# Clients of the Matchmaker try again by themselves, five times within their deadline of 10 s.
_GAME_WAIT = 1.0
_BOTS_AT_ONCE = 32


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
    gates = bind_gates(settings, server, gate_store, numbers, games, peers, holds)
    tournament_store = SqlTournaments(server.database)
    books = Books(tournament_store, time.time)
    tournaments = bind_tournaments(
        settings, server, tournament_store, books, numbers, games, peers, holds
    )
    first = InOrder({"gate-": gates, TOURNAMENT_PREFIX: tournaments})
    workers = SqlWorkers(server.database)
    quarantine = Quarantine(workers, peers.game, peers.elo, gates, time.time)
    auditor = bind_auditor(settings, workers, quarantine, leaders, ratings, peers)
    evaluation = bind_evaluation(
        *(settings, server, leaders, numbers, roster, ratings, peers, first),
        quarantine,
        holds,
    )
    driver = bind_gate_driver(settings, server, gates, gate_store, leaders, roster, ratings, peers)
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
        rules=tournament_rules(settings),
        patience=settings.tournament_patience_seconds,
        changed=lambda: server.notices.publish(TOURNAMENTS),
        clock=time.time,
    )
    reporting = Reporting(SqlServed(server.database), peers.elo, peers.model, time.time)
    lobby, matching = await bind_lobby(settings, server, numbers, ratings, peers, reporting)
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
