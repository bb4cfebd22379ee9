"""Buckets from a pyramid are those of all values, at the cost of a few."""

from itertools import pairwise

import numpy as np
import pytest

from services.gateway.curves.pyramid import Pyramid


def _plainly(axis: np.ndarray, values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    rows = []
    for index, (low, high) in enumerate(pairwise(edges)):
        last = index == len(edges) - 2
        within = (axis >= low) & ((axis <= high) if last else (axis < high)) & ~np.isnan(values)
        kept = values[within]
        some = len(kept) > 0
        rows.append([kept.mean(), kept.min(), kept.max()] if some else [np.nan] * 3)
    return np.array(rows).T


def _filled(values: np.ndarray, pieces: int = 7) -> Pyramid:
    pyramid = Pyramid()
    for piece in np.array_split(values, pieces):
        pyramid.extend(piece)
    return pyramid


@pytest.mark.parametrize("count", [1, 5, 8, 63, 64, 700])
def test_few_values_are_bucketed_as_they_are(count: int) -> None:
    random = np.random.default_rng(count)
    axis = np.sort(random.uniform(0, 100, count))
    values = random.normal(size=count)
    values[random.random(count) < 0.2] = np.nan
    edges = np.linspace(0, 100, 41)

    found = _filled(values).buckets(axis, edges)

    expected = _plainly(axis, values, edges)
    for mine, right in zip((found.mean, found.least, found.greatest), expected, strict=True):
        np.testing.assert_allclose(mine, right, rtol=1e-5, atol=1e-6)


def test_of_many_values_nothing_is_lost_and_extremes_stay() -> None:
    random = np.random.default_rng(1)
    count = 200_000
    axis = np.arange(count, dtype=np.float64)
    values = np.sin(axis / 20_000) + random.normal(0, 0.1, count)
    values[123_456] = 9.0
    edges = np.linspace(0, count, 301)

    found = _filled(values).buckets(axis, edges)

    mean, least, greatest = _plainly(axis, values, edges)
    np.testing.assert_allclose(found.mean, mean, atol=0.02)
    assert np.nanmax(found.greatest) == 9.0
    assert np.nanmin(found.least) == np.float32(values.min())
    # An entry may count for the bucket beside its own, when it lies over the edge.
    assert abs(int(np.nanargmax(found.greatest)) - int(np.nanargmax(greatest))) <= 1
    assert len(found.least) == len(least)


def test_a_zoom_is_answered_from_finer_levels() -> None:
    axis = np.arange(100_000, dtype=np.float64)
    pyramid = _filled(np.where(axis == 50_003, 1.0, 0.0))
    edges = np.linspace(50_000, 50_010, 11)

    found = pyramid.buckets(axis, edges)

    assert found.greatest.tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]


def test_uneven_edges_choose_their_levels_apart() -> None:
    axis = np.arange(1, 300_001, dtype=np.float64)
    pyramid = _filled(axis)
    edges = np.geomspace(1, 300_000, 121)

    found = pyramid.buckets(axis, edges, parts=8)

    known = ~np.isnan(found.mean)
    middles = np.sqrt(edges[:-1] * edges[1:])
    np.testing.assert_allclose(found.mean[known], middles[known], rtol=0.06)
    assert found.mean[0] == 1.0


def test_cut_and_gone_on_is_as_if_it_had_never_been() -> None:
    random = np.random.default_rng(3)
    first, wrong, second = (random.normal(size=count) for count in (1000, 333, 4000))
    axis = np.arange(5000, dtype=np.float64)
    edges = np.linspace(0, 5000, 11)
    cut = _filled(np.concatenate([first, wrong]))
    cut.cut(1000)
    cut.extend(second)

    whole = _filled(np.concatenate([first, second])).buckets(axis, edges)

    np.testing.assert_array_equal(cut.buckets(axis, edges).mean, whole.mean)


def test_infinities_and_nothing_at_all_are_no_values() -> None:
    pyramid = Pyramid()
    pyramid.extend([1.0, np.inf, -np.inf, np.nan, 3.0])
    axis = np.arange(5, dtype=np.float64)

    assert pyramid.buckets(axis, np.array([0.0, 5.0])).mean.tolist() == [2.0]
    assert np.isnan(pyramid.buckets(axis, np.array([0.5, 1.5, 2.5])).mean).all()
    assert np.isnan(Pyramid().buckets(axis[:0], np.array([0.0, 1.0])).mean).all()
