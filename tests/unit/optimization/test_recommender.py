"""The ranker and its users."""

from __future__ import annotations

import numpy as np

from mazemesh.optimization.problems.recommender import PATIENCE, Catalogue, recommender


def point(categories: int, **given: float) -> np.ndarray:
    names = ("relevance", "popularity", "freshness", "margin", "trade_off")
    return np.array([[given.get(name, 0.0) for name in names] + [0.0] * categories])


def test_by_margin_alone_the_dearest_are_shown() -> None:
    catalogue = Catalogue(categories=5, items=30, segments=3, slate=4, seed=2)
    shown = catalogue.slates(point(5, margin=1.0))
    expected = np.argsort(-catalogue.margin)[:4]
    np.testing.assert_array_equal(shown[0], np.tile(expected, (3, 1)))


def test_no_item_is_shown_twice() -> None:
    catalogue = Catalogue(seed=1)
    points = np.random.default_rng(0).uniform(-1, 1, (10, 30))
    shown = np.sort(catalogue.slates(points), axis=2)
    assert (np.diff(shown, axis=2) > 0).all()


def test_the_trade_off_makes_slates_varied() -> None:
    problem = recommender(seed=4)
    points = np.vstack([point(25, relevance=1.0, trade_off=t) for t in (0.0, 0.5, 1.0)])
    clicks, _, diversity, _ = problem.evaluated(points).values.T
    assert (np.diff(diversity) > 0).all()
    assert (np.diff(clicks) < 0).all()


def test_a_boost_brings_its_category() -> None:
    catalogue = Catalogue(categories=5, items=30, segments=3, slate=4)
    boosted = point(5)
    boosted[0, 5 + 2] = 0.5
    assert (catalogue.category[catalogue.slates(boosted)] == 2).all()


def test_clicks_are_expected_by_position() -> None:
    catalogue = Catalogue(categories=5, items=30, segments=2, slate=3)
    points = point(5, margin=1.0)
    items = catalogue.slates(points)[0, 0]
    expected = (catalogue.click[:, items] * PATIENCE ** np.arange(3)).sum(axis=1).mean()
    np.testing.assert_allclose(catalogue.evaluate(points)[0, 0], expected)


def test_a_batch_is_told_as_its_points_are() -> None:
    problem = recommender()
    low, high = problem.bounds()
    points = np.random.default_rng(5).uniform(low, high, (9, 30))
    alone = np.vstack([problem.evaluated(one[None]).values for one in points])
    np.testing.assert_array_equal(problem.evaluated(points).values, alone)
