"""Means and bands over runs, against numpy's own functions."""

import numpy as np
import pytest

from services.gateway.curves.encoding import decode, encode
from services.gateway.curves.grouping import filled, mean_and_band

NAN = float("nan")


def test_holes_are_bridged_within_a_run_and_not_beyond_it() -> None:
    curves = np.array([[NAN, 1, NAN, 3, NAN], [NAN] * 5, [1, 2, 3, 4, 5]], np.float32)

    found = filled(curves)

    np.testing.assert_array_equal(found[0], [NAN, 1, 2, 3, NAN])
    assert np.isnan(found[1]).all()
    assert np.isnan(curves[0, 2]), "what was given stays"


@pytest.mark.parametrize("band", ["deviation", "quartiles", "range"])
def test_band(band: str) -> None:
    random = np.random.default_rng(2)
    curves = random.normal(size=(9, 30))
    curves[random.random(curves.shape) < 0.3] = np.nan
    curves[:, 4], curves[1:, 5] = np.nan, np.nan
    curves[0, 5] = 2.0

    mean, low, high = mean_and_band(curves, band)  # type: ignore[arg-type]

    assert np.isnan([mean[4], low[4], high[4]]).all()
    assert (mean[5], low[5], high[5]) == (2, 2, 2)
    for column in (0, 17, 29):
        known = curves[:, column][~np.isnan(curves[:, column])]
        deviation = known.std(ddof=1)
        ends = {
            "deviation": (known.mean() - deviation, known.mean() + deviation),
            "quartiles": tuple(np.quantile(known, [0.25, 0.75])),
            "range": (known.min(), known.max()),
        }[band]
        assert mean[column] == pytest.approx(known.mean(), rel=1e-5)
        assert (low[column], high[column]) == pytest.approx(ends, rel=1e-5)


def test_bytes_and_back() -> None:
    rows = [np.array([1, NAN, 3], np.float32), np.array([4, 5, 6], np.float32)]

    header, values = decode(encode({"buckets": 3, "metric": "Erfolg ü"}, rows))

    assert header["metric"] == "Erfolg ü"
    np.testing.assert_array_equal(values, np.stack(rows))
    assert len(encode(header, rows)) % 4 == 0
    with pytest.raises(ValueError, match="begin with"):
        decode(b"{}")
