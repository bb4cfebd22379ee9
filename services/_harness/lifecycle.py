"""From settings to a running server and down again: as a process (`run`) or in a test (`serve`)."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog

from mazemesh import tracing
from mazemesh.client.credentials import require_tls_1_3
from mazemesh.errors import MazemeshError
from mazemesh.process.errors import StartError
from mazemesh.process.logging import configure_logging
from mazemesh.process.parent import stop_with_parent
from mazemesh.process.settings import parse_settings
from mazemesh.process.traces import start_tracing
from mazemesh.starting import collector_at_rest
from services._harness.event_loop import new_event_loop
from services._harness.server import Server
from services._harness.settings import SettingsT

Bind = Callable[[SettingsT, Any], Awaitable[None]]
"""Composes a service: settings -> stores -> core -> servicer, registered at the `Server`.

One that speaks HTTP is given a `services._harness.web.server.WebServer`.
"""


@asynccontextmanager
async def serve(
    settings: SettingsT, bind: Bind[SettingsT], kind: type[Server] = Server
) -> AsyncIterator[Server]:
    """A server that listens inside the block and has drained after it.

    ```python
    async with serve(ReplaySettings(port=0, data_dir=tmp_path), bind) as server:
        channel = open_aio_channel(server.address)
    ```

    `kind` is what listens: `Server` for gRPC, `services._harness.web.server.WebServer` for HTTP.

    Raises:
        StartError: the port cannot be had, or bind says why the service cannot start.
    """
    server = kind(settings)
    try:
        server.listen()
        await bind(settings, server)
        await server.start()
        yield server
    finally:
        await server.stop()


def run(
    settings_class: type[SettingsT], bind: Bind[SettingsT], kind: type[Server] = Server
) -> None:
    """The whole life of a service process; does not return.

    SIGTERM and Ctrl-C drain, a second one stops at once. Exit status: 0 after a drain, 1 when the
    service could not start or a background task crashed, 2 for a wrong setting.
    """
    try:
        program = f"python -m services.{settings_class.component}"
        settings = parse_settings(settings_class, sys.argv[1:], program)
    except StartError as error:
        sys.stderr.write(f"{settings_class.component}: {error}\n")
        sys.exit(error.exit_code)
    configure_logging(
        settings.component, settings.log_format, settings.log_level, settings.instance
    )
    require_tls_1_3()
    settings.name_credentials()
    try:
        start_tracing(settings)
    except StartError as error:
        structlog.get_logger(f"services.{settings.component}").error("cannot start: %s", error)
        sys.exit(error.exit_code)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        sys.exit(runner.run(_live(settings, bind, kind)))


async def _live(settings: SettingsT, bind: Bind[SettingsT], kind: type[Server]) -> int:
    log = structlog.get_logger(f"services.{settings.component}")
    stop = _StopSignal()
    stop_with_parent()
    try:
        async with AsyncExitStack() as life:
            with collector_at_rest():
                server = await life.enter_async_context(serve(settings, bind, kind))
            log.info(
                "listening",
                port=server.port,
                address=server.address,
                metrics_port=server.metrics_port,
            )
            await stop.or_event(server.failed)
            log.info("draining", reason=stop.name or "crash")
        await _end_of_calls()
        await asyncio.to_thread(tracing.close)
        log.info("stopped")
        return 1 if server.failed.is_set() else 0
    except (StartError, MazemeshError) as error:
        log.error("cannot start: %s", error)
        return error.exit_code if isinstance(error, StartError) else 1
    except OSError as error:
        log.error("cannot start: %s", error, exc_info=error.filename is None)
        return 1
    except asyncio.CancelledError:
        log.info("stopped before it was ready", reason=stop.name)
        return 0
    except Exception:  # whatever a service's own code raises ends in its log, with a trace
        log.exception("cannot start")
        return 1


async def _end_of_calls() -> None:
    """Tasks of gRPC end a few turns of the loop after its server; cancelled, they print traces."""
    tasks = [task for task in asyncio.all_tasks() if task.get_name() == "rpc_task"]
    if tasks:
        await asyncio.wait(tasks, timeout=1)


class _StopSignal:
    """Takes SIGINT and SIGTERM: they cancel a start, and drain a service that is ready.

    The same signal again stops at once. A different one does not: Ctrl-C reaches every process of a
    terminal, and a supervisor then passes it on as SIGTERM.
    """

    def __init__(self) -> None:
        self.name = ""
        self._seen: set[int] = set()
        self._event = asyncio.Event()
        self._starting = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._receive, number)

    async def or_event(self, event: asyncio.Event) -> None:
        """Returns when a signal came or `event` is set; signals no longer cancel the caller."""
        self._starting = None
        waits = {asyncio.create_task(self._event.wait()), asyncio.create_task(event.wait())}
        _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()

    def _receive(self, number: signal.Signals) -> None:
        if number in self._seen:
            os._exit(128 + number)
        self._seen.add(number)
        self.name = self.name or number.name
        self._event.set()
        if self._starting is not None:
            self._starting.cancel()
            self._starting = None
