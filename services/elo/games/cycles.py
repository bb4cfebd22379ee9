"""Where strength goes round: three of whom each beats the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.elo.models.arrays import Floats


@dataclass(frozen=True, slots=True)
class Cycle:
    """First beats second, second beats third, third beats first.

    Attributes:
        players: Their indices, the lowest first.
        chance: Posterior chance that all three are so.
    """

    players: tuple[int, int, int]
    chance: float


def cycles(drawn: Floats, least: float, most: int) -> list[Cycle]:
    """The likeliest cycles of three, the likeliest first.

    Three suffice: where a longer one is, one of three is in it, since any two either way beat.

    Args:
        drawn: Mean scores, draws of their posterior [count, n, n].
        least: Chance that a cycle has to have.
        most: How many.
    """
    beats = drawn > 0.5
    n = beats.shape[1]
    found: list[Cycle] = []
    for first in range(n - 2):
        # [draws, second, third], both above first, so that each cycle is found once each way round.
        to_second = beats[:, first, first + 1 :]
        from_third = beats[:, first + 1 :, first]
        among = beats[:, first + 1 :, first + 1 :]
        chances = np.einsum("dj,djk,dk->jk", to_second, among, from_third, dtype=np.float64)
        chances /= len(beats)
        for second, third in np.argwhere(chances >= least).tolist():
            found.append(
                Cycle((first, first + 1 + second, first + 1 + third), float(chances[second, third]))
            )
    return sorted(found, key=lambda cycle: (-cycle.chance, cycle.players))[:most]
