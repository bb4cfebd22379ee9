"""Radio: how a signal fades on its way, what noise and interference leave of it, what it carries.

Levels are in dB or dBm where the name says so, else linear: gains are ratios, powers watts.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mazemesh.optimization.problem import Floats

BASE_STATION_METRES: Final = 25.0
USER_METRES: Final = 1.5
"""Heights of antennas in the macro scenario (3GPP TR 38.901, table 7.2-1)."""
SHADOWING_DB: Final = 6.0
"""Standard deviation without line of sight (TR 38.901, table 7.4.1-1, UMa)."""
NOISE_DBM_PER_HZ: Final = -174.0
"""Thermal noise at 290 K."""
NOISE_FIGURE_DB: Final = 9.0
"""Of a user's receiver (3GPP TR 36.814, table A.2.1.1-2)."""
ANTENNA_GAIN_DB: Final = 14.0
"""Of a base station (ibid.)."""
_BEAM_DEGREES: Final = 10.0
_SIDE_LOBE_DB: Final = 20.0
_LIGHT: Final = 299_792_458.0

MAX_WATTS: Final = 20.0
FIXED_WATTS: Final = 130.0
SLOPE: Final = 4.7
SLEEP_WATTS: Final = 75.0
"""A macro base station's power (Auer et al., IEEE Wireless Communications 18(5), 2011, table 2)."""


def from_db(level: Floats | float) -> Floats:
    """A ratio from decibels."""
    return np.asarray(10.0 ** (np.asarray(level, np.float64) / 10.0))


def watts(dbm: Floats | float) -> Floats:
    """Power in watts from dBm."""
    return from_db(dbm) / 1000.0


def path_loss_db(metres: Floats, gigahertz: float) -> Floats:
    """Loss of an urban macro cell without line of sight, of any shape.

    The larger of the loss with line of sight and of

        13.54 + 39.08 log10(d) + 20 log10(f) - 0.6 (h_user - 1.5),

    d in metres from antenna to antenna, f in GHz (TR 38.901, table 7.4.1-1, UMa).

    Args:
        metres: Along the ground; below 10 it counts as 10.
        gigahertz: Of the carrier.
    """
    ground = np.maximum(metres, 10.0)
    rise = BASE_STATION_METRES - USER_METRES
    straight = np.hypot(ground, rise)
    frequency = 20.0 * np.log10(gigahertz)
    blocked = 13.54 + 39.08 * np.log10(straight) + frequency - 0.6 * (USER_METRES - 1.5)
    # Effective heights are a metre less (note 1 of the table).
    effective = (BASE_STATION_METRES - 1.0) * (USER_METRES - 1.0)
    break_point = 4.0 * effective * gigahertz * 1e9 / _LIGHT
    near = 28.0 + 22.0 * np.log10(straight) + frequency
    far = 28.0 + 40.0 * np.log10(straight) + frequency - 9.0 * np.log10(break_point**2 + rise**2)
    return np.asarray(np.maximum(np.where(ground <= break_point, near, far), blocked))


def tilt_gain_db(metres: Floats, tilt_degrees: Floats) -> Floats:
    """Gain of an antenna that looks down by a tilt, towards a user on the ground.

    14 dB - min(12 ((angle - tilt) / 10 degrees)^2, 20 dB) (TR 36.814, table A.2.1.1-2).

    Args:
        metres: Along the ground, [...].
        tilt_degrees: Below the horizon, of a shape that broadcasts with `metres`.
    """
    rise = BASE_STATION_METRES - USER_METRES
    angle = np.degrees(np.arctan2(rise, np.maximum(metres, 10.0)))
    off = (angle - tilt_degrees) / _BEAM_DEGREES
    return np.asarray(ANTENNA_GAIN_DB - np.minimum(12.0 * off**2, _SIDE_LOBE_DB))


def noise_watts(hertz: float) -> float:
    """Noise in a band of that width, with what the receiver adds."""
    return float(watts(NOISE_DBM_PER_HZ + 10.0 * np.log10(hertz) + NOISE_FIGURE_DB))


def shannon_rate(hertz: Floats | float, sinr: Floats) -> Floats:
    """Bits per second that a band carries at a ratio of signal to interference and noise.

    W log2(1 + SINR) (Shannon, Bell System Technical Journal 27, 1948, theorem 17).
    """
    return np.asarray(hertz * np.log2(1.0 + sinr))


def consumed_watts(transmitted: Floats, awake: npt.NDArray[np.bool_]) -> Floats:
    """What a base station takes from the grid: 130 W + 4.7 times what it sends, asleep 75 W."""
    return np.asarray(np.where(awake, FIXED_WATTS + SLOPE * transmitted, SLEEP_WATTS))


def hexagon(cells: int, spacing: float) -> Floats:
    """Places of base stations: those of a triangular grid nearest to the middle; [cells, 2] m."""
    reach = int(np.ceil(np.sqrt(cells))) + 2
    a, b = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    x = spacing * (a.ravel() + b.ravel() / 2.0)
    y = spacing * b.ravel() * np.sqrt(3.0) / 2.0
    order = np.lexsort((y, x, np.round(np.hypot(x, y), 6)))[:cells]
    return np.column_stack([x[order], y[order]])
