"""One gRPC server with what every service needs: health, reflection, metrics, hooks, drain."""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

import grpc
import grpc.aio
import structlog
from grpc.aio import Server as GrpcServer
from grpc_health.v1 import health
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server
from prometheus_client import Info

from mazemesh.client.addresses import host_port, reachable
from mazemesh.errors import ResourceExhausted, Unavailable
from mazemesh.process.errors import StartError
from mazemesh.process.metrics import create_registry
from mazemesh.process.ports import check_host
from services._harness.access.exposure import check_exposure, tls_files
from services._harness.calls.in_flight import InFlight
from services._harness.calls.interceptors import CallInterceptor
from services._harness.calls.own_calls import OwnCalls
from services._harness.exposition import exposition
from services._harness.metrics import CallMetrics
from services._harness.settings import ServiceSettings
from services._harness.state_metrics import ServerState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services._harness.access.callers.roles import Rpc
    from services._harness.access.opening import Access
    from services._harness.notices import Notices
    from services._harness.sql.database import Database
    from services._harness.stores.redis_server import RedisServer

Hook = Callable[[], Awaitable[None]]
ServicerT = TypeVar("ServicerT")

MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024

KEEPALIVE: Final = (
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
)
"""Of every server: our clients ask each 30 s whether it is there, which gRPC's own would refuse.

A server without these ends a connection on which nothing went for some minutes: too_many_pings.
"""

_OPTIONS: Final = (
    *KEEPALIVE,
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # Two servers on one port would silently share its calls.
    ("grpc.so_reuseport", 0),
)

_MOST_STREAMS: Final = 1024
"""Calls under way of one connection, where there are keys; more wait at the client."""

# Once no call is in flight only health and reflection streams keep the server open; the last
# answers get this long to leave.
_FLUSH_SECONDS: Final = 0.25

# After which a background task looks whether what was away or full is there again.
_LATER_SECONDS: Final = 1.0


class Server:
    """What `bind(settings, server)` fills: servicers, hooks and background tasks.

    Order of a life: port taken, bind, `on_start` hooks, serving, background tasks, health SERVING.
    On the way down: health NOT_SERVING, `on_drain` hooks, no new calls, calls in flight finish (at
    most `drain_seconds`), background tasks are cancelled, `on_stop` hooks in reverse order,
    database closed.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings
        self.log = structlog.get_logger(f"services.{settings.component}")
        self.registry = create_registry(settings)
        told = Info(
            "mazemesh_instance",
            "Always 1; its labels say which instance of which service this is.",
            registry=self.registry,
        )
        told.info({"service": settings.component, "instance": settings.instance})
        self._state = ServerState(self.registry)
        self._in_flight = InFlight()
        self._call_metrics = CallMetrics(self.registry)
        self._interceptor = CallInterceptor(self._call_metrics, self._in_flight)
        self._access: Access | None = None
        self.rules: Mapping[str, Rpc] | None = None
        """Who may call what, where that is not `access.roles.RPCS`."""
        self.port = 0
        self.metrics_port: int | None = None
        self.failed = asyncio.Event()
        """Set when a background task crashed; the process then stops with a non-zero status."""
        self._health = health.aio.HealthServicer()
        self._serving = False
        self._names: list[str] = []
        self._start_hooks: list[Hook] = []
        self._drain_hooks: list[Hook] = []
        self._stop_hooks: list[Hook] = []
        self._waiting: list[tuple[Callable[[], Coroutine[Any, Any, None]], str]] | None = []
        self._tasks: list[asyncio.Task[None]] = []
        self._database: Database | None = None
        self._notices: Notices | None = None
        self._redis: RedisServer | None = None
        self._resources = AsyncExitStack()

    @cached_property
    def grpc(self) -> GrpcServer:
        """What servicers are registered at."""
        settings = self.settings
        return grpc.aio.server(
            interceptors=[self._interceptor],
            options=(
                *_OPTIONS,
                *((("grpc.max_concurrent_streams", _MOST_STREAMS),) * settings.asks_for_keys),
                ("grpc.max_receive_message_length", settings.max_request_bytes),
                ("grpc.server.max_pending_requests", settings.max_pending_calls),
                ("grpc.server.max_pending_requests_hard_limit", 3 * settings.max_pending_calls),
                # gRPC adds jitter of 10 %, and without a grace lets streams go on to their end.
                ("grpc.max_connection_age_ms", round(settings.max_connection_age_seconds * 1000)),
            ),
        )

    @property
    def access(self) -> "Access | None":
        """Who may call, from the start hooks on; None where no keys are asked for."""
        return self._access

    @property
    def serving(self) -> bool:
        """Whether it takes work."""
        return self._serving

    @property
    def address(self) -> str:
        """`host:port` at which a client of this machine reaches the server."""
        return host_port(reachable(self.settings.host), self.port)

    @property
    def database(self) -> "Database":
        """The service's database, opened at first use and closed after the stop hooks."""
        if self._database is None:
            # SQLAlchemy costs 0.2 s to import
            from services._harness.sql.database import Database, PostgresqlLimits

            limits = PostgresqlLimits(
                connections=self.settings.database_connections,
                statement_seconds=self.settings.database_statement_seconds,
                lock_seconds=self.settings.database_lock_seconds,
            )
            self._database = Database(self.settings.effective_database_url, limits)
            self._state.database = self._database.usage
        return self._database

    @property
    def notices(self) -> "Notices":
        """News between the instances that share the database; carried while the server serves."""
        if self._notices is None:
            self._notices = self._new_notices()
            self.background(self._notices.run, "notices")
        return self._notices

    @property
    def redis(self) -> "RedisServer | None":
        """The Redis of `redis_url`, None without; connected at first use, closed at the end."""
        if self._redis is None and self.settings.redis_url is not None:
            from services._harness.stores.redis_server import RedisServer

            self._redis = RedisServer(self.settings.redis_url)
        return self._redis

    def _new_notices(self) -> "Notices":
        from services._harness.notices import LocalNotices

        if not self.database.shared:
            return LocalNotices()
        if self.redis is not None:
            from services._harness.stores.redis_notices import RedisNotices

            return RedisNotices(self.redis)
        from services._harness.stores.postgresql_notices import PostgresqlNotices

        return PostgresqlNotices(self.database)

    def add_servicer(
        self, name: str, add: Callable[[ServicerT, GrpcServer], None], servicer: ServicerT
    ) -> None:
        """Serves `servicer`; `name` is the full name that health and reflection know.

        ```python
        server.add_servicer("mazemesh.v1.EloService", add_EloServiceServicer_to_server, servicer)
        ```
        """
        add(servicer, self.grpc)
        self._names.append(name)

    def own_calls(self, method: str) -> OwnCalls:
        """Counts calls of a method ("/package.Service/Name") that the service answers elsewhere."""
        return OwnCalls(self._call_metrics.method(method), self._in_flight)

    def on_start(self, hook: Hook) -> Hook:
        """Runs `hook` after bind, before the first call; its exception stops the start."""
        self._start_hooks.append(hook)
        return hook

    def on_drain(self, hook: Hook) -> Hook:
        """Runs `hook` when the server stops taking work: end long streams, wake up waiters."""
        self._drain_hooks.append(hook)
        return hook

    def on_stop(self, hook: Hook) -> Hook:
        """Runs `hook` when no call is left: flush, close stores. The last one added runs first."""
        self._stop_hooks.append(hook)
        return hook

    def background(self, run: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        """Runs `run()` while the server serves; it is cancelled when no call is left.

        It may return. When it raises that something is away or full, it is run again after a while.
        Any other error is logged, and the process drains and ends with status 1, so that whoever
        supervises it starts it again.
        """
        if self._waiting is not None:
            self._waiting.append((run, name))
        else:
            self._tasks.append(asyncio.create_task(self._supervise(run, name), name=name))

    def listen(self) -> None:
        """Takes the port, first of all: a second server touches nothing of the first one's data.

        Raises:
            StartError: the port cannot be had, or may not be opened to strangers as it is.
            InvalidArgument: the host is none of this machine.
        """
        settings = self.settings
        check_exposure(settings)
        family, host = socket.AF_INET, settings.host
        if ":" in host:
            family, host = socket.AF_INET6, f"[{host}]"
        try:
            # A trial of our own knows the reason; gRPC only says that it failed.
            socket.create_server((settings.host, settings.port), family=family).close()
            self.port = self._add_port(f"{host}:{settings.port}")
        except (OSError, RuntimeError) as error:
            check_host(settings.host)
            raise StartError(port_message(settings, error)) from error

    def _add_port(self, place: str) -> int:
        files = tls_files(self.settings)
        if files is None:
            return self.grpc.add_insecure_port(place)
        from services._harness.access.tls.certificate import Certificate

        certificate = Certificate(files)
        self._state.certificate_expires = lambda: certificate.expires
        return self.grpc.add_secure_port(place, certificate.credentials())

    async def _open_access(self) -> None:
        if not self.settings.asks_for_keys:
            return
        from services._harness.access.opening import Access

        access = self._access = Access(self.settings, self.rules)
        await access.open()
        self._interceptor.gate = access.gate
        self.background(access.follow_keys, "follow keys")
        self.background(access.flush_audit, "audit log")
        self._state.keys = lambda: len(access.keyring)
        self._state.audit_lost = lambda: access.audit.lost
        if not len(access.keyring):
            self.log.warning("no key is known, so nobody may call: mazemesh keys create")

    async def start(self) -> None:
        """Runs the start hooks, begins to serve and turns healthy."""
        await self._open_access()
        for hook in self._start_hooks:
            await hook()
        await self._prepare_calls()
        if self.settings.metrics_port is not None:
            self.metrics_port = await self._resources.enter_async_context(
                exposition(
                    self.registry,
                    self.settings.metrics_host or self.settings.host,
                    self.settings.metrics_port,
                    lambda: self._serving,
                )
            )
        await self._take_calls()
        waiting, self._waiting = self._waiting or [], None
        for run, name in waiting:
            self.background(run, name)
        await self._tell_ready()
        self._serving = True

    async def stop(self) -> None:
        """Drains and closes everything; a hook that raises is logged, the others still run."""
        self._serving = False
        await self._tell_stopping()
        for hook in self._drain_hooks:
            await self._run_to_end(hook)
        await self._finish_calls()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for hook in reversed(self._stop_hooks):
            await self._run_to_end(hook)
        if self._access is not None:
            await self._run_to_end(self._access.close)
        if self._database is not None:
            await self._database.close()
        if self._redis is not None:
            await self._redis.close()
        await self._resources.aclose()

    async def _prepare_calls(self) -> None:
        """Before the port is served: what every server answers."""
        add_HealthServicer_to_server(self._health, self.grpc)
        await self._set_health(HealthCheckResponse.NOT_SERVING)
        if self.settings.reflection:
            self._enable_reflection()

    async def _take_calls(self) -> None:
        await self.grpc.start()

    async def _tell_ready(self) -> None:
        await self._set_health(HealthCheckResponse.SERVING)

    async def _tell_stopping(self) -> None:
        await self._health.enter_graceful_shutdown()

    async def _finish_calls(self) -> None:
        stopping = asyncio.create_task(self.grpc.stop(self.settings.drain_seconds))
        idle = asyncio.create_task(self._in_flight.wait_idle())
        await asyncio.wait({stopping, idle}, return_when=asyncio.FIRST_COMPLETED)
        idle.cancel()
        await self.grpc.stop(_FLUSH_SECONDS)
        await stopping

    async def _set_health(self, status: Any) -> None:
        for name in ("", *self._names):
            await self._health.set(name, status)

    def _enable_reflection(self) -> None:
        from grpc_reflection.v1alpha import reflection

        names = (*self._names, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self.grpc)

    async def _supervise(self, run: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        while True:
            try:
                await run()
                return
            except (ResourceExhausted, Unavailable) as error:
                self.log.warning("background task goes on later", task=name, reason=str(error))
                await asyncio.sleep(_LATER_SECONDS)
            except Exception:  # whatever it was: a service without its task is to end
                self.log.exception("background task crashed", task=name)
                self.failed.set()
                return

    async def _run_to_end(self, hook: Hook) -> None:
        try:
            await hook()
        except Exception:  # the hooks after it have to run all the same
            self.log.exception("stop hook failed", hook=getattr(hook, "__qualname__", repr(hook)))
            self.failed.set()


def port_message(settings: ServiceSettings, error: OSError | RuntimeError) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    if getattr(error, "errno", None) == errno.EADDRINUSE:
        reason = f"it is in use, most likely by another {settings.component} service; stop that one"
    return (
        f"port {settings.port} on {settings.host} cannot be opened: {reason}, or choose another "
        f"with --port or {settings.environment_variable('port')}"
    )
