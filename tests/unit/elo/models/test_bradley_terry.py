import math
import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.optimize import minimize

from services.elo.log.match import Match
from services.elo.models.bradley_terry import Fit, fit
from services.elo.models.counting.pairs import PairTable
from services.elo.models.fitting.evidence import game_weights
from services.elo.models.fitting.posterior import SCALE, Problem
from services.elo.models.fitting.spread import Covariance
from services.elo.standings.folding.ladder import Ladder
from services.elo.standings.folding.players import parents
from tests.unit.elo.played import BOTS, folded, match, simulated

TRUTH = {
    **dict(zip(BOTS, (600.0, 1000.0, 1400.0), strict=True)),
    "race:1": 700.0,
    "race:4": 900.0,
    "race:6": 1150.0,
    "player/ann": 1300.0,
}


def log_posterior(point: np.ndarray, names: list[str], matches: list[Match], rho: float) -> float:
    """The documented model, game by game and prior by prior, written out a second time."""
    rating = dict(zip(names, point[:-2] * SCALE, strict=True))
    nu, seat = math.exp(point[-2]), point[-1] * SCALE
    total = -((point[-2] - math.log(0.5)) ** 2) / (2 * 1.5**2) - seat**2 / (2 * 100**2)
    for one in matches:
        first, second = one.participants
        weight = 1 / (1 + (len(one.games) - 1) * rho)
        for game in one.games:
            ahead = seat if game.rotation == 0 else -seat
            edge = 10 ** ((rating[first] - rating[second] + ahead) / 800)
            whole = edge + nu + 1 / edge
            chances = {1.0: edge / whole, 0.5: nu / whole, 0.0: 1 / edge / whole}
            total += weight * math.log(chances[game.scores[0]])
    roots = []
    for name in names:
        policy, _, version = name.partition(":")
        older = [n for n in names if version and n.startswith(policy + ":")]
        older = [n for n in older if int(n.partition(":")[2]) < int(version)]
        if older:
            parent = max(older, key=lambda n: int(n.partition(":")[2]))
            total -= (rating[name] - rating[parent]) ** 2 / (2 * 300**2)
        else:
            roots.append(rating[name])
    total -= sum((value - sum(roots) / len(roots)) ** 2 for value in roots) / (2 * 700**2)
    bots = [rating[name] for name in names if name.startswith("bot/")]
    return total - (sum(bots) / len(bots)) ** 2  # any penalty that pins the bots' mean at 0


def brute_force(names: list[str], matches: list[Match], rho: float) -> np.ndarray:
    found = minimize(
        lambda point: -log_posterior(point, names, matches, rho),
        np.zeros(len(names) + 2),
        method="BFGS",
        options={"gtol": 1e-6},
    )
    return np.asarray(found.x)


def covariance(found: Fit) -> np.ndarray:
    assert isinstance(found.spread, Covariance)
    return found.spread.matrix


def names_of(ladder: Ladder) -> list[str]:
    return [record.name for record in ladder.players]


@pytest.mark.parametrize("correlation", [0.0, 1.0])
def test_the_fit_is_what_a_general_optimiser_finds(correlation: float) -> None:
    matches = simulated(np.random.default_rng(3), TRUTH, 60, correlation=correlation)
    ladder = folded(matches)
    found = fit(ladder.problem())
    expected = brute_force(names_of(ladder), matches, found.correlation)
    np.testing.assert_allclose(found.ratings, 1000 + SCALE * expected[:-2], atol=0.05)
    assert found.log_nu == pytest.approx(expected[-2], abs=1e-3)
    assert found.seat == pytest.approx(SCALE * expected[-1], abs=0.05)


def test_the_covariance_is_the_inverse_hessian_seen_from_the_bots() -> None:
    matches = simulated(np.random.default_rng(4), TRUTH, 60)
    ladder = folded(matches)
    found = fit(ladder.problem())
    names = names_of(ladder)
    others = [found.log_nu, found.seat / SCALE]
    at = np.concatenate([(found.ratings - 1000) / SCALE, others])
    size, step = len(at), 1e-3
    hessian = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            corners = [
                a * b * log_posterior(at + step * (a * np.eye(size)[i] + b * np.eye(size)[j]),
                                      names, matches, found.correlation)
                for a in (1, -1) for b in (1, -1)
            ]  # fmt: skip
            hessian[i, j] = -sum(corners) / (4 * step**2)
    bots = np.array([name.startswith("bot/") for name in names])
    seen = np.eye(size - 2) - np.outer(np.ones(size - 2), bots / bots.sum())
    inverse = np.linalg.inv(hessian)
    expected = SCALE**2 * seen @ inverse[:-2, :-2] @ seen.T
    assert found.seat_deviation == pytest.approx(SCALE * math.sqrt(inverse[-1, -1]), rel=1e-3)
    np.testing.assert_allclose(covariance(found), expected, rtol=1e-3, atol=0.5)


def many(wins: float, draws: float, losses: float) -> Fit:
    """One bot and one person who met in so many matches of one game."""
    one = np.ones(1)
    table = PairTable(
        first=np.array([0]),
        second=np.array([1]),
        games=one,
        shares=one,
        matches=(wins + draws + losses) * one,
        wins=wins * one,
        draws=draws * one,
        win_mass=wins * one,
        draw_mass=draws * one,
        game_squares=(wins + draws / 4) * one,
        match_squares=(wins + draws / 4) * one,
        seated=0 * one,
        ahead_games=0 * one,
        ahead_wins=0 * one,
        ahead_draws=0 * one,
    )
    players = ["player/ann", "bot/random"]
    return fit(
        Problem(
            table=table,
            parents=np.array(parents(players)),
            ranked=np.array([True, True]),
            anchors=np.array([False, True]),
            start=np.array([1000.0, 1000.0]),
        )
    )


def test_two_players_have_the_closed_form() -> None:
    wins, draws, losses = 6e6, 3e6, 2e6
    found = many(wins, draws, losses)
    # Davidson (1970), section 3: the estimates reproduce the observed shares.
    assert found.ratings[0] - found.ratings[1] == pytest.approx(SCALE * math.log(3), abs=0.01)
    assert math.exp(found.log_nu) == pytest.approx(draws / math.sqrt(wins * losses), rel=1e-3)


def test_the_interval_of_two_players_without_draws_is_the_binomial_one() -> None:
    found = many(3e5, 0.0, 1e5)
    deviation = math.sqrt(covariance(found)[0, 0])
    assert deviation == pytest.approx(SCALE / math.sqrt(4e5 * 0.75 * 0.25), rel=1e-2)
    np.testing.assert_allclose(covariance(found)[1], 0.0, atol=1e-6)


def test_the_bots_mean_is_1000_and_its_variance_none() -> None:
    ladder = folded(simulated(np.random.default_rng(5), TRUTH, 200))
    found = fit(ladder.problem())
    bots = [ladder.index(bot) for bot in BOTS]
    assert np.mean(found.ratings[bots]) == pytest.approx(1000.0, abs=1e-9)
    assert covariance(found)[np.ix_(bots, bots)].sum() == pytest.approx(0.0, abs=1e-6)


def test_without_bots_the_mean_of_all_is_1000() -> None:
    some = {name: rating for name, rating in TRUTH.items() if not name.startswith("bot/")}
    found = fit(folded(simulated(np.random.default_rng(6), some, 50)).problem())
    assert found.ratings.mean() == pytest.approx(1000.0, abs=1e-9)


def test_the_order_of_the_log_does_not_matter_to_the_fit() -> None:
    rng = np.random.default_rng(7)
    matches = simulated(rng, TRUTH, 150)
    ladder, shuffled = folded(matches), folded([matches[i] for i in rng.permutation(150)])
    found, again = fit(ladder.problem()), fit(shuffled.problem())
    for index, name in enumerate(names_of(ladder)):
        other = shuffled.index(name)
        assert other is not None
        assert found.ratings[index] == pytest.approx(again.ratings[other], abs=1e-5)
        assert covariance(found)[index, index] == pytest.approx(
            covariance(again)[other, other], abs=1e-3
        )


def test_the_start_does_not_matter_to_the_fit() -> None:
    problem = folded(simulated(np.random.default_rng(8), TRUTH, 150)).problem()
    far = Problem(problem.table, problem.parents, problem.ranked, problem.anchors,
                  np.linspace(-5000.0, 9000.0, len(problem.start)))  # fmt: skip
    np.testing.assert_allclose(fit(far).ratings, fit(problem).ratings, atol=1e-5)


def test_one_who_always_wins_gets_a_finite_rating_and_a_wide_interval() -> None:
    found = fit(
        folded([match(f"m{n}", ("race:1", BOTS[0]), 1.0, 1.0) for n in range(50)]).problem()
    )
    assert 1300 < found.ratings[0] < 3000
    assert math.sqrt(covariance(found)[0, 0]) > 150


def test_a_version_without_much_evidence_stays_near_its_parent() -> None:
    matches = [match(f"m{n}", ("race:1", BOTS[0]), 1.0, 0.0, 1.0, 1.0) for n in range(300)]
    matches += [match("last", ("race:2", "player/ann"), 0.5)]
    ladder = folded(matches)
    found = fit(ladder.problem())
    one, two, ann = (ladder.index(name) for name in ("race:1", "race:2", "player/ann"))
    assert found.ratings[two] == pytest.approx(found.ratings[one], abs=40)
    assert covariance(found)[two, two] > 10 * covariance(found)[one, one]
    assert covariance(found)[ann, ann] > covariance(found)[two, two]


def test_three_at_once_rank_as_their_pairs_do() -> None:
    finish = [(1.0, 0.5, 0.0), (0.5, 1.0, 0.0), (1.0, 0.0, 0.5), (1.0, 0.5, 0.0)]
    ladder = folded(
        [match(f"m{n}", ("race:1", "race:2", BOTS[0]), finish[n % 4]) for n in range(80)]
    )
    problem = ladder.problem()
    np.testing.assert_allclose(game_weights(problem.table, 0.0), 0.5)
    found = fit(problem)
    assert found.ratings[0] > found.ratings[1] > found.ratings[2] == pytest.approx(1000.0)


LARGE = """
import time
import numpy as np
from services.elo.models.bradley_terry import fit
from services.elo.models.counting.pairs import PairTable
from services.elo.models.fitting.posterior import Problem

rng = np.random.default_rng(9)
players, rows = 1000, 100_000
first = rng.integers(0, players - 1, rows)
second = rng.integers(first + 1, players)
strengths = rng.normal(0, 1.5, players)
wins = rng.binomial(2, 1 / (1 + np.exp(strengths[second] - strengths[first]))).astype(float)
one, none = np.ones(rows), np.zeros(rows)
table = PairTable(first, second, 2 * one, one, one, wins, none, wins, none, wins, wins**2,
                  none, none, none, none)
anchors = np.arange(players) < 3
problem = Problem(table, np.arange(players) - 1, anchors | True, anchors, np.full(players, 1000.0))
fit(problem)  # loads what is compiled
began = time.process_time()
found = fit(problem)
fitted = time.process_time()
np.linalg.inv(np.eye(players) + np.diag(found.spread.variances))
inverted = time.process_time()
print((fitted - began) / (inverted - fitted), np.corrcoef(found.ratings, strengths)[0, 1])
"""


def test_a_thousand_players_are_fitted_in_the_time_of_some_inverses() -> None:
    # A process of its own, with one thread as the service has.
    ran = subprocess.run(
        [sys.executable, "-c", LARGE],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    # About 5; a BLAS needs 0.1 s for the inverse of a matrix of that size.
    inverses, agreement = map(float, ran.stdout.split())
    assert inverses < 60
    assert agreement > 0.98
