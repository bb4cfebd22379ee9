"""A bidirectional call as a pair of send and receive with timeouts."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import grpc

from mazemesh.client.channel import closed, translate
from mazemesh.errors import DeadlineExceeded, MazemeshError

Request = TypeVar("Request")
Response = TypeVar("Response")

_CLOSE_SECONDS = 5.0


class Duplex(Generic[Request, Response]):
    """One stream to a server and back; a thread reads ahead, so that `receive` can time out.

    What is read ahead is bounded by what the server sends without being asked.
    """

    def __init__(
        self, method: Callable[[Iterator[Request]], Any], address: str, first: Request
    ) -> None:
        self._address = address
        self._requests: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._responses: queue.SimpleQueue[Response | MazemeshError | None] = queue.SimpleQueue()
        self._requests.put(first)
        try:
            self._call = method(iter(self._requests.get, None))
        except ValueError as error:
            raise closed(address) from error
        self.has_ended = False
        """Whether the last response, or what broke the stream, was received."""
        self._reader = threading.Thread(target=self._read, name="mazemesh-duplex", daemon=True)
        self._reader.start()

    def send(self, request: Request) -> None:
        """Sends without waiting; on a stream that has ended nothing happens, `receive` tells."""
        self._requests.put(request)

    def receive(self, timeout: float) -> Response | None:
        """The next response within `timeout` seconds; None after the last one.

        Raises:
            DeadlineExceeded: there was none in time; the stream goes on.
            MazemeshError: the stream broke.
        """
        try:
            response = self._responses.get(timeout=max(timeout, 0.0))
        except queue.Empty:
            raise DeadlineExceeded(
                f"no answer within {timeout:g} s (server {self._address})"
            ) from None
        if response is None or isinstance(response, MazemeshError):
            self.has_ended = True
            self._responses.put(response)  # for whoever asks again
        if isinstance(response, MazemeshError):
            raise response
        return response

    def close(self) -> None:
        """Tells the server that nothing more comes, and ends the stream."""
        self._requests.put(None)
        self._reader.join(_CLOSE_SECONDS)
        self.cancel()

    def cancel(self) -> None:
        """Ends the stream at once."""
        self._call.cancel()
        self._requests.put(None)
        self._reader.join()

    def _read(self) -> None:
        try:
            for response in self._call:
                self._responses.put(response)
            self._responses.put(None)
        except grpc.RpcError as error:
            self._responses.put(translate(error, self._address))
        finally:
            self._requests.put(None)  # frees the thread that sends
