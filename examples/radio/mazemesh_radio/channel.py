"""The channels between cells and users: what lasts for an episode, and what fades meanwhile."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mazemesh.optimization.problems.radio import (
    ANTENNA_GAIN_DB,
    SHADOWING_DB,
    from_db,
    hexagon,
    path_loss_db,
)

Floats = npt.NDArray[np.float64]

_NEAREST_METRES = 35.0
"""From a base station to a user (3GPP TR 36.814, table A.2.1.1-1)."""


class Channel:
    """Gains from every cell to every user in every subband.

    The mean gain is path loss, shadowing and the antenna's gain. Around it each subband fades by
    itself (Rayleigh), from step to step with the correlation `memory`, a Gauss-Markov process:
    h' = memory h + sqrt(1 - memory^2) n, n complex normal with variance 1.

    Attributes:
        gain: [cells, cells, users, subbands]: from a cell to a user of a cell; a ratio of powers.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        cells: int,
        users: int,
        subbands: int,
        *,
        spacing: float,
        gigahertz: float,
        memory: float,
    ) -> None:
        self._rng, self._memory = rng, memory
        sites = hexagon(cells, spacing)
        # Evenly over a ring around the own base station, half way to the neighbours.
        inner, outer = _NEAREST_METRES, spacing / 2
        radius = np.sqrt(rng.uniform(inner**2, outer**2, (cells, users)))
        angle = rng.uniform(0.0, 2 * np.pi, (cells, users))
        ring = radius[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        places = sites[:, None] + ring
        metres = np.linalg.norm(sites[:, None, None] - places[None], axis=-1)
        shadow = rng.normal(0.0, SHADOWING_DB, metres.shape)
        loss = path_loss_db(metres, gigahertz) + shadow - ANTENNA_GAIN_DB
        self._mean: Floats = from_db(-loss)[..., None]
        self._fading = self._normal((cells, cells, users, subbands))

    @property
    def gain(self) -> Floats:
        """See the class."""
        gain: Floats = self._mean * np.abs(self._fading) ** 2
        return gain

    def fade(self) -> None:
        """One step on."""
        fresh = self._normal(self._fading.shape)
        self._fading = self._memory * self._fading + np.sqrt(1 - self._memory**2) * fresh

    def _normal(self, shape: tuple[int, ...]) -> npt.NDArray[np.complex128]:
        parts = self._rng.normal(0.0, np.sqrt(0.5), (2, *shape))
        normal: npt.NDArray[np.complex128] = parts[0] + 1j * parts[1]
        return normal
