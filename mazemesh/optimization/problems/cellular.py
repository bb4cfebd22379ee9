"""Problem `5g`: power, tilt and share of the band of every cell of a macro network.

Users stand still and always want data. Each belongs to the cell that it hears best; a cell gives
all of its users the same time, which is what proportional fairness comes to when channels do not
change (Viswanath, Tse and Laroia, IEEE Trans. Inf. Theory 48(6), 2002). A cell that uses a share of
the band puts all of its power there, and disturbs others on average over the whole band.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from mazemesh.optimization.problem import Floats, Objective, Problem, Variable, whole
from mazemesh.optimization.problems.radio import (
    FIXED_WATTS,
    SHADOWING_DB,
    SLOPE,
    consumed_watts,
    from_db,
    hexagon,
    noise_watts,
    path_loss_db,
    shannon_rate,
    tilt_gain_db,
    watts,
)

LOW_DBM, HIGH_DBM = 20.0, 43.0
HIGH_TILT: Final = 15.0
ASLEEP_BELOW: Final = 0.1
"""A cell that uses less of the band sleeps."""
_MEGA = 1e6
_WANTED: Final = 20.0
"""Mbit/s beyond which a user pays no more."""
_TARIFFS: Final = (0.5, 1.5)
"""EUR per gigabyte: standard, premium."""
_PREMIUM_SHARE: Final = 0.2
_GIGABYTES_AN_HOUR: Final = 3600.0 / 8.0 / 1000.0
"""That 1 Mbit/s comes to."""
_ELEMENTS = 1 << 22
"""Of one array, so that a large network is evaluated point by point."""

MODES: Final = {
    "emergency": {"revenue": 1.0, "edge_rate": 8.0, "power": 1.0},
    "revenue-focused": {"revenue": 8.0, "edge_rate": 1.0, "power": 1.0},
    "energy-saving": {"revenue": 1.0, "edge_rate": 1.0, "power": 1.5},
}
"""In an emergency everybody has to be reached; who pays most, and what it costs, comes after. Power
weighs little more than the rest even where it counts most: a network asleep would be the best."""


class Network:
    """A drawn network.

    Args:
        cells: Base stations.
        users: Spread evenly, without order.
        spacing: Metres between neighbouring base stations.
        gigahertz: Of the carrier.
        megahertz: Width of the band.
        seed: Of places, shadowing and tariffs.
    """

    def __init__(
        self,
        cells: int = 10,
        users: int = 100,
        spacing: float = 500.0,
        gigahertz: float = 3.5,
        megahertz: float = 20.0,
        seed: int = 0,
    ) -> None:
        whole("cells", cells, 1, 2_000)
        whole("users", users, 1, 20_000)
        rng = np.random.default_rng(seed)
        sites = hexagon(cells, spacing)
        least, most = sites.min(axis=0) - spacing / 2, sites.max(axis=0) + spacing / 2
        places = rng.uniform(least, most, (users, 2))
        self.metres: Floats = np.hypot(*(sites[:, None] - places[None]).transpose(2, 0, 1))
        shadow = rng.normal(0.0, SHADOWING_DB, (cells, users))
        self.loss_db: Floats = path_loss_db(self.metres, gigahertz) + shadow
        self.premium = rng.random(users) < _PREMIUM_SHARE
        self.tariff: Floats = np.where(self.premium, _TARIFFS[1], _TARIFFS[0])
        self.hertz = megahertz * _MEGA
        self.noise = noise_watts(self.hertz)

    @property
    def cells(self) -> int:
        """Base stations."""
        return len(self.metres)

    def rates(self, dbm: Floats, tilt: Floats, share: Floats) -> Floats:
        """Mbit/s of each user, [points, users]; all arguments [points, cells].

        With the mean power P_c of a cell, its share b_c of the band W and the gain g_cu,

            SINR_u = (P_c / b_c) g_cu / (N + sum of P_j g_ju over the other cells j),
            rate_u = b_c W / (users of c) * log2(1 + SINR_u).
        """
        awake = share >= ASLEEP_BELOW
        power = np.where(awake, watts(dbm), 0.0)
        # The antenna's angle is the point's, the way is not.
        gain_db = tilt_gain_db(self.metres[None], tilt[:, :, None])
        gain_db -= self.loss_db
        heard = power[:, :, None] * from_db(gain_db)  # [points, cells, users]
        cell = heard.argmax(axis=1)
        own = np.take_along_axis(heard, cell[:, None], axis=1)[:, 0]
        others = heard.sum(axis=1) - own
        band = np.take_along_axis(share, cell, axis=1)
        sinr = own / np.maximum(band, ASLEEP_BELOW) / (self.noise + others)
        crowd = np.stack([np.bincount(row, minlength=self.cells) for row in cell])
        width = band * self.hertz / np.take_along_axis(crowd, cell, axis=1)
        served = own > 0  # where all cells sleep, nobody is
        return np.where(served, shannon_rate(width, sinr) / _MEGA, 0.0)

    def evaluate(self, points: Floats) -> Floats:
        """Revenue, edge rate and power, [points, 3]; see `cellular`."""
        rows = max(1, _ELEMENTS // self.metres.size)
        parts = [self._evaluate(points[at : at + rows]) for at in range(0, len(points), rows)]
        return np.concatenate(parts)

    def _evaluate(self, points: Floats) -> Floats:
        dbm, tilt, share = points.reshape(len(points), 3, self.cells).transpose(1, 0, 2)
        rates = self.rates(dbm, tilt, share)
        paid = np.minimum(rates, _WANTED) * _GIGABYTES_AN_HOUR * self.tariff
        power = consumed_watts(watts(dbm), share >= ASLEEP_BELOW)
        edge = np.percentile(rates, 5.0, axis=1)
        return np.column_stack([paid.sum(axis=1), edge, power.sum(axis=1)])


def cellular(
    cells: int = 10,
    users: int = 100,
    spacing: float = 500.0,
    gigahertz: float = 3.5,
    megahertz: float = 20.0,
    seed: int = 0,
) -> Problem:
    """Three variables a cell, three objectives: 10 cells are 30 variables, 334 a thousand.

    See `Network` for the arguments.
    """
    network = Network(cells, users, spacing, gigahertz, megahertz, seed)
    kinds = (
        ("power", LOW_DBM, HIGH_DBM, "dBm"),
        ("tilt", 0.0, HIGH_TILT, "degrees"),
        ("share", 0.0, 1.0, "of the band"),
    )
    full = SLOPE * float(watts(HIGH_DBM)) + FIXED_WATTS
    return Problem(
        "5g",
        tuple(
            Variable(f"{kind}.{cell}", low, high, unit=unit)
            for kind, low, high, unit in kinds
            for cell in range(cells)
        ),
        (
            Objective("revenue", True, "EUR/h", "what users pay, up to 20 Mbit/s each"),
            Objective("edge_rate", True, "Mbit/s", "rate of the user at the 5th percentile"),
            Objective("power", False, "W", f"from the grid, at most {full * cells:.0f}"),
        ),
        network.evaluate,
        modes=MODES,
        batch=25,
        meaning="power, tilt and share of the band of each cell of a macro network",
    )
