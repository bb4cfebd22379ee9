"""The whole life of a worker process (actor, evaluator, learner): a loop in the main thread."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType

import structlog
from prometheus_client import CollectorRegistry, start_http_server

from mazemesh import tracing
from mazemesh.errors import MazemeshError
from mazemesh.process.errors import StartError
from mazemesh.process.logging import configure_logging
from mazemesh.process.metrics import create_registry
from mazemesh.process.parent import stop_with_parent
from mazemesh.process.settings import SettingsT, parse_settings
from mazemesh.process.traces import start_tracing

Work = Callable[[SettingsT, CollectorRegistry, threading.Event], None]
"""Works until the event is set; then saves what must be kept and returns."""


def run_worker(
    settings_class: type[SettingsT],
    work: Work[SettingsT],
    arguments: Sequence[str],
    program: str,
    *,
    patience: Callable[[SettingsT], float] | None = None,
) -> None:
    """Parses settings, opens the metrics page and runs `work`; does not return.

    SIGTERM and Ctrl-C set the event, the same signal again stops at once. So does an exception that
    ends one of its threads, which nobody else would hear of. Exit status: 0 when the work returned,
    1 when it or a thread failed, 2 for a wrong setting. A worker with nothing to save gives its
    `patience` in seconds, by its settings: it then leaves in the middle of whatever call it waits
    in.
    """
    try:
        settings = parse_settings(settings_class, arguments, program)
    except StartError as error:
        sys.stderr.write(f"{settings_class.component}: {error}\n")
        sys.exit(error.exit_code)
    configure_logging(settings.component, settings.log_format, settings.log_level)
    settings.name_credentials()
    log = structlog.get_logger(settings.component)
    try:
        start_tracing(settings)
    except StartError as error:
        log.error("cannot start: %s", error)
        sys.exit(error.exit_code)
    stop = stop_on_signals()
    stop_with_parent()
    failed = stop_when_a_thread_fails(stop)
    if patience is not None:
        threading.Thread(
            target=_leave, args=(stop, failed, patience(settings)), daemon=True
        ).start()
    registry = create_registry(settings)
    try:
        if settings.metrics_port is not None:
            port = page_port(settings.metrics_port)
            _open_page(settings.metrics_host or "127.0.0.1", port, registry)
        work(settings, registry, stop)
    except StartError as error:
        log.error("cannot start: %s", error)
        sys.exit(error.exit_code)
    except MazemeshError as error:
        log.error("stopped by an error", reason=str(error), kind=type(error).__name__)
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            raise
        log.error("stopped by an error", reason=str(error), kind=type(error).__name__)
        sys.exit(1)
    tracing.close()
    log.info("stopped")
    logging.shutdown()
    # Everything is saved. Taking torch apart object by object would cost seconds of CPU more.
    os._exit(int(failed.is_set()))


def page_port(port: int) -> int:
    """The port of this process' page: of the ranks that torchrun starts here each has the next."""
    return port + int(os.environ.get("LOCAL_RANK") or 0) if port else 0


def stop_when_a_thread_fails(stop: threading.Event) -> threading.Event:
    """An event that is set, after `stop`'s reason is logged, when an exception ends a thread."""
    failed = threading.Event()
    log = structlog.get_logger("worker")

    def receive(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_type is SystemExit:
            return
        name = arguments.thread.name if arguments.thread else "unknown"
        error = arguments.exc_value
        trace = (arguments.exc_type, error, arguments.exc_traceback)
        log.error("a thread failed, so all stops", thread=name, reason=str(error), exc_info=trace)
        failed.set()
        stop.set()

    threading.excepthook = receive
    return failed


def _leave(stop: threading.Event, failed: threading.Event, patience: float) -> None:
    stop.wait()
    # Nobody sets this one: a wait for the end of the process.
    threading.Event().wait(patience)
    structlog.get_logger("worker").info("left in the middle of a call", after_seconds=patience)
    logging.shutdown()
    os._exit(int(failed.is_set()))


def _open_page(host: str, port: int, registry: CollectorRegistry) -> None:
    try:
        start_http_server(port, host, registry)
    except OSError as error:
        raise StartError(
            f"metrics port {port} on {host} cannot be opened ({error.strerror}); choose another "
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
