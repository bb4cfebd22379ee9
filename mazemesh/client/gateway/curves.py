"""A figure of runs over their steps, as the gateway tells it in buckets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from mazemesh.errors import FailedPrecondition

_MAGIC: Final = b"MZC1"

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Curve:
    """A line, of one run or of several that are taken together.

    Attributes:
        id: Of the run, or what the runs have in common.
        label: For people.
        runs: How many it is of.
        x: Middle of each bucket, in agent steps or seconds, float32 [buckets].
        mean: Of the figure in it, float32 [buckets]; NaN where there is nothing.
        low, high: Ends of what lies within, or of the band of several runs; None where many are
            drawn.
    """

    id: str
    label: str
    runs: int
    x: Array = field(repr=False)
    mean: Array = field(repr=False)
    low: Array | None = field(repr=False)
    high: Array | None = field(repr=False)

    def points(self) -> tuple[Array, Array]:
        """Means and where they are, without the empty buckets."""
        known = ~np.isnan(self.mean)
        return self.x[known], self.mean[known]


def decoded(data: bytes) -> Iterator[Curve]:
    """Curves from GET /training/curves with an even axis; the format is in its description.

    Raises:
        FailedPrecondition: it is none.
    """
    if data[:4] != _MAGIC:
        raise FailedPrecondition(f"curves begin with {_MAGIC!r}, not {data[:4]!r}")
    length = int.from_bytes(data[4:8], "little")
    header = json.loads(data[8 : 8 + length])
    rows = np.frombuffer(data, "<f4", offset=8 + length).reshape(-1, header["buckets"])
    edges = np.linspace(header["low"], header["high"], header["buckets"] + 1)
    x = ((edges[1:] + edges[:-1]) / 2).astype(np.float32)
    at = 0
    for one in header["curves"]:
        parts = rows[at : at + one["parts"]]
        at += one["parts"]
        low, high = (parts[1], parts[2]) if len(parts) == 3 else (None, None)
        yield Curve(one["id"], one["label"], one["runs"], x, parts[0], low, high)
