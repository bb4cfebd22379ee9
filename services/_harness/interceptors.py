"""What happens around every call: errors become statuses, calls are counted and timed.

Each interceptor opens one scope per call, whatever its kind; messages of a stream pass without
extra work.
"""

from __future__ import annotations

import asyncio
import inspect
import secrets
from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, aclosing
from time import perf_counter
from types import TracebackType
from typing import Any, Final, TypeAlias

import grpc
import grpc.aio
import structlog

from mazemesh.errors import MazemeshError, status_of
from services._harness.in_flight import InFlight
from services._harness.metrics import CallMetrics, MethodMetrics

_log = structlog.get_logger(__name__)

# Generic in the stubs only, hence the quotes.
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Scope: TypeAlias = "Callable[[Context], AbstractAsyncContextManager[None]]"

REQUEST_ID_KEY: Final = "x-request-id"
"""Metadata key under which a caller may name its request; the name appears in the log."""


class ScopeInterceptor(grpc.aio.ServerInterceptor):
    """Runs every call of a known method inside `scope(method)(context)`."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}

    @abstractmethod
    def scope(self, method: str) -> Scope:
        """Called once per method; what it returns is called once per call."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Any],
        details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Wraps a handler at its first call; an unknown method stays with gRPC (UNIMPLEMENTED)."""
        known = self._handlers.get(details.method)
        if known is not None:
            return known
        handler: Handler | None = await continuation(details)
        if handler is None:
            return None
        wrapped = _wrap(handler, self.scope(details.method))
        self._handlers[details.method] = wrapped
        return wrapped


class ErrorInterceptor(ScopeInterceptor):
    """Turns exceptions into statuses by the table of `mazemesh.errors`.

    Any other exception becomes INTERNAL with a short id; the traceback is in the log under that id.
    """

    def scope(self, method: str) -> Scope:
        """A scope that also binds method, peer and request id to the log lines of the call."""
        return lambda context: _ErrorScope(method, context)


class MetricsInterceptor(ScopeInterceptor):
    """Counts and times calls; keeps `in_flight`, where health and reflection do not count."""

    def __init__(self, metrics: CallMetrics, in_flight: InFlight) -> None:
        super().__init__()
        self._metrics = metrics
        self._in_flight = in_flight

    def scope(self, method: str) -> Scope:
        """A scope that ends with the status code the caller gets."""
        metrics = self._metrics.method(method)
        in_flight = None if method.startswith("/grpc.") else self._in_flight
        return lambda context: _MetricsScope(metrics, in_flight, context)


class _ErrorScope(AbstractAsyncContextManager[None]):
    __slots__ = ("_context", "_method")

    def __init__(self, method: str, context: Context) -> None:
        self._method = method
        self._context = context

    async def __aenter__(self) -> None:
        structlog.contextvars.bind_contextvars(
            method=self._method, peer=self._context.peer(), request_id=_request_id(self._context)
        )

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Cancellation and abort() are answers already; KeyboardInterrupt and the like are not for
        # us.
        if not isinstance(error, Exception) or isinstance(error, grpc.aio.AbortError):
            return
        if isinstance(error, MazemeshError):
            code = status_of(error)
            _log.debug("call refused", code=code.name, reason=str(error))
            await self._context.abort(code, str(error))
        error_id = secrets.token_hex(4)
        _log.error("call failed", error_id=error_id, exc_info=error)
        await self._context.abort(
            grpc.StatusCode.INTERNAL,
            f"internal error {error_id}: the log of the service has the details under this id",
        )


class _MetricsScope(AbstractAsyncContextManager[None]):
    __slots__ = ("_context", "_in_flight", "_metrics", "_started")

    def __init__(
        self, metrics: MethodMetrics, in_flight: InFlight | None, context: Context
    ) -> None:
        self._metrics = metrics
        self._in_flight = in_flight
        self._context = context

    async def __aenter__(self) -> None:
        self._started = perf_counter()
        self._metrics.in_flight.inc()
        if self._in_flight is not None:
            self._in_flight.enter()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._metrics.in_flight.dec()
        self._metrics.latency.observe(perf_counter() - self._started)
        self._metrics.handled(_code_name(self._context, error))
        if self._in_flight is not None:
            self._in_flight.leave()


def _request_id(context: Context) -> str:
    metadata: Any = context.invocation_metadata()  # at run time a plain tuple of pairs
    for key, value in metadata or ():
        if key == REQUEST_ID_KEY:
            return str(value)
    return secrets.token_hex(4)


_CODE_NAMES: Final = {code.value[0]: code.name for code in grpc.StatusCode}


def _code_name(context: Context, error: BaseException | None) -> str:
    """The name of the status that the caller sees."""
    if isinstance(error, asyncio.CancelledError):
        remaining: float | None = context.time_remaining()
        return "CANCELLED" if remaining is None or remaining > 0 else "DEADLINE_EXCEEDED"
    if error is not None and not isinstance(error, grpc.aio.AbortError):
        return "UNKNOWN"
    # The runtime keeps a bare number until a status is set, the stubs say it is always a
    # StatusCode.
    code: Any = context.code()
    if isinstance(code, grpc.StatusCode):
        return code.name
    return _CODE_NAMES.get(code or 0, "UNKNOWN")


def _wrap(handler: Handler, scope: Scope) -> Handler:
    """`handler` with each call inside `scope`, for all four kinds of calls."""
    make: Any
    if handler.response_streaming:
        make = (
            grpc.stream_stream_rpc_method_handler
            if handler.request_streaming
            else grpc.unary_stream_rpc_method_handler
        )
        call = _streaming(handler.stream_stream or handler.unary_stream, scope)
    else:
        make = (
            grpc.stream_unary_rpc_method_handler
            if handler.request_streaming
            else grpc.unary_unary_rpc_method_handler
        )
        call = _single(handler.stream_unary or handler.unary_unary, scope)
    wrapped: Handler = make(call, handler.request_deserializer, handler.response_serializer)
    return wrapped


def _single(behaviour: Any, scope: Scope) -> Callable[[Any, Context], Any]:
    async def call(request: Any, context: Context) -> Any:
        async with scope(context):
            return await behaviour(request, context)

    return call


def _streaming(behaviour: Any, scope: Scope) -> Callable[[Any, Context], Any]:
    async def call(request: Any, context: Context) -> None:
        async with scope(context):
            answer = behaviour(request, context)
            if inspect.isawaitable(answer):  # the servicer writes by context.write
                await answer
                return
            # Closing the generator here runs its finally blocks now and not at some garbage
            # collection.
            async with aclosing(answer):
                async for response in answer:
                    await context.write(response)

    return call
