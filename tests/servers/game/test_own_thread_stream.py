import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from mazemesh.client.calling import cygrpc
from mazemesh.client.channel import open_channel
from mazemesh.client.game.duplex import Duplex
from mazemesh.client.game.own_thread_stream import OwnThreadStream, open_stream
from mazemesh.errors import DeadlineExceeded, InvalidArgument, Unavailable

METHOD = "/test.Echo/Echo"


class Echo(grpc.GenericRpcHandler):
    """Answers each message with itself, "silence" never, "twice" twice and "wrong" by an error."""

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        return grpc.stream_stream_rpc_method_handler(self._echo)

    def _echo(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        for request in requests:
            if request == b"silence":
                gone = threading.Event()
                context.add_callback(gone.set)
                gone.wait(30)
            elif request == b"wrong":
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "that was wrong")
            elif request == b"twice":
                yield request
            yield request


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadPoolExecutor(4) as threads:
        server = grpc.server(threads, handlers=[Echo()])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        server.stop(0).wait()


@pytest.fixture
def channel(address: str) -> Iterator[grpc.Channel]:
    with open_channel(address) as channel:
        yield channel


def test_messages_come_back_in_order(channel: grpc.Channel, address: str) -> None:
    stream = open_stream(channel, METHOD, address, b"0")
    assert isinstance(stream, OwnThreadStream)
    for number in range(100):
        assert stream.receive(10) == b"%d" % number
        stream.send(b"%d" % (number + 1))
    stream.send(b"twice")
    assert [stream.receive(10) for _ in range(3)] == [b"100", b"twice", b"twice"]
    stream.close()
    stream.cancel()
    stream.send(b"nobody")
    assert stream.receive(10) is None


def test_a_status_is_an_exception(channel: grpc.Channel, address: str) -> None:
    stream = open_stream(channel, METHOD, address, b"wrong")
    for _ in range(2):
        with pytest.raises(InvalidArgument, match="that was wrong"):
            stream.receive(10)
    stream.cancel()


def test_who_waits_too_long_has_no_stream_any_more(channel: grpc.Channel, address: str) -> None:
    stream = open_stream(channel, METHOD, address, b"silence")
    for _ in range(2):
        with pytest.raises(DeadlineExceeded, match=r"within 0\.1 s"):
            stream.receive(0.1)
    stream.cancel()
    stream = open_stream(channel, METHOD, address, b"silence")
    with pytest.raises(DeadlineExceeded, match=r"within 2 s"):
        stream.receive(2)
    with pytest.raises(Unavailable):
        stream.receive(10)
    stream.close()


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with open_channel("127.0.0.1:1") as channel:
        stream = open_stream(channel, METHOD, "127.0.0.1:1", b"0")
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"):
            stream.receive(10)
        stream.cancel()
    with pytest.raises(Unavailable, match="closed"):
        open_stream(channel, METHOD, "127.0.0.1:1", b"0")


def test_another_grpc_has_its_own_threads(channel: grpc.Channel, address: str) -> None:
    class Other:
        """A channel without what is not public."""

        stream_stream = channel.stream_stream

    with pytest.warns(RuntimeWarning, match="another way"):
        stream = open_stream(Other(), METHOD, address, b"0")  # type: ignore[arg-type]
    assert isinstance(stream, Duplex)
    assert stream.receive(10) == b"0"
    stream.close()


@pytest.mark.parametrize("error", [AttributeError("segregated_call"), ImportError("cygrpc")])
def test_another_build_of_grpc_is_told_and_its_public_streams_do(
    channel: grpc.Channel, address: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def changed() -> None:
        raise error

    monkeypatch.setattr(cygrpc, "internals", changed)
    with pytest.warns(RuntimeWarning, match=f"another way .*{error}.*take longer"):
        stream = open_stream(channel, METHOD, address, b"0")
    assert isinstance(stream, Duplex)
    assert stream.receive(10) == b"0"
    stream.send(b"1")
    assert stream.receive(10) == b"1"
    stream.close()
