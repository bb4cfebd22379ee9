"""Reads the processes' Prometheus pages and adds counters up over restarts."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

from supervisor.running.layout import ProcessSpec

_TIMEOUT = 1.0
_BUCKETS = ("_bucket", "_created")

Sample = tuple[str, tuple[tuple[str, str], ...]]
"""A metric's name and its sorted labels."""


@dataclass
class Readings:
    """The last value of each sample of each process; counters go on when a process restarts."""

    _last: dict[str, dict[Sample, float]] = field(default_factory=lambda: defaultdict(dict))
    _carried: dict[str, dict[Sample, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )

    def take(self, process: str, samples: Mapping[Sample, float]) -> None:
        """Notes one page. A counter (_total, _sum, _count) that went down has started anew."""
        last = self._last[process]
        for sample, value in samples.items():
            if sample[0].endswith(("_total", "_sum", "_count")) and value < last.get(sample, 0.0):
                self._carried[process][sample] += last[sample]
            last[sample] = value

    def total(self, name: str, **labels: str) -> float:
        """Sum over all processes and all label sets that contain `labels`; 0 when there is none."""
        return sum(value for _, value in self._matching(name, labels))

    def values(self, name: str, *, of: str = "") -> dict[tuple[tuple[str, str], ...], float]:
        """Value by label set; `of` one process alone, if it is named."""
        return {sample[1]: value for sample, value in self._matching(name, {}, of)}

    def sums(self, name: str) -> dict[tuple[tuple[str, str], ...], float]:
        """Sum over all processes by label set."""
        sums: dict[tuple[tuple[str, str], ...], float] = defaultdict(float)
        for sample, value in self._matching(name, {}):
            sums[sample[1]] += value
        return dict(sums)

    def highest_total(self, name: str) -> float:
        """Largest sum over the label sets of one process; 0 when nobody tells it."""
        totals: dict[str, float] = defaultdict(float)
        for process in self._last:
            for _, value in self._matching(name, {}, process):
                totals[process] += value
        return max(totals.values(), default=0.0)

    def highest(self, name: str, *, of: str = "") -> float | None:
        """Largest value over all processes, or `of` one; None when nobody tells it."""
        return max((value for _, value in self._matching(name, {}, of)), default=None)

    def _matching(
        self, name: str, labels: Mapping[str, str], of: str = ""
    ) -> Iterable[tuple[Sample, float]]:
        for process, samples in self._last.items():
            if of not in ("", process):
                continue
            for sample, value in samples.items():
                if sample[0] == name and labels.items() <= dict(sample[1]).items():
                    yield sample, value + self._carried[process].get(sample, 0.0)


async def scrape(specs: Iterable[ProcessSpec], readings: Readings) -> None:
    """Reads every page that answers; one that does not keeps its last values."""
    await asyncio.gather(*(asyncio.to_thread(_scrape_one, spec, readings) for spec in specs))


def _scrape_one(spec: ProcessSpec, readings: Readings) -> None:
    try:
        text = _page(spec.metrics_host, spec.metrics_port)
    except (HTTPException, OSError):
        return
    readings.take(spec.name, parse(text))


def _page(host: str, port: int) -> str:
    # Not by urllib, which would ask a proxy of the environment for a page of this machine.
    connection = HTTPConnection(host, port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def parse(page: str) -> dict[Sample, float]:
    """Samples of a page in the text format, without histogram buckets."""
    from prometheus_client.parser import text_string_to_metric_families

    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page)
        if family.name.startswith("mazemesh_")
        for sample in family.samples
        if not sample.name.endswith(_BUCKETS)
    }
