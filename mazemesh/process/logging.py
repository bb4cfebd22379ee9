"""Log lines on standard error: for people on a terminal, one JSON object a line elsewhere."""

import logging
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from mazemesh import tracing
from mazemesh.process.settings import LogFormat, LogLevel

call_fields: ContextVar[Callable[[], Mapping[str, str]]] = ContextVar("call_fields")
"""Gives what the lines of the current call say beside their own fields.

It is asked only when a line is written: most calls write none.
"""


def configure_logging(
    component: str, log_format: LogFormat, log_level: LogLevel, instance: str = ""
) -> None:
    """Routes structlog and the standard library's logging the same way.

    Every line carries `service`, a UTC `timestamp`, `level`, `logger` and what is bound to the
    current call (method, peer, request id), with tracing also `trace_id` and `span_id`; in JSON,
    which is for several machines, also the `instance` if it has one. Affects the whole process.
    """
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())

    def add_service(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event.setdefault("service", component)
        if instance and not console:
            event.setdefault("instance", instance)
        return event

    shared: list[Processor] = [
        _add_call,
        add_service,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(console),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(log_level.upper())
    # It tells of every plugin that it sets up.
    logging.getLogger("alembic").setLevel(max(root.level, logging.WARNING))
    logging.captureWarnings(capture=True)


def _add_call(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    describe = call_fields.get(None)
    if describe is not None:
        event = {**describe(), **event}
    traced = tracing.identity()
    return {**traced, **event} if traced else event


def _renderers(console: bool) -> list[Processor]:
    if console:
        # The default formatter prints the local variables of every frame, whole arrays included.
        plain = structlog.dev.plain_traceback
        return [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
        ]
    return [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(default=str),
    ]
