"""Channels whose calls are spans, and carry the trace that they are part of.

Only calls within a span are: what a process does by itself all the time (heartbeats, polls) begins
no trace of its own.
"""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import grpc.aio

from mazemesh.client.calling.wrapped import WrappedChannel
from mazemesh.tracing import TRACEPARENT, Kind, OpenSpan, Tracer


class TracedChannel(WrappedChannel):
    """A channel for threads whose calls are spans."""

    def __init__(self, channel: Any, tracer: Tracer) -> None:
        super().__init__(channel)
        self._tracer = tracer

    @property
    def call_metadata(self) -> tuple[tuple[str, str], ...]:
        """What calls carry that are made of gRPC's inner parts (`calling.cygrpc`)."""
        parent = self._tracer.current()
        own: tuple[tuple[str, str], ...] = getattr(self._inner, "call_metadata", ())
        return (*own, (TRACEPARENT, parent)) if parent else own

    def unary_unary(self, method: str, *arguments: Any, **named: Any) -> Any:
        """See `grpc.Channel`."""
        return _Traced(self._inner.unary_unary(method, *arguments, **named), method, self._tracer)

    def unary_stream(self, method: str, *arguments: Any, **named: Any) -> Any:
        """See `grpc.Channel`."""
        return _TracedStream(
            self._inner.unary_stream(method, *arguments, **named), method, self._tracer
        )

    def stream_unary(self, method: str, *arguments: Any, **named: Any) -> Any:
        """See `grpc.Channel`."""
        return _Traced(self._inner.stream_unary(method, *arguments, **named), method, self._tracer)

    def stream_stream(self, method: str, *arguments: Any, **named: Any) -> Any:
        """See `grpc.Channel`."""
        return _TracedStream(
            self._inner.stream_stream(method, *arguments, **named), method, self._tracer
        )


def begin_call(tracer: Tracer, method: str) -> OpenSpan | None:
    """A span of a call ("/package.Service/Method"), where there is one that it is part of."""
    if not tracer.current():
        return None
    name = method.removeprefix("/")
    service, _, short = name.partition("/")
    about = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": short}
    return tracer.begin(name, None, Kind.CLIENT, about, present=False)


def with_trace(metadata: Any, span: OpenSpan) -> Any:
    """Metadata of a call, and the trace."""
    return (*(metadata or ()), (TRACEPARENT, span.traceparent))


class _Traced:
    """A method that answers once."""

    def __init__(self, method: Any, name: str, tracer: Tracer) -> None:
        self._method, self._name, self._tracer = method, name, tracer

    def __call__(self, request: Any, timeout: float | None = None, **named: Any) -> Any:
        return self._ended(self._method, request, timeout, named)

    def with_call(self, request: Any, timeout: float | None = None, **named: Any) -> Any:
        return self._ended(self._method.with_call, request, timeout, named)

    def future(self, request: Any, timeout: float | None = None, **named: Any) -> Any:
        span = begin_call(self._tracer, self._name)
        if span is not None:
            named["metadata"] = with_trace(named.get("metadata"), span)
        call = self._method.future(request, timeout, **named)
        if span is not None:
            call.add_done_callback(lambda done: span.end(done.code().name))
        return call

    def _ended(self, method: Any, request: Any, timeout: float | None, named: Any) -> Any:
        span = begin_call(self._tracer, self._name)
        if span is None:
            return method(request, timeout, **named)
        named["metadata"] = with_trace(named.get("metadata"), span)
        code = "UNKNOWN"
        try:
            answer = method(request, timeout, **named)
            code = "OK"
            return answer
        except grpc.RpcError as error:
            failed: Any = error
            code = failed.code().name
            raise
        finally:
            span.end(code)


class _TracedStream:
    """A method that answers again and again: the span is over with the stream."""

    def __init__(self, method: Any, name: str, tracer: Tracer) -> None:
        self._method, self._name, self._tracer = method, name, tracer

    def __call__(self, request: Any, timeout: float | None = None, **named: Any) -> Any:
        span = begin_call(self._tracer, self._name)
        if span is None:
            return self._method(request, timeout, **named)
        named["metadata"] = with_trace(named.get("metadata"), span)
        call = self._method(request, timeout, **named)

        def end() -> None:
            span.end(call.code().name)

        if not call.add_callback(end):
            end()
        return call


def interceptors(tracer: Tracer) -> list[Any]:
    """The same for a channel of asyncio: one for each kind of calls, as gRPC asks for them."""
    return [kind(tracer) for kind in (_UnaryUnary, _UnaryStream, _StreamUnary, _StreamStream)]


class _Aio:
    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._ending: set[asyncio.Future[None]] = set()

    async def _call(self, continuation: Any, details: Any, request: Any) -> Any:
        method = details.method.decode() if isinstance(details.method, bytes) else details.method
        span = begin_call(self._tracer, method)
        if span is None:
            return await continuation(details, request)
        given = with_trace(details.metadata, span)
        call = await continuation(details._replace(metadata=grpc.aio.Metadata(*given)), request)
        call.add_done_callback(lambda _: self._end(call, span))
        return call

    def _end(self, call: Any, span: OpenSpan) -> None:
        """Which status a call of asyncio ended with is to be awaited, though it is over."""

        async def end() -> None:
            span.end((await call.code()).name)

        task = asyncio.ensure_future(end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


class _UnaryUnary(_Aio, grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return await self._call(continuation, details, request)


class _UnaryStream(_Aio, grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return await self._call(continuation, details, request)


class _StreamUnary(_Aio, grpc.aio.StreamUnaryClientInterceptor):
    async def intercept_stream_unary(self, continuation: Any, details: Any, requests: Any) -> Any:
        return await self._call(continuation, details, requests)


class _StreamStream(_Aio, grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(self, continuation: Any, details: Any, requests: Any) -> Any:
        return await self._call(continuation, details, requests)
