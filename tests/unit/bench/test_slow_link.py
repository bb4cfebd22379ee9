"""The link that measurements are made over is as slow as it says."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from bench.slow_link.proxy import ShapingProxy


@pytest.fixture
def echo() -> Iterator[str]:
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = server.accept()
        with connection:
            while data := connection.recv(65536):
                connection.sendall(data)

    thread = threading.Thread(target=answer)
    thread.start()
    yield f"127.0.0.1:{server.getsockname()[1]}"
    thread.join(10)
    server.close()


def exchange(link: ShapingProxy, data: bytes) -> tuple[bytes, float]:
    host, _, port = link.address.partition(":")
    with socket.create_connection((host, int(port))) as connection:
        began = time.perf_counter()
        connection.sendall(data)
        received = b""
        while len(received) < len(data):
            received += connection.recv(65536)
        return received, time.perf_counter() - began


def test_bytes_come_whole_and_no_sooner_than_the_link_allows(echo: str) -> None:
    data = bytes(range(256)) * 400
    with ShapingProxy(echo, megabits=8.0, round_trip=0.05) as link:
        received, seconds = exchange(link, data)
        assert received == data
        assert seconds >= len(data) / 1e6 + 0.05
        assert link.sent_bytes == len(data)
