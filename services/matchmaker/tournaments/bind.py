"""Composes tournaments."""

from __future__ import annotations

import time

from services._harness import Server
from services._harness.peers.game_specs import GameSpecs
from services.matchmaker.numbers import Numbers
from services.matchmaker.rating.leases import Terms
from services.matchmaker.remotes import Peers
from services.matchmaker.runs.holds import Holds
from services.matchmaker.runs.resolving import Resolver
from services.matchmaker.settings import MatchmakerSettings
from services.matchmaker.tournaments.books import Books
from services.matchmaker.tournaments.issuing import Rules
from services.matchmaker.tournaments.store import TOURNAMENTS, TournamentStore
from services.matchmaker.tournaments.tournaments import Limits as TournamentLimits
from services.matchmaker.tournaments.tournaments import Tournaments

_BOTS_AT_ONCE = 32


def bind_tournaments(
    settings: MatchmakerSettings,
    server: Server,
    store: TournamentStore,
    books: Books,
    numbers: Numbers,
    games: GameSpecs,
    peers: Peers,
    holds: Holds,
) -> Tournaments:
    """The tournaments."""
    return Tournaments(
        *(store, books, numbers, Resolver(games, peers.model), peers.elo),
        limits=TournamentLimits(settings.max_tournaments, settings.rate_tournaments),
        rules=tournament_rules(settings),
        terms=Terms(settings.lease_seconds, settings.max_attempts),
        changed=lambda: server.notices.publish(TOURNAMENTS),
        clock=time.time,
        holds=holds,
    )


def tournament_rules(settings: MatchmakerSettings) -> Rules:
    """How tournaments issue their matches."""
    return Rules(
        outstanding=settings.tournament_outstanding,
        bots=_BOTS_AT_ONCE,
        rounds=settings.tournament_rounds,
        play_seconds=settings.tournament_play_seconds,
    )
