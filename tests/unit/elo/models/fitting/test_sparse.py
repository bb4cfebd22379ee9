"""A large ladder's fit is that of a small one, with intervals that are nearly as good."""

import numpy as np
import pytest

from services.elo.models import bradley_terry
from services.elo.models.bradley_terry import Fit, fit
from services.elo.models.fitting.posterior import Problem
from services.elo.models.fitting.spread import Covariance, Samples
from services.elo.standings.standings import QUANTILE
from tests.unit.elo.played import BOTS, folded, match, simulated


def ladders() -> dict[str, Problem]:
    rng = np.random.default_rng(1)
    chain = {f"race:{n}": 600.0 + 8 * n for n in range(1, 120)} | dict.fromkeys(BOTS, 1000.0)
    people = {f"player/p{n}": 1000.0 + 300 * rng.normal() for n in range(100)}
    near = [
        match(f"m{n}", (f"race:{at}", f"race:{at + 1}"), float(rng.integers(0, 3)) / 2, 1.0)
        for n, at in enumerate(rng.integers(1, 150, 900).tolist())
    ]
    return {
        "versions and bots": folded(simulated(rng, chain, 1500)).problem(),
        "people, no bots": folded(simulated(rng, people, 600)).problem(),
        "a long chain": folded(near).problem(),
        "several at once": folded(
            [match(f"t{n}", tuple(rng.choice(list(chain), 4, replace=False).tolist()),
                   tuple(rng.random(4).tolist())) for n in range(500)]
        ).problem(),
        "one pair": folded([match("m", ("race:1", "race:2"), 1.0)]).problem(),
        "apart": folded(
            [match(f"a{n}", ("race:1", BOTS[0]), 1.0, 0.0) for n in range(9)]
            + [match(f"b{n}", ("player/a", "player/b"), 1.0, 0.5) for n in range(9)]
        ).problem(),
    }  # fmt: skip


LADDERS = ladders()


def both(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> tuple[Fit, Fit]:
    dense = fit(problem)
    monkeypatch.setattr(bradley_terry, "LARGE", 0)
    return dense, fit(problem)


@pytest.mark.parametrize("which", LADDERS)
def test_ratings_are_those_of_the_dense_fit(which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dense, sparse = both(LADDERS[which], monkeypatch)
    assert isinstance(dense.spread, Covariance)
    assert isinstance(sparse.spread, Samples)
    np.testing.assert_allclose(sparse.ratings, dense.ratings, atol=1e-5)
    assert sparse.log_nu == pytest.approx(dense.log_nu, abs=1e-8)
    assert sparse.correlation == pytest.approx(dense.correlation, abs=1e-8)


@pytest.mark.parametrize("which", LADDERS)
def test_intervals_are_within_a_few_percent(which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dense, sparse = both(LADDERS[which], monkeypatch)
    ratio = np.sqrt(sparse.spread.variances / np.maximum(dense.spread.variances, 1e-9))
    ratio = ratio[dense.spread.variances > 1e-6]  # a lone anchor is certain
    assert abs(ratio.mean() - 1.0) < 0.05
    assert np.abs(ratio - 1.0).max() < 0.2


def test_ranks_are_nearly_those_of_the_whole_covariance(monkeypatch: pytest.MonkeyPatch) -> None:
    dense, sparse = both(LADDERS["versions and bots"], monkeypatch)
    everyone = np.arange(len(dense.ratings))
    exact = dense.spread.better(dense.ratings, everyone, QUANTILE)
    found = sparse.spread.better(sparse.ratings, everyone, QUANTILE)
    assert np.abs(found - exact).mean() < 0.04 * len(everyone)
    some = everyone[5:60]
    np.testing.assert_array_less(sparse.spread.better(sparse.ratings, some, QUANTILE), len(some))


def test_ranks_are_what_the_draws_say_pair_by_pair() -> None:
    rng = np.random.default_rng(4)
    ratings, draws = rng.normal(0, 100, 300), rng.normal(0, 30, (300, 128)).astype(np.float32)
    draws *= rng.uniform(0.2, 3.0, (300, 1)).astype(np.float32)
    variances = (draws.astype(float) ** 2).mean(axis=1)
    found = Samples(variances, draws).better(ratings, np.arange(300), QUANTILE)
    deviations = np.sqrt(variances)
    for player in range(300):
        lead = ratings - ratings[player]
        apart = np.sqrt(((draws - draws[player]).astype(float) ** 2).mean(axis=1))
        better = (lead > QUANTILE * apart) | (
            lead > QUANTILE * (deviations.max() + deviations[player])
        )
        assert found[player] == np.count_nonzero(better & (lead > 0))


def test_a_fit_again_has_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bradley_terry, "LARGE", 0)
    one, again = fit(LADDERS["a long chain"]), fit(LADDERS["a long chain"])
    assert one.ratings.tobytes() == again.ratings.tobytes()
    assert one.spread.variances.tobytes() == again.spread.variances.tobytes()


def test_intervals_hold_the_truth_as_often_as_those_of_the_dense_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(5)
    hits: list[list[bool]] = [[], []]
    for _ in range(6):
        truth = dict(zip(BOTS, (500.0, 1000.0, 1500.0), strict=True))
        truth |= {f"race:{n}": 600.0 + 12 * n + 60 * rng.normal() for n in range(1, 60)}
        ladder = folded(simulated(rng, truth, 900, correlation=0.3))
        actual = np.array([truth[name] for name in ladder.players.names])
        with monkeypatch.context() as patched:
            for held, found in zip(hits, both(ladder.problem(), patched), strict=True):
                reach = QUANTILE * np.sqrt(found.spread.variances)
                held += list(np.abs(found.ratings - actual) < reach)
    dense, sparse = map(np.mean, hits)
    assert abs(dense - sparse) < 0.02
