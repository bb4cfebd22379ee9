"""Composes gates: those there are, and what drives them."""

from __future__ import annotations

import time

from services._harness import Server
from services._harness.peers.game_specs import GameSpecs
from services.matchmaker.gates.driver import Driver, Policy
from services.matchmaker.gates.gates import Gates, Limits
from services.matchmaker.gates.run import Hypotheses
from services.matchmaker.gates.store import GATES, GateStore
from services.matchmaker.numbers import Numbers
from services.matchmaker.rating.leases import Terms
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.remotes import Peers
from services.matchmaker.runs.holds import Holds
from services.matchmaker.settings import MatchmakerSettings
from services.matchmaker.store import LeaderStore
from services.matchmaker.stores.sql_leases import SqlLeases
from services.matchmaker.training.snapshots import SnapshotRoster


def bind_gates(
    settings: MatchmakerSettings,
    server: Server,
    store: GateStore,
    numbers: Numbers,
    games: GameSpecs,
    peers: Peers,
    holds: Holds,
) -> Gates:
    """The gates."""
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


def bind_gate_driver(
    settings: MatchmakerSettings,
    server: Server,
    gates: Gates,
    store: GateStore,
    leaders: LeaderStore,
    roster: SnapshotRoster,
    ratings: Ratings,
    peers: Peers,
) -> Driver:
    """What drives gates, and starts them by itself."""
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
        instance=settings.instance,
        policy=Policy(
            settings.gate_rounds,
            settings.gate_patience_seconds,
            tested if settings.automatic_gates else None,
        ),
        changed=lambda: server.notices.publish(GATES),
        clock=time.time,
    )
