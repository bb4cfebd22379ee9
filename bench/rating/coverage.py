"""How often 95 % intervals hold the truth, by simulation."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from bench.rating.games import Games, folded
from services.elo.models.bradley_terry import fit
from services.elo.standings.standings import standings

_BOTS = ("bot/random", "bot/wall-follower", "bot/shortest-path")
_VERSIONS = 8


def measure(ladders: int) -> dict[str, Any]:
    """Of ladders of three bots and eight versions, each a random step better than the last."""
    began = time.perf_counter()
    by_matches = {str(matches): _covered(ladders, matches) for matches in (60, 300)}
    return {
        "what": "coverage",
        "coverage": round(float(np.mean(list(by_matches.values()))), 4),
        "by_matches": by_matches,
        "intervals": 2 * ladders * (_VERSIONS + len(_BOTS)),
        "seconds": round(time.perf_counter() - began, 1),
    }


def _covered(ladders: int, matches: int) -> float:
    rng = np.random.default_rng(matches)
    names = [*_BOTS, *(f"race:{2 * number + 1}" for number in range(_VERSIONS))]
    hits = []
    for _ in range(ladders):
        versions = 600.0 + np.cumsum(rng.normal(80.0, 80.0, _VERSIONS))
        truth = np.concatenate([[500.0, 1000.0, 1500.0], versions])
        games = Games.drawn(rng, names, truth, matches, games=2, nu=0.5, correlation=0.4)
        ladder = folded(games.duels(), models=False)
        problem = ladder.problem()
        told = standings(fit(problem), problem, ladder.players.names, 1, matches)
        of_name = dict(zip(names, truth.tolist(), strict=True))
        actual = np.array([of_name[name] for name in told.names])
        hits += list((told.low < actual) & (actual < told.high))
    return round(float(np.mean(hits)), 4)
