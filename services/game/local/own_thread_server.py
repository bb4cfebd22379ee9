"""A gRPC server of one thread, for streams in which every message is answered by one.

grpc.aio hands each message from the thread that polls to the event loop and each answer back, which
costs more than to play a step of a few games. Here the thread that polls answers, and sends an
answer and waits for the next message in one operation (docs/adr/0068).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import grpc
import structlog

from mazemesh.client.calling import cygrpc
from mazemesh.error_details import to_metadata
from mazemesh.errors import NO_DETAILS, Details
from services._harness.calls.refusals import refusal

_log = structlog.get_logger(__name__)

Answer = Callable[[bytes], bytes | None]
"""The answer to a message; None ends the stream in order. What it raises ends the stream too."""

Over = Callable[[BaseException | None], None]
"""Told once that no message comes any more: None after the last one, or what `Answer` raised."""


class OwnThreadServer:
    """Serves one method at one address.

    Args:
        address: as gRPC names it, e.g. "unix-abstract:name".
        method: "/package.Service/Method".
        begin: given each new stream and its first message, in the server's thread; it should not
            wait, but have the stream `start` or `end` later.
        options: of the server, as gRPC has them.
        failed: told, in the thread, when it ends otherwise than by `stop`: nothing is answered any
            more.

    Attributes:
        alive: whether the thread answers.

    An exception in what it calls ends the stream that it is about, and no other.

    Raises:
        OSError: at construction; the address cannot be had.
        AttributeError, ImportError, TypeError: at construction; this version of gRPC is built in
            another way.
    """

    def __init__(
        self,
        address: str,
        method: str,
        begin: Callable[[ServerStream, bytes], None],
        options: tuple[tuple[str, int], ...] = (),
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        internals = self._internals = cygrpc.internals()
        self._method = method.encode()
        self._begin = begin
        self._failed = failed
        self._stopped = False
        self.alive = True
        self._queue = internals.CompletionQueue()
        self._server = internals.Server(options, False)
        self._server.register_completion_queue(self._queue)
        if not self._server.add_http2_port(address.encode()):
            raise OSError(f"gRPC cannot listen at {address}")
        self._server.start()
        self._await_stream()
        self._thread = threading.Thread(target=self._run, name="own-thread-server", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Cancels the streams that are left, and returns once the thread has ended."""
        self._server.shutdown(self._queue, self._shut_down)
        self._server.cancel_all_calls()
        self._thread.join()
        while not self._stopped:  # the thread had ended before
            self._take_event()
        self._server.destroy()

    def _run(self) -> None:
        try:
            while not self._stopped:
                self._take_event()
        except BaseException:
            _log.exception("the thread of a server ended", method=self._method.decode())
        finally:
            self.alive = False
            if not self._stopped:
                self._failed()

    def _take_event(self) -> None:
        event = self._queue.poll()
        try:
            event.tag(event)
        except BaseException as error:
            _log.exception("stream failed", method=self._method.decode())
            stream = getattr(event.tag, "__self__", None)
            if isinstance(stream, ServerStream):
                with suppress(Exception):  # the call itself may be gone
                    stream.fail(error)

    def _await_stream(self) -> None:
        with suppress(ValueError):  # it is about to stop
            self._server.request_call(self._queue, self._queue, self._arrived)

    def _arrived(self, event: Any) -> None:
        if not event.success:  # there is no further stream, as the server stops
            return
        self._await_stream()
        stream = ServerStream(event.call, self._internals, self._begin)
        if event.call_details.method == self._method:
            stream.receive_first()
        else:
            stream.end_with(grpc.StatusCode.UNIMPLEMENTED, "this address has one method alone")

    def _shut_down(self, _: Any) -> None:
        self._stopped = True


class ServerStream:
    """One stream. Its messages are answered in the server's thread; `start` and `end` are any's."""

    def __init__(
        self, call: Any, internals: Any, begin: Callable[[ServerStream, bytes], None]
    ) -> None:
        self._call = call
        self._internals = internals
        self._begin = begin
        self._answer: Answer | None = None
        self._over: Over | None = None
        self._greeted = False
        self._ended = threading.Lock()
        """Held from the end on."""
        # gRPC keeps no reference to its calls: what waits for the close is what keeps this one.
        self._operate(internals.ReceiveCloseOnServerOperation(0), tag=self._done)

    def receive_first(self) -> None:
        """Waits for the first message, which is for `begin`."""
        self._greeted = True
        self._operate(
            self._internals.SendInitialMetadataOperation((), 0),
            self._internals.ReceiveMessageOperation(0),
            tag=self._received,
        )

    def start(self, first: bytes, answer: Answer, over: Over) -> None:
        """Answers the first message, and from now on every other one by `answer`."""
        self._answer, self._over = answer, over
        self._exchange(first)

    def end(self, error: Exception | None) -> None:
        """Ends the stream with what `refusal` makes of an error, or in order; the first counts."""
        if error is None:
            self.end_with(grpc.StatusCode.OK, "")
        else:
            self.end_with(*refusal(error))

    def end_with(self, code: grpc.StatusCode, message: str, details: Details = NO_DETAILS) -> None:
        """Ends the stream with a status; the first end counts."""
        if not self._ended.acquire(blocking=False):
            return
        operations = self._internals
        number: int = code.value[0]
        told = to_metadata(number, message, details)
        status = operations.SendStatusFromServerOperation(told, number, message.encode(), 0)
        if self._greeted:
            self._operate(status, tag=self._done)
        else:
            self._operate(operations.SendInitialMetadataOperation((), 0), status, tag=self._done)

    def fail(self, error: BaseException) -> None:
        """Ends the stream after an error of the code that answers it; in the server's thread."""
        try:
            self._tell(error)
        finally:
            self.end_with(grpc.StatusCode.INTERNAL, "internal error; the log has it")

    def _received(self, event: Any) -> None:
        message: bytes | None = event.batch_operations[1].message()
        if self._answer is None:
            if message is None:
                self.end(None)
            else:
                self._begin(self, message)
        elif message is None:
            self._tell(None)
        else:
            self._answer_to(self._answer, message)

    def _answer_to(self, answer: Answer, message: bytes) -> None:
        try:
            response = answer(message)
        except BaseException as error:
            self._tell(error)
        else:
            if response is None:
                self._tell(None)
            elif not self._ended.locked():
                self._exchange(response)

    def _tell(self, error: BaseException | None) -> None:
        over, self._over = self._over, None
        if over is not None:
            over(error)

    def _exchange(self, response: bytes) -> None:
        """Sends a message and waits for the next one."""
        self._operate(
            self._internals.SendMessageOperation(response, 0),
            self._internals.ReceiveMessageOperation(0),
            tag=self._received,
        )

    def _operate(self, *operations: Any, tag: Callable[[Any], None]) -> None:
        self._call.start_server_batch(operations, tag)

    def _done(self, _: Any) -> None:
        """An operation ended that nobody waits for."""
