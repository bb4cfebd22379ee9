"""`python -m supervisor.cloud.machine.exporter`: tells CloudWatch what groups are scaled by.

Once a minute it reads the Prometheus pages of the units on this machine and puts the figures of
`supervisor.cloud.scaling.load` under the namespace Mazemesh. Each figure is told by the machine
that has it: the Matchmaker's tells queued games, Replay's rows and what learners wait for, the
learner's steps. While a learner has learned within the last minute its machine is protected from a
smaller group.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any, Final

import structlog

from mazemesh.process.errors import StartError
from mazemesh.process.logging import configure_logging
from mazemesh.process.worker import stop_on_signals
from supervisor.cloud.aws import client
from supervisor.cloud.machine.settings import MachineSettings
from supervisor.cloud.scaling.load import NAMESPACE, Counts, count, figures

log = structlog.get_logger("cloud.exporter")

SECONDS: Final = 60.0
_TIMEOUT: Final = 3.0

PORTS: Final = {"game": 9151, "matchmaker": 9152, "model": 9153, "elo": 9154, "replay": 9155}
"""Of the services' pages, as modules/service sets them."""

LEARNER_PORT: Final = 9170
_TOLD_BY: Final = {
    "matchmaker": ("QueuedGames",),
    "replay": ("WantedGames", "InsertsMinusSamples", "RowsInserted", "RowsSampled"),
    "learner": ("LearnedSteps",),
}

Page = Callable[[int], str]
"""The text of the page at a port of this machine."""


def pages(units: tuple[str, ...]) -> dict[str, int]:
    """Ports by role, of what runs here."""
    found = {}
    for unit in units:
        kind, _, which = unit.partition("@")
        if kind == "mazemesh-service" and which in PORTS:
            found[which] = PORTS[which]
        elif kind == "mazemesh-learner":
            found["learner"] = LEARNER_PORT
    return found


def told(roles: Mapping[str, object], values: Mapping[str, float]) -> dict[str, float]:
    """Those of the figures that this machine's roles know; calls of people all services count."""
    names = {name for role in roles for name in _TOLD_BY.get(role, ())}
    if roles.keys() & PORTS.keys():
        names.add("Asked")
    return {name: value for name, value in values.items() if name in names}


class Exporter:
    """Counts of the last look, and what was grown since."""

    def __init__(self, settings: MachineSettings, page: Page, cloudwatch: Any) -> None:
        self._settings = settings
        self._page = page
        self._cloudwatch = cloudwatch
        self._ports = pages(settings.units)
        self._before: Counts | None = None
        self._at = 0.0

    def look(self, now: float) -> dict[str, float]:
        """Reads all pages and puts the figures; what was put. At the first look nothing."""
        counts = Counts()
        for role, port in self._ports.items():
            try:
                counts += count(_samples(self._page(port)))
            except (HTTPException, OSError) as error:
                # A counter that is missing would seem to start anew.
                log.warning("a page does not answer", role=role, reason=str(error))
                return {}
        before, self._before = self._before, counts
        seconds, self._at = now - self._at, now
        if before is None:
            return {}
        values = told(self._ports, figures(before, counts, seconds))
        self._put(values)
        return values

    def _put(self, values: Mapping[str, float]) -> None:
        if not values:
            return
        dimensions = [{"Name": "Mesh", "Value": self._settings.name}]
        self._cloudwatch.put_metric_data(
            Namespace=NAMESPACE,
            MetricData=[
                {"MetricName": name, "Dimensions": dimensions, "Value": value}
                for name, value in sorted(values.items())
            ],
        )


def _samples(page: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    from prometheus_client.parser import text_string_to_metric_families

    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def page_of_this_machine(port: int) -> str:
    """The Prometheus page at a port."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


class Protection:
    """Keeps the machine while something is open on it, and lets it go afterwards."""

    def __init__(self, change: Callable[[bool], None]) -> None:
        self._change = change
        self._protected: bool | None = None

    def follow(self, busy: bool) -> None:
        """Says so to the group when it has changed."""
        if busy != self._protected:
            self._change(busy)
            self._protected = busy


def run(settings: MachineSettings, stop: threading.Event, seconds: float = SECONDS) -> None:
    """Looks until `stop`."""
    from supervisor.cloud.machine.metadata import Metadata
    from supervisor.cloud.machine.spot import protect

    exporter = Exporter(settings, page_of_this_machine, client("cloudwatch"))
    protection = None
    if any(unit.startswith("mazemesh-learner") for unit in settings.units):
        instance, scaling = Metadata().instance_id, client("autoscaling")
        protection = Protection(lambda busy: protect(settings, instance, scaling, protected=busy))
    while True:
        try:
            values = exporter.look(time.monotonic())
            if protection is not None:
                protection.follow(values.get("LearnedSteps", 0.0) > 0)
        except Exception as error:  # AWS is away: the next look tells what has grown by then
            log.warning("is not told", reason=str(error), kind=type(error).__name__)
        if stop.wait(seconds):
            return


def main() -> None:
    """Looks until the unit is stopped."""
    configure_logging("cloud", "auto", "info")
    try:
        run(MachineSettings.from_environment(), stop_on_signals())
    except StartError as error:
        log.error("cannot start: %s", error)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
