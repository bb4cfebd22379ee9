"""Updates a second of processor time, of models that move with each result."""

from __future__ import annotations

import time
from importlib import import_module
from typing import Any

import numpy as np

from bench.rating.games import Games, folded
from bench.rating.peers import peer

_PLAYERS = 300


def measure(duels: int, of_peers: int) -> dict[str, Any]:
    """Duels a second: ours by all models together, each peer by its one."""
    rng = np.random.default_rng(1)
    names = [f"run:{number}" for number in range(1, _PLAYERS + 1)]
    ratings = np.linspace(600.0, 1800.0, _PLAYERS)
    games = Games.drawn(rng, names, ratings, duels, nu=0.5)
    folded(Games.drawn(rng, names, ratings, 1000).duels())  # loads what is compiled
    columns = games.duels()
    counts = _seconds(lambda: folded(columns, models=False))
    with_all = _seconds(lambda: folded(columns))
    found: dict[str, Any] = {
        "what": "online",
        "updates_per_second": round(duels / with_all),
        "headline_and_elo_alone_per_second": round(duels / counts),
        "cost_of_other_models": round(with_all / counts - 1.0, 2),
        "duels": duels,
    }
    few = (games.first[:of_peers].tolist(), games.second[:of_peers].tolist(),
           games.scores[:of_peers, 0].tolist())  # fmt: skip
    for name, run in (("openskill", _openskill), ("trueskill", _trueskill)):
        if peer(name) is not None:
            rate = of_peers / _seconds(lambda run=run: run(*few))
            found[f"{name}_per_second"] = round(rate)
            found[f"times_{name}"] = round(duels / with_all / rate, 1)
    return found


def _seconds(run: Any) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


def _openskill(first: list[int], second: list[int], scores: list[float]) -> None:
    from openskill.models import PlackettLuce

    model = PlackettLuce()
    players = [model.rating() for _ in range(_PLAYERS)]
    for one, other, score in zip(first, second, scores, strict=True):
        teams = model.rate([[players[one]], [players[other]]], scores=[score, 1.0 - score])
        players[one], players[other] = teams[0][0], teams[1][0]


def _trueskill(first: list[int], second: list[int], scores: list[float]) -> None:
    trueskill: Any = import_module("trueskill")

    players = [trueskill.Rating() for _ in range(_PLAYERS)]
    for one, other, score in zip(first, second, scores, strict=True):
        ahead, behind = (one, other) if score >= 0.5 else (other, one)
        players[ahead], players[behind] = trueskill.rate_1vs1(
            players[ahead], players[behind], drawn=score == 0.5
        )
