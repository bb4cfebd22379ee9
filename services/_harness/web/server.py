"""One HTTP server (uvicorn) with the life of a service: port, hooks, tasks, metrics, drain."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import ssl
from collections.abc import Iterator
from typing import Any, Final

import uvicorn

from mazemesh.client.addresses import host_port, reachable
from mazemesh.process.errors import StartError
from mazemesh.process.ports import check_host
from services._harness.access.exposure import check_exposure, tls_files
from services._harness.access.tls.certificate import Certificate
from services._harness.server import Server, port_message
from services._harness.web.connection import Connection, Socket, State

_BACKLOG: Final = 2048
"""Connections that wait to be taken: a thousand clients may come within a moment."""

_MOST_MESSAGE_BYTES: Final = 64 * 1024
"""Of what a WebSocket is sent by its browser, which only says what it wants."""

_CANCEL_SECONDS: Final = 2.0
"""For requests that did not end in time to notice that they were cancelled."""

_LOOK_SECONDS: Final = 5.0
"""Between two looks whether the certificate was renewed."""


class WebServer(Server):
    """What the `bind` of a service that speaks HTTP fills: `app`, hooks and background tasks.

    Its life is that of `Server`, and /metrics lies on `metrics_port` likewise. In place of gRPC's
    health it answers what its `app` does.

    Attributes:
        app: The ASGI application; `bind` sets it.
    """

    app: Any = None

    def listen(self) -> None:
        """See `Server.listen`."""
        settings = self.settings
        check_exposure(settings)
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        try:
            self._socket = socket.create_server(
                (settings.host, settings.port), family=family, backlog=_BACKLOG
            )
        except OSError as error:
            check_host(settings.host)
            raise StartError(port_message(settings, error)) from error
        self.port = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        """Where a browser of this machine finds it."""
        scheme = "http" if self.settings.tls_cert is None else "https"
        return f"{scheme}://{host_port(reachable(self.settings.host), self.port)}"

    async def _prepare_calls(self) -> None:
        self._web = self._new_web()

    def _new_web(self) -> _Web:
        files = tls_files(self.settings)
        config = uvicorn.Config(
            self.app,
            http=Connection,
            ws=Socket,
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            # `Forwarded` headers of strangers are no addresses: limits go by the connection's.
            proxy_headers=False,
            timeout_graceful_shutdown=math.ceil(self.settings.drain_seconds),
            ws_max_size=_MOST_MESSAGE_BYTES,
            ws_per_message_deflate=False,
            ssl_certfile=None if files is None else files.cert,
            ssl_keyfile=None if files is None else str(files.key),
        )
        config.load()
        if files is not None and config.ssl is not None:
            config.ssl.minimum_version = ssl.TLSVersion.TLSv1_3
            if files.client_ca is not None:
                config.ssl.load_verify_locations(files.client_ca)
                config.ssl.verify_mode = ssl.CERT_REQUIRED
            certificate = Certificate(files)
            self._state.certificate_expires = lambda: certificate.expires
            self.background(lambda: self._renew(certificate, config), "renew certificate")
        return _Web(config)

    async def _renew(self, certificate: Certificate, config: uvicorn.Config) -> None:
        files = tls_files(self.settings)
        assert files is not None
        assert config.ssl is not None
        expires = certificate.expires
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            certificate.look()
            if certificate.expires != expires:
                expires = certificate.expires
                config.ssl.load_cert_chain(files.cert, files.key)

    async def _take_calls(self) -> None:
        web = self._web
        self._served = asyncio.create_task(web.serve([self._socket]), name="http")
        started = asyncio.create_task(web.ready.wait())
        await asyncio.wait({started, self._served}, return_when=asyncio.FIRST_COMPLETED)
        started.cancel()
        if self._served.done():
            self._served.result()

    async def _tell_ready(self) -> None:
        pass

    async def _tell_stopping(self) -> None:
        pass

    async def _finish_calls(self) -> None:
        served: asyncio.Task[None] | None = getattr(self, "_served", None)
        if served is None:
            if (taken := getattr(self, "_socket", None)) is not None:
                taken.close()
            return
        self._web.should_exit = True
        await served


class _Web(uvicorn.Server):
    """Leaves signals to whoever runs the service, tells when it listens, and ends to the end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.server_state: State = State()
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See `uvicorn.Server`."""
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See `uvicorn.Server`, which tells those alone to end that are there when it begins.

        It also leaves behind what does not end in time: who takes nothing in, and what was asked.
        """
        state = self.server_state
        state.ending = True
        await super().shutdown(sockets)
        for connection in list(state.connections):
            connection.transport.abort()
        if state.tasks:
            await asyncio.wait(set(state.tasks), timeout=_CANCEL_SECONDS)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """See `uvicorn.Server`."""
        yield
