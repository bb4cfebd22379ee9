"""Bradley-Terry fits of the same results: ours with intervals and ranks, and those of peers.

Seconds are those of the processor, all threads together, so that others who use the machine do not
count; wall time is told beside.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.rating.games import Games, folded
from bench.rating.peers import peer
from services.elo.models.bradley_terry import fit
from services.elo.models.fitting.posterior import SCALE
from services.elo.standings.folding.ladder import Ladder
from services.elo.standings.standings import Standings, standings

_MOST_OF_CHOIX = 1000
"""Players; its matrix is dense, and its eigenvector takes the third power of them."""

_REFITS = 9

Floats = npt.NDArray[np.float64]


def measure(players: int, results: int) -> dict[str, Any]:
    """Seconds of each from lists of names and outcomes; differences of the ratings in points."""
    rng = np.random.default_rng(players)
    # As strong as the versions of a run, but without parents, whose prior the peers do not have;
    # and nobody draws, which each of them takes in a way of its own.
    names = [f"player/{number}" for number in range(players)]
    games = Games.drawn(rng, names, np.linspace(600.0, 1800.0, players), results)
    columns = games.duels()
    _fitted(folded(Games.drawn(rng, names, np.zeros(players), 5000).duels(), models=False))
    began, wall = time.process_time(), time.perf_counter()
    ladder = folded(columns, models=False)
    counted = time.process_time() - began
    told = _fitted(ladder)
    seconds, wall = time.process_time() - began, time.perf_counter() - wall
    refits, walls = [], []
    for _ in range(_REFITS):
        again, wall_again = time.process_time(), time.perf_counter()
        _fitted(ladder)
        refits.append(time.process_time() - again)
        walls.append(time.perf_counter() - wall_again)
    found: dict[str, Any] = {
        "what": "fit",
        "players": players,
        "results": results,
        "pairs": ladder.pairs.count,
        "seconds": round(seconds, 3),
        "seconds_of_counting": round(counted, 3),
        "wall_seconds": round(wall, 3),
        "fit_alone_seconds": round(statistics.median(refits), 4),
        "refit_ms": round(1e3 * statistics.median(refits), 2),
        "refit_wall_ms": round(1e3 * statistics.median(walls), 2),
    }
    ratings = np.empty(players)
    ratings[[names.index(name) for name in told.names] if players < 2000 else _order(told)] = (
        told.ratings
    )
    ratings -= ratings.mean()
    for name, run in (("evalica", _evalica), ("choix", _choix)):
        if peer(name) is None:
            continue
        if name == "choix" and players > _MOST_OF_CHOIX:
            found["choix"] = f"left out: of more than {_MOST_OF_CHOIX} players it takes hours"
            continue
        taken, of_wall, theirs = run(games)
        found[f"{name}_seconds"] = round(taken, 3)
        found[f"{name}_wall_seconds"] = round(of_wall, 3)
        found[f"{name}_wall_ratio"] = round(wall / of_wall, 4)
        found[f"{name}_ratio"] = round(seconds / taken, 4)
        found[f"{name}_ratio_of_fit_alone"] = round(statistics.median(refits) / taken, 4)
        found[f"{name}_difference_elo"] = round(float(np.abs(theirs - ratings).max()), 3)
    return found


def _order(told: Standings) -> list[int]:
    return [int(name.partition("/")[2]) for name in told.names]


def _fitted(ladder: Ladder) -> Standings:
    """What the service does for each refit, from the counts that it keeps."""
    problem = ladder.problem()
    return standings(fit(problem), problem, ladder.players.names, ladder.high_water, ladder.matches)


def _evalica(games: Games) -> tuple[float, float, Floats]:
    import evalica

    names = games.names
    first = [names[one] for one in games.first.tolist()]
    second = [names[one] for one in games.second.tolist()]
    won = games.scores[:, 0].tolist()
    winners = [evalica.Winner.X if score == 1.0 else evalica.Winner.Y for score in won]
    began, wall = time.process_time(), time.perf_counter()
    result = evalica.bradley_terry(first, second, winners)
    taken, wall = time.process_time() - began, time.perf_counter() - wall
    return taken, wall, _points(np.log(result.scores.loc[names].to_numpy()))


def _choix(games: Games) -> tuple[float, float, Floats]:
    import choix

    won = games.scores[:, 0] == 1.0
    winners = np.where(won, games.first, games.second).tolist()
    losers = np.where(won, games.second, games.first).tolist()
    data = list(zip(winners, losers, strict=True))
    began, wall = time.process_time(), time.perf_counter()
    strengths = choix.ilsr_pairwise(len(games.names), data)
    taken, wall = time.process_time() - began, time.perf_counter() - wall
    return taken, wall, _points(np.asarray(strengths))


def _points(strengths: Floats) -> Floats:
    points: Floats = SCALE * (strengths - strengths.mean())
    return points
