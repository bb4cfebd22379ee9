"""Composes the rating matches."""

from __future__ import annotations

import time

import numpy as np

from services._harness import Server
from services.matchmaker.numbers import Numbers
from services.matchmaker.rating.champions import Champions
from services.matchmaker.rating.cooldown import Cooldowns
from services.matchmaker.rating.evaluation import Evaluation, FirstMatches, Throttle
from services.matchmaker.rating.leases import Terms
from services.matchmaker.rating.pairing import PairingRules
from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.remotes import Peers
from services.matchmaker.runs.holds import Holds
from services.matchmaker.settings import MatchmakerSettings
from services.matchmaker.store import LeaderStore
from services.matchmaker.stores.sql_leases import SqlLeases
from services.matchmaker.training.snapshots import SnapshotRoster
from services.matchmaker.workers.quarantine import Quarantine

_CHAMPIONS_AGE = 5.0


def bind_evaluation(
    settings: MatchmakerSettings,
    server: Server,
    leaders: LeaderStore,
    numbers: Numbers,
    roster: SnapshotRoster,
    ratings: Ratings,
    peers: Peers,
    first: FirstMatches,
    quarantine: Quarantine,
    holds: Holds,
) -> Evaluation:
    """The rating matches."""
    return Evaluation(
        SqlLeases(server.database),
        leaders,
        numbers,
        roster,
        ratings,
        peers.game,
        instance=settings.instance,
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
