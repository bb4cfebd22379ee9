"""Composes the audit of results."""

from __future__ import annotations

import time

import numpy as np

from services.matchmaker.rating.ratings import Ratings
from services.matchmaker.remotes import Peers
from services.matchmaker.settings import MatchmakerSettings
from services.matchmaker.store import LeaderStore
from services.matchmaker.stores.sql_workers import SqlWorkers
from services.matchmaker.workers.auditor import Auditor, Standards
from services.matchmaker.workers.quarantine import Quarantine


def bind_auditor(
    settings: MatchmakerSettings,
    workers: SqlWorkers,
    quarantine: Quarantine,
    leaders: LeaderStore,
    ratings: Ratings,
    peers: Peers,
) -> Auditor:
    """What looks whether workers tell the truth."""
    return Auditor(
        workers,
        quarantine,
        leaders,
        ratings,
        peers.elo,
        peers.game,
        instance=settings.instance,
        standards=Standards(
            settings.suspect_significance,
            settings.audit_step_seconds,
            settings.audit_recordings,
            settings.gate_patience_seconds,
        ),
        clock=time.time,
        rng=np.random.default_rng(),
    )
