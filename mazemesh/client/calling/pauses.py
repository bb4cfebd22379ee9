"""Pauses before something is tried again, of different length for everybody."""

from __future__ import annotations

import random


def jittered(seconds: float) -> float:
    """Between half and one and a half of it.

    All who lost a server at one moment would otherwise be back at one moment, again and again
    (Brooker 2015, "Exponential Backoff And Jitter").
    """
    return seconds * random.uniform(0.5, 1.5)  # noqa: S311  # nothing secret rests on it
