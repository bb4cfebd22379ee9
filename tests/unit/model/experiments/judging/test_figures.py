"""Counts that can be added up."""

from __future__ import annotations

import numpy as np
import pytest

from services.model.experiments.experiment import Metric
from services.model.experiments.judging.figures import CLASSES, Figures


def test_quantiles_are_right_to_a_tenth() -> None:
    seconds = np.random.default_rng(0).lognormal(-5.0, 1.0, 20_000)
    figures = Figures()
    for one in seconds:
        figures.count(float(one), is_slow=False, is_error=False)
    for part in (0.01, 0.5, 0.9, 0.99):
        assert figures.quantile(part) == pytest.approx(np.quantile(seconds, part), rel=0.1)


def test_what_is_beyond_all_classes_is_counted() -> None:
    figures = Figures()
    figures.count(0.0, is_slow=False, is_error=False)
    figures.count(1e6, is_slow=True, is_error=True)
    assert (figures.calls, figures.slow, figures.errors, figures.seconds) == (2, 1, 1, 1e6)
    assert sum(figures.latencies) == 2
    assert figures.latencies[0] == figures.latencies[CLASSES - 1] == 1
    assert figures.quantile(0.99) > 80.0


def test_parts_add_up() -> None:
    one, other, both = Figures(), Figures(outcomes=3, score=1.5), Figures()
    for place, seconds in enumerate(np.geomspace(1e-4, 10.0, 50)):
        for figures in ((one, other)[place % 2], both):
            figures.count(float(seconds), is_slow=seconds > 1.0, is_error=place % 5 == 0)
    one.add(other)
    assert one.latencies == both.latencies
    assert (one.calls, one.slow, one.errors) == (both.calls, both.slow, both.errors)
    assert one.sample(Metric.SCORE).mean == 0.5
    assert one.sample(Metric.ERRORS).mean == 0.2
    assert one.sample(Metric.SLOW).count == 50


def test_without_a_call_there_is_no_quantile() -> None:
    assert Figures().quantile(0.5) == 0.0
    assert Figures().sample(Metric.SCORE).mean == 0.5
