"""Which arm serves a session: always the same one, as long as the weights are.

Weighted rendezvous hashing: each arm draws -log(u) / weight with u from the hash of experiment,
session and its place, and the least wins. These are exponential times with the weights as rates, so
an arm wins with probability weight / sum of weights. When one weight grows, sessions move to that
arm and between no others (Thaler and Ravishankar 1998, "Using Name-Based Mappings to Increase Hit
Rates"; with weights Schindelhauer and Schomaker 2005, "Weighted Distributed Hash Tables").
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Sequence
from typing import Final

_NUMBERS: Final = struct.Struct("<8Q")
_SCALE: Final = 2.0**-64


def arm_of(experiment_id: str, session: str, weights: Sequence[float]) -> int:
    """The place of the arm, of at most 8, one of which has a weight above 0."""
    numbers = _NUMBERS.unpack(_digest(experiment_id, session))
    best, least = 0, math.inf
    for place, weight in enumerate(weights):
        if weight > 0.0:
            time = -math.log((numbers[place] + 0.5) * _SCALE) / weight
            if time < least:
                best, least = place, time
    return best


def is_shown(experiment_id: str, session: str, share: float) -> bool:
    """Whether a session belongs to a share of all."""
    first: int = _NUMBERS.unpack(_digest(experiment_id, session))[0]
    return first * _SCALE < share


def _digest(experiment_id: str, session: str) -> bytes:
    # The length keeps apart what would read the same together.
    text = f"{len(experiment_id)}:{experiment_id}{session}".encode()
    return hashlib.blake2b(text, digest_size=64).digest()
