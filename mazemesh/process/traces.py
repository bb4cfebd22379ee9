"""Traces by OpenTelemetry, sent by OTLP over HTTP: the extra `tracing`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Final

from mazemesh import __version__, tracing
from mazemesh.process.errors import StartError
from mazemesh.process.settings import ProcessSettings
from mazemesh.tracing import TRACEPARENT, Attributes, Kind

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

_SEND_MILLISECONDS: Final = 1000
_TIMEOUT_SECONDS: Final = 5.0
_FLUSH_MILLISECONDS: Final = 2000


def start_tracing(settings: ProcessSettings) -> None:
    """Has this process send spans to `traces_url`; without one nothing happens.

    Raises:
        StartError: the extra is not installed.
    """
    if not settings.traces_url:
        return
    try:
        provider = _provider(settings, settings.traces_url)
    except ModuleNotFoundError as error:
        raise StartError(
            f"traces_url is {settings.traces_url}, and that needs OpenTelemetry: "
            "pip install 'mazemesh[tracing]'",
            exit_code=2,
        ) from error
    tracing.install(OpenTelemetryTracer(provider))


def _provider(settings: ProcessSettings, url: str) -> TracerProvider:
    import requests
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    about = {"service.name": f"mazemesh-{settings.component}", "service.version": __version__}
    provider = TracerProvider(
        resource=Resource.create(about),
        sampler=ParentBased(TraceIdRatioBased(settings.traces_share)),
        shutdown_on_exit=False,
    )
    session = requests.Session()
    session.trust_env = False  # by no proxy, as no call of the mesh goes by one
    exporter = OTLPSpanExporter(url, timeout=_TIMEOUT_SECONDS, session=session)
    provider.add_span_processor(
        BatchSpanProcessor(exporter, schedule_delay_millis=_SEND_MILLISECONDS)
    )
    return provider


class OpenTelemetryTracer:
    """A `Tracer` of a provider."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry import context, trace
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("mazemesh", __version__)
        self._context, self._trace = context, trace
        self._propagator = TraceContextTextMapPropagator()
        self._kinds = {kind: SpanKind[kind.name] for kind in Kind}

    def span(
        self, name: str, parent: str | None, kind: Kind, attributes: Attributes
    ) -> AbstractContextManager[object]:
        """See `Tracer.span`."""
        return self._block(name, parent, kind, attributes)

    @contextmanager
    def _block(
        self, name: str, parent: str | None, kind: Kind, attributes: Attributes
    ) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            name, self._within(parent), self._kinds[kind], attributes
        ) as span:
            yield span

    def begin(
        self, name: str, parent: str | None, kind: Kind, attributes: Attributes, *, present: bool
    ) -> OpenTelemetrySpan:
        """See `Tracer.begin`."""
        span = self._tracer.start_span(name, self._within(parent), self._kinds[kind], attributes)
        within = self._trace.set_span_in_context(span)
        if present:
            self._context.attach(within)
        return OpenTelemetrySpan(span, self._told(within))

    def current(self) -> str:
        """See `Tracer.current`."""
        return self._told(None)

    def identity(self) -> Mapping[str, str]:
        """See `Tracer.identity`."""
        about = self._trace.get_current_span().get_span_context()
        if not about.is_valid:
            return {}
        return {"trace_id": f"{about.trace_id:032x}", "span_id": f"{about.span_id:016x}"}

    def close(self) -> None:
        """See `Tracer.close`."""
        self._provider.force_flush(_FLUSH_MILLISECONDS)
        self._provider.shutdown()

    def _within(self, parent: str | None) -> Context | None:
        if parent is None:
            return None
        from opentelemetry.context import Context

        return self._propagator.extract({TRACEPARENT: parent}, Context())

    def _told(self, context: Context | None) -> str:
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier, context)
        return carrier.get(TRACEPARENT, "")


class OpenTelemetrySpan:
    """An `OpenSpan`.

    Attributes:
        traceparent: See `OpenSpan.traceparent`.
    """

    def __init__(self, span: Span, traceparent: str) -> None:
        self._span = span
        self.traceparent = traceparent

    def end(self, code: str = "OK") -> None:
        """See `OpenSpan.end`."""
        from opentelemetry.trace import StatusCode

        if not self._span.is_recording():
            return
        self._span.set_attribute("rpc.grpc.status_code", code)
        if code not in ("OK", "CANCELLED"):
            self._span.set_status(StatusCode.ERROR, code)
        self._span.end()
