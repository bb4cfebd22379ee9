"""Labels that must not overlap."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mazemesh.plots.learning import running_mean
from mazemesh.plots.style import apart, readable_on


def test_labels_that_are_apart_stay() -> None:
    np.testing.assert_allclose(apart([0.9, 0.1, 0.5], 0.1, 0.0, 1.0), [0.9, 0.1, 0.5])


def test_neighbours_are_pushed_apart_about_their_middle() -> None:
    np.testing.assert_allclose(apart([0.5, 0.52], 0.1, 0.0, 1.0), [0.46, 0.56])


@given(st.lists(st.floats(-0.5, 1.5), min_size=1, max_size=10))
def test_none_overlap_all_are_inside_and_in_order(wanted: list[float]) -> None:
    places = apart(wanted, 0.1, 0.0, 1.0)
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(places[order]) >= 0.1 - 1e-9).all()
    assert places.min() >= -1e-9
    assert places.max() <= 1 + 1e-9


def test_a_running_mean_is_shorter_at_the_ends() -> None:
    values = np.array([1.0, 2.0, 6.0, 4.0, 5.0])
    np.testing.assert_allclose(running_mean(values, 3), [1.5, 3.0, 4.0, 5.0, 4.5])


def test_text_stands_out_from_its_background() -> None:
    assert readable_on((0.0, 0.0, 0.0, 1.0)) == "white"
    assert readable_on((1.0, 1.0, 1.0, 1.0)) == "black"
    assert readable_on((0.88, 0.51, 0.08, 1.0)) == "black"  # the map's middle orange
    assert readable_on((0.33, 0.15, 0.53, 1.0)) == "white"  # and its dark purple
