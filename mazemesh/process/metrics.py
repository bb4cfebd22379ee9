"""What every process of a mesh tells Prometheus about itself, read when the page is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from mazemesh import __version__
from mazemesh.process.settings import ProcessSettings


def create_registry(settings: ProcessSettings) -> CollectorRegistry:
    """A registry with what all processes tell; one for each server or worker of a process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(ProcessState(settings))
    return registry


class ProcessState(Collector):
    """Who the process is, what its machine costs, and the room on the disk of its data folder."""

    def __init__(self, settings: ProcessSettings) -> None:
        self._component = settings.component
        self._data_dir = settings.data_dir
        first = not int(os.environ.get("LOCAL_RANK") or 0)
        self._price = settings.dollars_an_hour if first else 0.0

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All as it is now; nothing of a disk that cannot be looked at."""
        about = GaugeMetricFamily(
            "mazemesh_info",
            "1; its labels say what the process is (game, replay, actor, ...) and its version.",
            labels=("component", "version"),
        )
        about.add_metric((self._component, __version__), 1)
        yield about
        price = GaugeMetricFamily(
            "mazemesh_dollars_per_hour",
            "What the process's share of its machine costs in US dollars an hour, as the setting "
            "dollars_an_hour says; nothing where that is not set. Of torchrun's ranks on a machine "
            "the first tells it for all.",
        )
        if self._price:
            price.add_metric((), self._price)
        yield price
        size = GaugeMetricFamily(
            "mazemesh_data_disk_bytes", "Size of the file system that the data folder is on."
        )
        free = GaugeMetricFamily(
            "mazemesh_data_disk_free_bytes",
            "Bytes that may still be written to the file system of the data folder.",
        )
        usage = _usage(self._data_dir)
        if usage is not None:
            size.add_metric((), usage[0])
            free.add_metric((), usage[1])
        yield from (size, free)


def _usage(folder: Path) -> tuple[int, int] | None:
    """Size and free bytes of the disk that a folder is, or will be, on."""
    for place in (folder, *folder.parents):
        try:
            usage = shutil.disk_usage(place)
        except FileNotFoundError:  # it is made at the first write
            continue
        except OSError:
            return None
        return usage.total, usage.free
    return None
