"""What happens around every call: errors become statuses, calls are counted, timed and named.

One interceptor does all of it: each further one would cost every call a few microseconds. Of the
messages of a stream only the decoding is looked after.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Never, TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from mazemesh import tracing
from mazemesh.contract import check_client
from mazemesh.errors import InvalidArgument, MazemeshError
from mazemesh.process.logging import call_fields
from services._harness.calls.answering import code_name, send_all
from services._harness.calls.context import Context
from services._harness.calls.in_flight import InFlight
from services._harness.calls.refusals import refusal
from services._harness.metrics import CallMetrics, MethodMetrics

if TYPE_CHECKING:
    from services._harness.access.gate import Gate

# Generic in the stubs only, hence the quotes.
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Decode: TypeAlias = Callable[[bytes], Any]

REQUEST_ID_KEY: Final = "x-request-id"
"""Metadata key under which a caller may name its request; the name appears in the log."""


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Runs every call of a known method between `Calls.begin` and `Calls.end`.

    Health and reflection are counted, but do not keep `in_flight`.

    Attributes:
        gate: What calls have to pass; None lets all through, as on a laptop.
    """

    def __init__(self, metrics: CallMetrics, in_flight: InFlight) -> None:
        self.gate: Gate | None = None
        self._metrics = metrics
        self._in_flight = in_flight
        self._handlers: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Any],
        details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Wraps a handler at its first call; an unknown method stays with gRPC (UNIMPLEMENTED)."""
        call = _Call(details)
        _current.set(call)
        if not details.method.startswith("/grpc."):  # health is for everybody
            call.refusal = _version_refused(details)
        if self.gate is not None:
            await self.gate.admit(details.method, details.invocation_metadata, call.request_id)
        known = self._handlers.get(details.method)
        if known is not None:
            return known
        handler: Handler | None = await continuation(details)
        if handler is None:
            return None
        in_flight = None if details.method.startswith("/grpc.") else self._in_flight
        if self.gate is not None:
            handler = self.gate.guard(details.method, handler)
        calls = _Calls(self._metrics.method(details.method), in_flight)
        wrapped = self._handlers[details.method] = _wrap(handler, calls)
        return wrapped


class _Call:
    """What log lines say of a call. It is put together only when there is a line."""

    __slots__ = ("_details", "_request_id", "peer", "refusal", "span")

    def __init__(self, details: grpc.HandlerCallDetails) -> None:
        self._details = details
        self._request_id = ""
        # Asked for at once: a task that outlives the call may still write lines about it.
        self.peer = ""
        self.refusal: MazemeshError | None = None
        """Why the caller gets no answer; known before there is a call to refuse."""
        self.span: tracing.OpenSpan | None = None
        """Of the call, where it is traced."""

    def trace(self, tracer: tracing.Tracer) -> None:
        """Begins the span of the call: of the caller's trace, or of a new one."""
        name = self._details.method.removeprefix("/")
        service, _, method = name.partition("/")
        given = dict(self._details.invocation_metadata or ()).get(tracing.TRACEPARENT, "")
        about = {
            "rpc.system": "grpc",
            "rpc.service": service,
            "rpc.method": method,
            "request_id": self.request_id(),
        }
        self.span = tracer.begin(name, str(given), tracing.Kind.SERVER, about, present=True)

    def request_id(self) -> str:
        """The caller's name for the request, or a random one."""
        if not self._request_id:
            given = dict(self._details.invocation_metadata or ()).get(REQUEST_ID_KEY)
            self._request_id = str(given or secrets.token_hex(4))
        return self._request_id

    def fields(self) -> Mapping[str, str]:
        """Method, peer and the request's name."""
        return {
            "method": self._details.method,
            "peer": self.peer,
            "request_id": self.request_id(),
        }


_current: ContextVar[_Call] = ContextVar("call")


class _Calls:
    """Begins and ends the calls of one method."""

    def __init__(self, metrics: MethodMetrics, in_flight: InFlight | None) -> None:
        self._metrics = metrics
        self._in_flight = in_flight

    def begin(self, context: Context) -> float:
        """Names the call in the log lines that follow; returns when it began."""
        call = _current.get()
        call.peer = context.peer()
        call_fields.set(call.fields)
        tracer = tracing.tracer()
        if tracer is not None and self._in_flight is not None:
            call.trace(tracer)
        self._metrics.in_flight += 1
        if self._in_flight is not None:
            self._in_flight.enter()
        return perf_counter()

    def end(self, began: float, code: str) -> None:
        """Counts a call that ended with a status code."""
        span = _current.get().span
        if span is not None:
            span.end(code)
        self._metrics.in_flight -= 1
        self._metrics.ended(perf_counter() - began, code)
        if self._in_flight is not None:
            self._in_flight.leave()

    async def fail(self, began: float, context: Context, error: BaseException) -> Never:
        """Answers an exception with a status and raises what gRPC expects then."""
        code = "UNKNOWN"
        try:
            if isinstance(error, Exception) and not isinstance(error, grpc.aio.AbortError):
                await _abort(context, error)
            raise error
        except grpc.aio.AbortError:
            code = code_name(context)
            raise
        except asyncio.CancelledError:
            remaining: float | None = context.time_remaining()
            late = remaining is not None and remaining <= 0
            code = "DEADLINE_EXCEEDED" if late else "CANCELLED"
            raise
        finally:
            self.end(began, code)


def admit(request: object) -> None:
    """Raises why the present call is refused before its servicer hears of it, if it is."""
    refused = _current.get().refusal
    if refused is not None:
        raise refused
    if isinstance(request, InvalidArgument):
        raise request


def _version_refused(details: grpc.HandlerCallDetails) -> MazemeshError | None:
    for key, value in details.invocation_metadata or ():
        if key == "user-agent" and not _serves(value):
            try:
                check_client(str(value))
            except MazemeshError as error:
                return error
    return None


@lru_cache(maxsize=256)
def _serves(agent: str | bytes) -> bool:
    try:
        check_client(str(agent))
    except MazemeshError:
        return False
    return True


async def _abort(context: Context, error: Exception) -> None:
    """Ends the call with what `refusal` makes of the exception; raises AbortError."""
    told = refusal(error)
    await context.abort(told.code, told.message, told.metadata)


def _wrap(handler: Handler, calls: _Calls) -> Handler:
    """`handler` with each call between begin and end, for all four kinds of calls."""
    make: Any
    decode = handler.request_deserializer
    if decode is not None:
        decode = _message_decoder(decode) if handler.request_streaming else _request_decoder(decode)
    if handler.response_streaming:
        make = (
            grpc.stream_stream_rpc_method_handler
            if handler.request_streaming
            else grpc.unary_stream_rpc_method_handler
        )
        call = _streaming(handler.stream_stream or handler.unary_stream, calls)
    else:
        make = (
            grpc.stream_unary_rpc_method_handler
            if handler.request_streaming
            else grpc.unary_unary_rpc_method_handler
        )
        call = _single(handler.stream_unary or handler.unary_unary, calls)
    wrapped: Handler = make(call, decode, handler.response_serializer)
    return wrapped


def _message_decoder(decode: Decode) -> Decode:
    """Decodes a message of a stream; whoever reads a malformed one gets the error."""

    def decode_message(data: bytes) -> Any:
        try:
            return decode(data)
        except DecodeError as error:
            raise InvalidArgument(str(error)) from None

    return decode_message


def _request_decoder(decode: Decode) -> Decode:
    """Decodes a lone request, or makes an error of it: gRPC decodes before it calls anybody."""

    def decode_request(data: bytes) -> Any:
        try:
            return decode(data)
        except DecodeError as error:
            return InvalidArgument(str(error))

    return decode_request


def _single(behaviour: Any, calls: _Calls) -> Callable[[Any, Context], Any]:
    async def call(request: Any, context: Context) -> Any:
        began = calls.begin(context)
        try:
            admit(request)
            answer = await behaviour(request, context)
        except BaseException as error:
            await calls.fail(began, context, error)
        calls.end(began, code_name(context))
        return answer

    return call


def _streaming(behaviour: Any, calls: _Calls) -> Callable[[Any, Context], Any]:
    async def call(request: Any, context: Context) -> None:
        began = calls.begin(context)
        try:
            admit(request)
            await send_all(behaviour(request, context), context)
        except BaseException as error:
            await calls.fail(began, context, error)
        calls.end(began, code_name(context))

    return call
