"""The whole life of a worker process (actor, evaluator, learner): a loop in the main thread."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server

from mazemesh.errors import MazemeshError
from mazemesh.process.errors import StartError
from mazemesh.process.logging import configure_logging
from mazemesh.process.parent import stop_with_parent
from mazemesh.process.settings import SettingsT, parse_settings

Work = Callable[[SettingsT, CollectorRegistry, threading.Event], None]
"""Works until the event is set; then saves what must be kept and returns."""


def run_worker(
    settings_class: type[SettingsT],
    work: Work[SettingsT],
    arguments: Sequence[str],
    program: str,
) -> None:
    """Parses settings, opens the metrics page and runs `work`; does not return.

    SIGTERM and Ctrl-C set the event, the same signal again stops at once. Exit status: 0 when the
    work returned, 1 when it failed, 2 for a wrong setting.
    """
    try:
        settings = parse_settings(settings_class, arguments, program)
    except StartError as error:
        sys.stderr.write(f"{settings_class.component}: {error}\n")
        sys.exit(error.exit_code)
    configure_logging(settings.component, settings.log_format, settings.log_level)
    log = structlog.get_logger(settings.component)
    stop = stop_on_signals()
    stop_with_parent()
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    try:
        if settings.metrics_port is not None:
            _open_page(settings.metrics_port, registry)
        work(settings, registry, stop)
    except StartError as error:
        log.error("cannot start: %s", error)
        sys.exit(error.exit_code)
    except MazemeshError as error:
        log.error("stopped by an error", reason=str(error), kind=type(error).__name__)
        sys.exit(1)
    log.info("stopped")


def _open_page(port: int, registry: CollectorRegistry) -> None:
    try:
        start_http_server(port, "127.0.0.1", registry)
    except OSError as error:
        raise StartError(
            f"metrics port {port} cannot be opened ({error.strerror}); choose another "
            "with --metrics-port"
        ) from error


def stop_on_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set. Main thread only."""
    stop = threading.Event()
    seen: set[int] = set()

    def receive(number: int, frame: FrameType | None) -> None:
        if number in seen:
            os._exit(128 + number)
        seen.add(number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, receive)
    return stop
