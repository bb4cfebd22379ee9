"""The peers of `bench rating` are what was published of them, and ours agrees with theirs."""

from typing import Any

import numpy as np
import pytest

from bench.rating import coverage, fits, gates
from bench.rating.games import Games, folded
from bench.rating.peers import INSTALL, missing, peer
from services.elo.models import plackett_luce
from services.elo.models.plackett_luce import Skill


def test_trueskill_is_as_published() -> None:
    trueskill: Any = pytest.importorskip("trueskill")
    won, lost = trueskill.rate_1vs1(trueskill.Rating(), trueskill.Rating())
    assert (won.mu, lost.mu) == (pytest.approx(29.396, abs=1e-3), pytest.approx(20.604, abs=1e-3))
    assert won.sigma == lost.sigma == pytest.approx(7.171, abs=1e-3)


@pytest.mark.parametrize("scores", [[1.0, 0.0], [0.5, 0.5], [0.2, 0.9, 0.5, 0.0]])
def test_plackett_luce_is_that_of_openskill(scores: list[float]) -> None:
    models: Any = pytest.importorskip("openskill.models")
    model = models.PlackettLuce(tau=0.0)  # what a policy can does not drift
    rng = np.random.default_rng(len(scores))
    ours = [[Skill(*pair)] for pair in rng.uniform((20, 3), (30, 8), (len(scores), 2)).tolist()]
    theirs = [[model.rating(mu=one.mean, sigma=one.deviation)] for (one,) in ours]
    found = plackett_luce.updated(ours, scores)
    expected = model.rate(theirs, scores=scores)
    for (one,), (other,) in zip(found, expected, strict=True):
        assert one == pytest.approx((other.mu, other.sigma), abs=1e-9)


def test_a_fit_is_near_those_of_the_peers() -> None:
    pytest.importorskip("evalica")
    found = fits.measure(20, 40_000)
    assert (found["pairs"], found["results"]) == (190, 40_000)
    for name in ("evalica", "choix"):
        if peer(name) is not None:
            assert found[f"{name}_difference_elo"] < 3.0


def test_what_is_not_installed_is_told() -> None:
    assert missing("json", "no_such_peer") == {"no_such_peer": f"not installed: {INSTALL}"}
    assert peer("no_such_peer") is None


def test_games_are_folded_with_and_without_models() -> None:
    names = ["run:1", "run:2", "run:3"]
    games = Games.drawn(np.random.default_rng(1), names, np.array([800.0, 1000.0, 1200.0]), 300)
    with_all, alone = folded(games.duels()), folded(games.duels(), models=False)
    assert alone.skills is None
    assert with_all.pairs.rows.tobytes() == alone.pairs.rows.tobytes()
    assert with_all.matches == alone.matches == 300


def test_simulations_have_the_shape_that_is_told() -> None:
    found = coverage.measure(3)
    assert found["intervals"] == 2 * 3 * 11
    assert 0.7 < found["coverage"] <= 1.0
    gate = gates.measure(4, 200.0)
    assert gate["theory_pairs"] == pytest.approx(13.1, abs=0.1)
    assert 0 < gate["mean_pairs"] < 100
