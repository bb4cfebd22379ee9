"""Results that an Elo service is told, and its settings."""

from pathlib import Path
from typing import Any

import numpy as np

from mazemesh.v1 import elo_pb2
from services.elo.log.match import Match
from services.elo.settings import EloSettings
from tests.unit.elo.played import TRUTH, simulated

MATCHES = simulated(np.random.default_rng(1), TRUTH, 120, correlation=0.5)


def on_the_wire(one: Match) -> elo_pb2.MatchResult:
    result = elo_pb2.MatchResult(
        match_id=one.match_id,
        ladder=one.ladder,
        seed=one.seed,
        rules_hash=one.rules_hash,
        participants=one.participants,
        games=[elo_pb2.GameOutcome(**game._asdict()) for game in one.games],
    )
    result.finish_time.FromNanoseconds(one.finish_nanoseconds)
    return result


RESULTS = [on_the_wire(one) for one in MATCHES]


def settings_in(folder: Path, **changes: Any) -> EloSettings:
    return EloSettings(port=0, metrics_port=0, data_dir=folder, refit_seconds=0.05, **changes)
