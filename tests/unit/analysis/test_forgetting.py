"""Forgetting by hand."""

import numpy as np
import pytest

from mazemesh.analysis.forgetting import mean_forgetting, milestones

VERSIONS = ["race:1", "race:5", "race:9"]
OPPONENTS = ["race:1", "race:5", "bot/random"]
NAN = np.nan
# Rows are versions, columns opponents; so many games that two more draws hardly matter.
SCORE = np.array([[NAN, 0.2, 0.6], [0.8, NAN, 0.9], [0.7, 0.6, 0.5]])
GAMES = np.array([[0, 1e6, 1e6], [1e6, 0, 1e6], [1e6, 1e6, 1e6]])


def test_forgetting_is_the_best_earlier_score_less_the_newest() -> None:
    found = {one.opponent: one for one in milestones(VERSIONS, OPPONENTS, SCORE, GAMES)}
    # Against race:1 only race:5 came before, against the bot race:5 was the best; against race:5
    # the newest is better than race:1 was, so nothing is forgotten.
    expected = {
        "race:1": ("race:5", 0.8, 0.7, 0.1),
        "race:5": ("race:1", 0.2, 0.6, -0.4),
        "bot/random": ("race:5", 0.9, 0.5, 0.4),
    }
    for opponent, (best, best_score, score, forgetting) in expected.items():
        one = found[opponent]
        assert one.best == best
        assert (one.best_score, one.score) == pytest.approx((best_score, score), abs=1e-5)
        assert one.forgetting == pytest.approx(forgetting, abs=1e-5)
        assert 0 < one.half_width < 0.01
    assert mean_forgetting(list(found.values())) == pytest.approx(0.1 / 3, abs=1e-5)


def test_few_games_are_drawn_towards_even() -> None:
    """Who won both of two games is not taken to win always."""
    games = np.array([[0, 2, 2], [2, 0, 2], [2, 2, 2]])
    score = np.array([[NAN, 0.0, 0.0], [1.0, NAN, 1.0], [0.0, 0.0, 0.0]])
    (first, _, bot) = milestones(VERSIONS, OPPONENTS, score, games)
    # (2 + 1) / (2 + 2) and (0 + 1) / (2 + 2).
    assert (first.best_score, first.score, first.forgetting) == (0.75, 0.25, 0.5)
    # Two variances of 3/16 over four games each: 1.96 sqrt(3/32) = 0.60.
    assert bot.half_width == pytest.approx(1.959964 * (3 / 32) ** 0.5)


def test_pairs_of_too_few_games_are_left_out() -> None:
    games = GAMES.copy()
    games[2, 2] = 3
    found = milestones(VERSIONS, OPPONENTS, SCORE, games, min_games=4)
    assert [one.opponent for one in found] == ["race:1", "race:5"]


def test_without_an_earlier_version_nothing_can_be_forgotten() -> None:
    assert milestones(VERSIONS[:1], OPPONENTS, SCORE[:1], GAMES[:1]) == []
    assert mean_forgetting([]) is None
