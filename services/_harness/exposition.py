"""The page that Prometheus reads, served from the event loop of the service itself.

prometheus_client's own server is a thread that needs half a second to stop. Beside it lies
/healthz, which says what gRPC's health says: Kubernetes' own gRPC probe speaks no TLS.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from mazemesh.process.errors import StartError

_READ_SECONDS: Final = 5.0


@asynccontextmanager
async def exposition(
    registry: CollectorRegistry, host: str, port: int, serving: Callable[[], bool]
) -> AsyncIterator[int]:
    """Serves `registry` at http://host:port/metrics; yields the port, a free one where it was 0.

    /healthz is answered by 200 while `serving`, as gRPC's health is SERVING, and else by 503.

    Raises:
        StartError: the port cannot be had.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _READ_SECONDS)
            writer.write(_response(registry, request, serving()))
            await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass  # not an HTTP client, or it left
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(answer, host, port)
    except OSError as error:
        raise StartError(
            f"metrics port {port} on {host} cannot be opened ({error.strerror}); choose another "
            "with --metrics-port"
        ) from error
    async with server:
        yield server.sockets[0].getsockname()[1]


def _response(registry: CollectorRegistry, request: bytes, serving: bool) -> bytes:
    """The whole HTTP answer to a request head."""
    method, _, rest = request.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0]
    if path == b"/healthz" and method in (b"GET", b"HEAD"):
        status = b"200 OK" if serving else b"503 Service Unavailable"
        return b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    if method not in (b"GET", b"HEAD") or path not in (b"/", b"/metrics"):
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    page = generate_latest(registry)
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: {CONTENT_TYPE_PLAIN_0_0_4}\r\n"
        f"Content-Length: {len(page)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (page if method == b"GET" else b"")
