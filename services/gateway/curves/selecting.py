"""What a picture of curves is made of: a range, and runs as lines of their own or as groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mazemesh.errors import InvalidArgument
from services.gateway.curves.encoding import encode
from services.gateway.curves.grouping import Band, filled, mean_and_band
from services.gateway.curves.pyramid import Array
from services.gateway.curves.runs import Run
from services.gateway.curves.series import Axis, Series

MAX_NUMBERS: Final = 4_000_000
MAX_GROUPS: Final = 100
_FULL_BANDS: Final = 12
"""Up to so many runs have their own band too: what lies between the extremes of a bucket."""
_LOG_PARTS: Final = 8


@dataclass(frozen=True)
class Picture:
    """What is asked for.

    Attributes:
        metric: Name of the figure.
        axis: Along which.
        buckets: Over the range.
        low: Begin of the range; None: of all runs.
        high: Its end.
        log: Buckets are even on a logarithmic axis.
        group: Runs of one value of this are one line: "policy", "game", "algorithm", "origin" or
            "setting:NAME"; "": each run is a line.
        band: Of groups.
    """

    metric: str
    axis: Axis = "steps"
    buckets: int = 300
    low: float | None = None
    high: float | None = None
    log: bool = False
    group: str = ""
    band: Band = "deviation"


def draw(picture: Picture, runs: Sequence[tuple[Run, Series]], also: Mapping[str, Any]) -> bytes:
    """The picture's numbers, see `encoding`; `also` is added to the header.

    Raises:
        InvalidArgument: too many numbers or groups, or a range that is none.
    """
    having = [(run, series) for run, series in runs if picture.metric in series.metrics]
    if len(having) * picture.buckets > MAX_NUMBERS:
        raise InvalidArgument(
            f"buckets: {picture.buckets} of {len(having)} runs are more than {MAX_NUMBERS} "
            "numbers; ask for fewer of either"
        )
    low, high = _range(picture, [series for _, series in having])
    edges = _edges(picture, low, high)
    curves, rows = (
        _groups(picture, having, edges) if picture.group else _lines(picture, having, edges)
    )
    header = {
        "metric": picture.metric,
        "axis": picture.axis,
        "log": picture.log,
        "low": low,
        "high": high,
        "buckets": picture.buckets,
        "group": picture.group,
        "band": picture.band,
        "curves": curves,
        **also,
    }
    return encode(header, rows)


def _range(picture: Picture, series: Sequence[Series]) -> tuple[float, float]:
    axes = [one.axis(picture.axis) for one in series if len(one)]
    low, high = picture.low, picture.high
    if low is None:
        # A logarithmic axis has no 0: it begins where the first run has its second line at most.
        least = [axis[axis > 0][:1] for axis in axes] if picture.log else [one[:1] for one in axes]
        low = min((float(one[0]) for one in least if len(one)), default=0.0)
        low = low if picture.log else min(low, 0.0)
    if high is None:
        high = max((float(axis[-1]) for axis in axes), default=1.0)
        high = high if high > low else low + 1.0
    if not low < high:
        raise InvalidArgument(f"from: {low:g} should be below to, which is {high:g}", field="from")
    if picture.log and low <= 0:
        low = min(1.0, high / 1e6)
    return low, high


def _edges(picture: Picture, low: float, high: float) -> Array:
    if picture.log:
        return np.geomspace(low, high, picture.buckets + 1)
    return np.linspace(low, high, picture.buckets + 1)


def _parts(picture: Picture) -> int:
    return _LOG_PARTS if picture.log else 1


def _lines(
    picture: Picture, runs: Sequence[tuple[Run, Series]], edges: Array
) -> tuple[list[dict[str, Any]], list[Array]]:
    curves: list[dict[str, Any]] = []
    rows: list[Array] = []
    bands = len(runs) <= _FULL_BANDS
    for run, series in runs:
        found = series.buckets(picture.metric, picture.axis, edges, _parts(picture))
        assert found is not None
        rows += [found.mean, found.least, found.greatest] if bands else [found.mean]
        curves.append({"id": run.id, "label": run.label, "runs": 1, "parts": 3 if bands else 1})
    return curves, rows


def _groups(
    picture: Picture, runs: Sequence[tuple[Run, Series]], edges: Array
) -> tuple[list[dict[str, Any]], list[Array]]:
    members: dict[str, list[Series]] = {}
    for run, series in runs:
        members.setdefault(run.value(picture.group), []).append(series)
    if len(members) > MAX_GROUPS:
        raise InvalidArgument(
            f"group: {picture.group} has {len(members)} values; {MAX_GROUPS} are shown at most",
            field="group",
        )
    curves: list[dict[str, Any]] = []
    rows: list[Array] = []
    for label, there in sorted(members.items()):
        found = [one.buckets(picture.metric, picture.axis, edges, _parts(picture)) for one in there]
        means = filled(np.stack([one.mean for one in found if one is not None]))
        rows += mean_and_band(means, picture.band)
        curves.append({"id": label, "label": label, "runs": len(there), "parts": 3})
    return curves, rows
