import secrets
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from mazemesh.client.channel import open_channel
from mazemesh.client.game.own_thread_stream import Stream, open_stream
from mazemesh.errors import FailedPrecondition, InvalidArgument, MazemeshError, Unavailable
from services.game.local.own_thread_server import OwnThreadServer, ServerStream

METHOD = "/test.Echo/Echo"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there are no abstract sockets")


class Echo:
    """Answers each message with itself, "wrong" by an error, and ends the stream at "end"."""

    def __init__(self) -> None:
        self.address = f"unix-abstract:test-{secrets.token_hex(8)}"
        self.server = OwnThreadServer(self.address, METHOD, self._begin)
        self.ended: list[BaseException | None] = []
        self.news = threading.Semaphore(0)

    def _begin(self, stream: ServerStream, first: bytes) -> None:
        def over(error: BaseException | None) -> None:
            self.ended.append(error)
            self.news.release()
            if isinstance(error, KeyError):
                raise ValueError("a fault of this code")
            stream.end(error if isinstance(error, InvalidArgument) else None)

        if first == b"broken":
            raise ValueError("a fault of this code")
        if first == b"refused":
            stream.end(FailedPrecondition("not now"))
        else:
            stream.start(first, self._answer, over)

    def _answer(self, message: bytes) -> bytes | None:
        if message == b"wrong":
            raise InvalidArgument("that was wrong")
        if message == b"fault":
            raise KeyError("a fault of this code")
        return None if message == b"end" else message


@pytest.fixture
def echo() -> Iterator[Echo]:
    echo = Echo()
    yield echo
    echo.server.stop()


@pytest.fixture
def streams(echo: Echo) -> Iterator[list[Stream]]:
    """Two streams at once, each answered its first message."""
    with open_channel(echo.address) as channel:
        streams = [open_stream(channel, METHOD, echo.address, b"0") for _ in range(2)]
        assert [stream.receive(30) for stream in streams] == [b"0", b"0"]
        yield streams
        for stream in streams:
            stream.cancel()


def test_every_stream_gets_its_own_answers(streams: list[Stream]) -> None:
    for number in range(50):
        for index, stream in enumerate(streams):
            stream.send(b"%d %d" % (index, number))
        for index, stream in enumerate(streams):
            assert stream.receive(30) == b"%d %d" % (index, number)


def test_an_error_ends_one_stream_with_its_status(echo: Echo, streams: list[Stream]) -> None:
    streams[0].send(b"wrong")
    with pytest.raises(InvalidArgument, match="that was wrong"):
        streams[0].receive(30)
    streams[1].send(b"right")
    assert streams[1].receive(30) == b"right"
    assert [str(error) for error in echo.ended] == ["that was wrong"]


def test_either_side_may_end_a_stream(echo: Echo, streams: list[Stream]) -> None:
    streams[0].send(b"end")
    assert streams[0].receive(30) is None
    streams[1].close()
    for _ in streams:
        assert echo.news.acquire(timeout=30)
    assert echo.ended == [None, None]


def test_who_goes_away_is_noticed(echo: Echo, streams: list[Stream]) -> None:
    streams[0].cancel()
    assert echo.news.acquire(timeout=30)


def test_a_stream_may_be_refused(echo: Echo) -> None:
    with open_channel(echo.address) as channel:
        for method, first, message in (
            (METHOD, b"refused", "not now"),
            ("/test.Echo/Other", b"0", "one method alone"),
        ):
            stream = open_stream(channel, method, echo.address, first)
            with pytest.raises(FailedPrecondition, match=message):
                stream.receive(30)
            stream.cancel()


def test_stopping_ends_what_is_left() -> None:
    echo = Echo()
    with open_channel(echo.address) as channel:
        stream = open_stream(channel, METHOD, echo.address, b"0")
        assert stream.receive(30) == b"0"
        echo.server.stop()
        with pytest.raises(Unavailable):
            stream.receive(30)
        stream.cancel()


def test_a_fault_ends_its_stream_and_no_other(echo: Echo, streams: list[Stream]) -> None:
    one, other = streams
    one.send(b"fault")
    with pytest.raises(MazemeshError, match="internal error"):
        one.receive(30)
    with open_channel(echo.address) as channel:
        third = open_stream(channel, METHOD, echo.address, b"broken")
        with pytest.raises(MazemeshError, match="internal error"):
            third.receive(30)
        third.cancel()
        fourth = open_stream(channel, METHOD, echo.address, b"4")
        assert fourth.receive(30) == b"4"
        fourth.cancel()
    other.send(b"goes on")
    assert other.receive(30) == b"goes on"
    assert echo.server.alive


class FailingOnce:
    """gRPC's queue, but one look at it fails."""

    def __init__(self, queue: Any) -> None:
        self.queue = queue
        self._failed = False

    def poll(self) -> Any:
        if not self._failed:
            self._failed = True
            raise MemoryError("none left")
        return self.queue.poll()


def test_the_end_of_its_thread_is_told() -> None:
    told = threading.Event()
    server: OwnThreadServer

    def begin(stream: ServerStream, first: bytes) -> None:
        server._queue = FailingOnce(server._queue)

    address = f"unix-abstract:test-{secrets.token_hex(8)}"
    with capture_logs() as logs, open_channel(address) as channel:
        server = OwnThreadServer(address, METHOD, begin, failed=told.set)
        stream = open_stream(channel, METHOD, address, b"0")
        assert told.wait(30)
        assert not server.alive
        server._queue = server._queue.queue
        server.stop()
        stream.cancel()
    assert "the thread of a server ended" in [line["event"] for line in logs]


def test_an_address_is_had_once(echo: Echo) -> None:
    with pytest.raises(OSError, match="cannot listen"):
        OwnThreadServer(echo.address, METHOD, lambda stream, first: stream.end(None))
