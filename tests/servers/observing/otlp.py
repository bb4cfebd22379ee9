"""A collector: takes spans by OTLP over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class Span:
    """What is known of a span; ids in hex, `parent` empty for the first of a trace."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    kind: int
    attributes: dict[str, Any]
    is_error: bool


SERVER, CLIENT = 2, 3


class Collector:
    """Spans that came."""

    def __init__(self) -> None:
        self.url = ""
        self._spans: list[Span] = []
        self._news = threading.Condition()

    def take(self, data: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(data)
        with self._news:
            for resource in request.resource_spans:
                about = {one.key: one.value.string_value for one in resource.resource.attributes}
                for scope in resource.scope_spans:
                    self._spans += [_span(about["service.name"], one) for one in scope.spans]
            self._news.notify_all()

    def wait_for(self, true: Callable[[list[Span]], bool], seconds: float = 20.0) -> list[Span]:
        """All spans, once there are those that are waited for."""
        with self._news:
            assert self._news.wait_for(lambda: true(self._spans), seconds), self._spans
            return list(self._spans)


def _span(service: str, span: Any) -> Span:
    return Span(
        service,
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.kind,
        {
            one.key: getattr(one.value, str(one.value.WhichOneof("value")))
            for one in span.attributes
        },
        span.status.code == 2,
    )


@contextmanager
def collector() -> Iterator[Collector]:
    """A collector that listens."""
    collected = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collected.take(self.rfile.read(int(self.headers["Content-Length"])))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collected.url = f"http://127.0.0.1:{server.server_port}/v1/traces"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield collected
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
