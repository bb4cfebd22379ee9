"""A bidirectional call that is carried out by the thread that uses it.

gRPC's own stream of both directions has three threads beside the caller's, which wake one another
for every message. Its unary calls have none: the caller waits for a completion queue that belongs
to the call alone (grpc's `segregated_call`). This is a stream of that kind (docs/adr/0049).
"""

from __future__ import annotations

import threading
import time
from typing import Any, Protocol

import grpc

from mazemesh.client.calling import cygrpc
from mazemesh.client.game.duplex import Duplex
from mazemesh.error_details import details_in
from mazemesh.errors import (
    NO_DETAILS,
    DeadlineExceeded,
    Details,
    MazemeshError,
    Unavailable,
    from_status,
)

_CLOSE_SECONDS = 5.0
_SEND_SECONDS = 30.0
_SHORT_SECONDS = 2.0
_LOOK_SECONDS = 0.2
"""How often it is looked whether somebody waits for too long."""

_UNKNOWN = grpc.StatusCode.UNKNOWN.value[0]
_CODES = {code.value[0]: code for code in grpc.StatusCode}


class Stream(Protocol):
    """Encoded messages to a server and back."""

    def send(self, request: bytes) -> None:
        """Sends without waiting for an answer; on a stream that has ended nothing happens."""
        ...

    def receive(self, timeout: float) -> bytes | None:
        """The next message within `timeout` seconds; None after the last one."""
        ...

    def close(self) -> None:
        """Tells the server that nothing more comes, and ends the stream."""
        ...

    def cancel(self) -> None:
        """Ends the stream at once."""
        ...


def open_stream(channel: grpc.Channel, method: str, address: str, first: bytes) -> Stream:
    """A stream of a method ("/package.Service/Method"), and its first message on the way.

    Of gRPC's threads, with a warning, where this version of gRPC is built in another way.

    Raises:
        Unavailable: the channel is closed.
    """
    try:
        return OwnThreadStream(channel, method, address, first)
    except cygrpc.CHANGED as error:
        cygrpc.warn_of_change("steps of games take longer", error)
        call: Any = channel.stream_stream(method)
        return Duplex[bytes, bytes](call, address, first)


class OwnThreadStream:
    """A `Stream` for one thread; one that was waited for too long has ended."""

    def __init__(self, channel: Any, method: str, address: str, first: bytes) -> None:
        """As `open_stream`."""
        internals = self._internals = cygrpc.internals()
        self._address = address
        self._events_due = 2
        self._sending = self._receiving = False
        self._message: bytes | None = None
        self._status: tuple[int, str, Details] | None = None
        self._give_up_at: float | None = None
        self._late = False
        self._reader: threading.Thread | None = None
        self._over = threading.Event()
        begin = (
            internals.SendInitialMetadataOperation(getattr(channel, "call_metadata", ()), 0),
            internals.ReceiveStatusOnClientOperation(0),
        )
        metadata = (internals.ReceiveInitialMetadataOperation(0),)
        try:
            self._call = cygrpc.segregated_call(channel, method, begin, metadata)
        except ValueError as error:  # gRPC's way to say that the channel was closed
            raise Unavailable(f"the client of {address} was closed") from error
        threading.Thread(target=self._watch, name="mazemesh-deadline", daemon=True).start()
        self.send(first)

    def send(self, request: bytes) -> None:
        """Sends without waiting for an answer; on a stream that has ended nothing happens."""
        self._give_up_at = time.monotonic() + _SEND_SECONDS
        if self._sending:
            self._join_reader()
        while self._sending:  # gRPC takes one at a time
            self._next_event()
        self._give_up_at = None
        self._sending = self._operate(self._internals.SendMessageOperation(request, 0))

    def receive(self, timeout: float) -> bytes | None:
        """The next message within `timeout` seconds; None after the last one.

        Raises:
            DeadlineExceeded: there was none in time. After a long timeout the stream has ended,
                from then on it is `Unavailable`; after one below a few seconds it goes on.
            MazemeshError: the stream broke.
        """
        if self._late:
            raise Unavailable(f"the stream was given up (server {self._address})")
        if self._reader is not None or timeout < _SHORT_SECONDS:
            self._await_briefly(timeout)
        else:
            self._give_up_at = time.monotonic() + timeout
            self._await_message()
            self._give_up_at = None
        message, self._message = self._message, None
        if message is None:
            self._raise_status(timeout)
        return message

    def close(self) -> None:
        """Tells the server that nothing more comes, and ends the stream."""
        try:
            self._operate(self._internals.SendCloseFromClientOperation(0))
            until = time.monotonic() + _CLOSE_SECONDS
            while self.receive(until - time.monotonic()) is not None:
                pass
        except MazemeshError:
            pass
        finally:
            self.cancel()

    def cancel(self) -> None:
        """Ends the stream at once."""
        self._cancel()
        self._join_reader()
        # The call and its queue are freed with the last event.
        while self._events_due:
            self._next_event()

    def _await_message(self) -> None:
        """Until there is a message, or the stream has ended."""
        if not self._receiving:
            self._receiving = self._operate(self._internals.ReceiveMessageOperation(0))
        while self._receiving or (self._message is None and self._events_due):
            self._next_event()

    def _await_briefly(self, timeout: float) -> None:
        """The same by a thread, which waits on where this one gives up."""
        if self._reader is None:
            self._reader = threading.Thread(
                target=self._await_message, name="mazemesh-reader", daemon=True
            )
            self._reader.start()
        self._reader.join(max(timeout, 0.0))
        if self._reader.is_alive():
            raise DeadlineExceeded(f"no answer within {timeout:g} s (server {self._address})")
        self._reader = None

    def _join_reader(self) -> None:
        if self._reader is not None:
            self._reader.join()

    def _cancel(self) -> None:
        self._call.cancel(grpc.StatusCode.CANCELLED.value[0], "cancelled by the client")

    def _operate(self, operation: Any) -> bool:
        if not self._events_due or not self._call.operate((operation,), None):
            return False
        self._events_due += 1
        return True

    def _next_event(self) -> None:
        if not self._events_due:
            self._sending = self._receiving = False
            return
        kinds = self._internals.OperationType
        event = self._call.next_event()
        self._events_due -= 1
        for operation in event.batch_operations:
            kind = operation.type()
            if kind == kinds.send_message:
                self._sending = False
            elif kind == kinds.receive_message:
                self._receiving = False
                self._message = operation.message()
            elif kind == kinds.receive_status_on_client:
                told = details_in(operation.trailing_metadata())
                self._status = operation.code(), str(operation.details() or ""), told
        if not self._events_due:
            self._over.set()

    def _raise_status(self, timeout: float) -> None:
        """Raises what ended the stream, unless that was its end."""
        if self._late:
            raise DeadlineExceeded(f"no answer within {timeout:g} s (server {self._address})")
        number, details, told = self._status or (_UNKNOWN, "no status", NO_DETAILS)
        code = _CODES.get(number, grpc.StatusCode.UNKNOWN)
        if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            details = f"{details} (server {self._address})"
        if code is not grpc.StatusCode.OK:
            raise from_status(code, details, told)

    def _watch(self) -> None:
        """Ends the stream when its thread has waited for too long; a thread of its own."""
        while not self._over.wait(_LOOK_SECONDS):
            at = self._give_up_at
            if at is not None and time.monotonic() > at:
                self._late = True
                self._cancel()
                return
