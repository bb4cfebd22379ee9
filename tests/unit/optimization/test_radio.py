"""The radio's physics, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mazemesh.optimization.problems import radio
from mazemesh.optimization.problems.cellular import HIGH_DBM, Network, cellular


def test_levels() -> None:
    assert radio.watts(30.0) == pytest.approx(1.0)
    assert radio.watts(43.0) == pytest.approx(20.0, rel=0.01)
    assert radio.from_db(3.0) == pytest.approx(1.995, rel=1e-3)
    # -174 dBm/Hz over 20 MHz is -101 dBm, with a receiver of 9 dB -92 dBm.
    assert 10 * np.log10(radio.noise_watts(20e6) * 1000) == pytest.approx(-91.99, abs=0.01)


def test_path_loss_without_line_of_sight() -> None:
    # d = sqrt(500^2 + 23.5^2) = 500.55 m: 13.54 + 39.08 * 2.69945 + 20 log10(3.5) = 129.92 dB
    assert radio.path_loss_db(np.array(500.0), 3.5) == pytest.approx(129.92, abs=0.01)
    far = radio.path_loss_db(np.array([1000.0, 10_000.0]), 2.0)
    assert far[1] - far[0] == pytest.approx(39.08, abs=0.01), "39 dB a decade"
    near = radio.path_loss_db(np.array([0.0, 10.0]), 2.0)
    assert near[0] == near[1], "closer than 10 m is 10 m"


def test_path_loss_is_never_below_that_with_line_of_sight() -> None:
    metres = np.geomspace(10, 5_000, 200)
    straight = np.hypot(metres, 23.5)
    clear = 28 + 22 * np.log10(straight) + 20 * np.log10(3.5)
    assert (radio.path_loss_db(metres, 3.5) >= clear - 1e-9)[metres < 500].all()
    assert (np.diff(radio.path_loss_db(metres, 3.5)) > 0).all()


def test_a_tilted_antenna() -> None:
    metres = np.array(23.5 / np.tan(np.radians(8.0)))
    assert radio.tilt_gain_db(metres, np.array(8.0)) == pytest.approx(14.0)
    assert radio.tilt_gain_db(metres, np.array(3.0)) == pytest.approx(14.0 - 3.0)
    assert radio.tilt_gain_db(metres, np.array(30.0)) == pytest.approx(14.0 - 20.0)


def test_rate_and_power() -> None:
    assert radio.shannon_rate(20e6, np.array(3.0)) == pytest.approx(40e6)
    awake = np.array([True, True, False])
    taken = radio.consumed_watts(np.array([20.0, 0.0, 20.0]), awake)
    np.testing.assert_allclose(taken, [224.0, 130.0, 75.0])


def test_base_stations_stand_on_a_triangular_grid() -> None:
    places = radio.hexagon(7, 500.0)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    assert np.hypot(*places[0]) == 0
    np.testing.assert_allclose(apart[0, 1:], 500.0)


def test_one_cell_alone_is_shannon() -> None:
    network = Network(cells=1, users=2, seed=3)
    one = np.ones((1, 1))
    rates = network.rates(HIGH_DBM * one, 5.0 * one, one)
    gain = radio.from_db(radio.tilt_gain_db(network.metres[0], np.array(5.0)) - network.loss_db[0])
    snr = radio.watts(HIGH_DBM) * gain / network.noise
    np.testing.assert_allclose(rates[0], 10.0 * np.log2(1 + snr))


def test_a_neighbour_disturbs() -> None:
    network = Network(cells=7, users=50, seed=1)
    full = np.ones((2, 7))
    dbm = np.full((2, 7), HIGH_DBM)
    share = full.copy()
    share[1, 1:] = 0.0  # all but one sleep
    rates = network.rates(dbm, 6.0 * full, share)
    assert (rates[0] > 0).all()
    heard_alone = network.rates(dbm[1:], 6.0 * full[1:], share[1:])
    np.testing.assert_array_equal(rates[1:], heard_alone), "a point knows nothing of others"


def test_a_network_asleep_serves_nobody_and_takes_least() -> None:
    problem = cellular(cells=3, users=10)
    asleep = np.concatenate([np.full(3, 30.0), np.full(3, 5.0), np.zeros(3)])[None]
    np.testing.assert_array_equal(problem.evaluated(asleep).values, [[0.0, 0.0, 225.0]])


def test_less_band_at_the_same_power_is_a_better_ratio_but_a_lower_rate() -> None:
    network = Network(cells=1, users=1, seed=0)
    one = np.ones((2, 1))
    rates = network.rates(30 * one, 5 * one, np.array([[1.0], [0.5]]))[:, 0]
    assert rates[0] / 2 < rates[1] < rates[0]
