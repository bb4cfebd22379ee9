"""Composes the Matchmaker: settings -> stores, peers -> core -> servicer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mazemesh.client.addresses import split_addresses
from mazemesh.v1.matchmaker_pb2_grpc import add_MatchmakerServiceServicer_to_server
from services._harness import Server
from services._harness.game_specs import GameSpecs, SpecPeer
from services.matchmaker.lobby.lobby import Lobby
from services.matchmaker.lobby.tickets import Window
from services.matchmaker.metrics import MatchmakerCollector, ticket_wait
from services.matchmaker.numbers import Numbers
from services.matchmaker.peers import EloPeer, GamePeer, ModelPeer
from services.matchmaker.rating.anchors import Anchors
from services.matchmaker.rating.cooldown import Cooldowns
from services.matchmaker.rating.evaluation import Evaluation, Throttle
from services.matchmaker.rating.ledger import Ledger
from services.matchmaker.rating.pairing import PairingRules
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.remotes import RemoteElo, RemoteGame, RemoteModel
from services.matchmaker.servicer import MatchmakerServicer
from services.matchmaker.settings import MatchmakerSettings
from services.matchmaker.stores.memory import MemoryTickets
from services.matchmaker.stores.sql import SqlAnchors, SqlLeases, SqlNumbers, SqlOutcomes
from services.matchmaker.training.opponents import Mix
from services.matchmaker.training.snapshots import SnapshotRoster, follow
from services.matchmaker.training.training import Training

_RATINGS_AGE = 2.0  # Elo refits about as often
_MODEL_RETRY = 1.0
# Clients of the Matchmaker try again by themselves, five times within their deadline of 10 s.
_GAME_WAIT = 1.0


class Game(GamePeer, SpecPeer, Protocol):
    """The Game service: it creates matches, and tells of games."""


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
    games = GameSpecs(peers.game, wait=_GAME_WAIT)
    roster = SnapshotRoster(settings.games, games)
    training = _training(settings, server, roster)
    numbers = Numbers(SqlNumbers(server.database))
    ratings = Ratings(peers.elo, _RATINGS_AGE, time.time)
    ledger = Ledger(
        SqlLeases(server.database),
        settings.lease_seconds,
        settings.max_attempts,
        settings.keep_ended_seconds,
    )
    evaluation = _evaluation(settings, ledger, numbers, roster, ratings, peers)
    waited = ticket_wait(server.registry).observe
    lobby = _lobby(settings, numbers, ratings, peers, waited)
    anchors = Anchors(
        SqlAnchors(server.database), roster, numbers, peers.game, matches=settings.anchor_matches
    )
    await training.load()
    await ledger.load()
    await anchors.load()

    async def flush() -> None:
        await training.flush()
        await evaluation.flush()

    async def flush_regularly() -> None:
        while True:
            await asyncio.sleep(settings.outcome_flush_seconds)
            await flush()

    server.registry.register(MatchmakerCollector(training, evaluation, roster, lobby))
    server.on_drain(lobby.close)
    server.on_stop(flush)
    server.background(flush_regularly, "flush")
    server.background(lambda: follow(peers.model, roster, _MODEL_RETRY), "follow policies")
    server.background(lobby.run, "match players")
    server.background(lambda: anchors.run(settings.anchor_seconds), "anchor ladders")
    servicer = MatchmakerServicer(
        training,
        evaluation,
        lobby,
        games,
        temperature=settings.temperature,
        game_address=split_addresses(settings.public_game_address or settings.game_address)[0],
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
    ledger: Ledger,
    numbers: Numbers,
    roster: SnapshotRoster,
    ratings: Ratings,
    peers: Peers,
) -> Evaluation:
    return Evaluation(
        ledger,
        numbers,
        roster,
        ratings,
        peers.game,
        cooldowns=Cooldowns(settings.cooldown_seconds, settings.cooldown_ceiling_seconds),
        rules=PairingRules(
            uniform_share=settings.uniform_share,
            target_half_width=settings.target_half_width,
            min_matches=settings.min_matches,
            max_matches=settings.max_matches,
        ),
        throttle=Throttle(
            settings.max_outstanding, settings.retry_seconds, settings.settled_retry_seconds
        ),
        clock=time.time,
        rng=np.random.default_rng(),
    )


def _lobby(
    settings: MatchmakerSettings,
    numbers: Numbers,
    ratings: Ratings,
    peers: Peers,
    waited: Callable[[float], None],
) -> Lobby:
    return Lobby(
        MemoryTickets(settings.max_tickets),
        numbers,
        ratings,
        peers.game,
        window=Window(
            settings.window_start,
            settings.window_step,
            settings.window_step_seconds,
            settings.window_ceiling,
        ),
        grace=settings.disconnect_grace_seconds,
        heartbeat=settings.heartbeat_seconds,
        clock=time.time,
        rng=np.random.default_rng(),
        waited=waited,
    )
