"""One channel and how calls are made on it: deadlines, retries, status -> exception."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import grpc
import grpc.aio

from mazemesh import tracing
from mazemesh.client.calling.targets import target_of
from mazemesh.client.credentials import Credentials, hosts
from mazemesh.contract import user_agent
from mazemesh.error_details import details_in
from mazemesh.errors import MazemeshError, Unavailable, from_status

T = TypeVar("T")

DEADLINE = 10.0
"""Seconds a unary call may take unless the caller says otherwise."""

MAX_MESSAGE_BYTES = 64 * 1024 * 1024


Methods = Sequence[tuple[str, str]]
"""Pairs of service and method."""

Option = tuple[str, str | int]


class Dial(NamedTuple):
    """How a server is called, by whichever kind of channel.

    Attributes:
        target: What gRPC resolves.
        options: Of the channel.
    """

    target: str
    options: list[Option]


def dial(address: str, idempotent: Methods = (), options: Sequence[Option] = ()) -> Dial:
    """All that is decided about a channel, here for the blocking kind and that of asyncio.

    UNAVAILABLE is tried again on the `idempotent` methods, and on no other: a call that is tried
    again must not happen twice. Pauses between attempts have gRPC's jitter of 20 %, and after an
    outage no more than a tenth of the calls are repeated (gRFC A6, "Throttling Retry Attempts").

    It goes straight to the address, whatever proxies the environment names (docs/adr/0102).
    `options` come after the usual ones and win. For forms of addresses see `target_of`.
    """
    name, spread = target_of(address)
    usual = dict(_options(idempotent, spread=spread))
    if name.startswith(("ipv4:", "ipv6:")):
        # Of a list, a certificate is held against its first host: those of a mesh cover all.
        usual["grpc.default_authority"] = next(hosts(address))
    return Dial(name, list((usual | dict(options)).items()))


def open_channel(
    address: str,
    idempotent: Methods = (),
    options: Sequence[Option] = (),
    credentials: Credentials | None = None,
) -> grpc.Channel:
    """A channel for threads, see `dial`. Streams of one thread (docs/adr/0049) are on it, too.

    `credentials` are those of the environment unless they are given.
    """
    how = dial(address, idempotent, options)
    channel = (credentials or Credentials.found()).channel(how.target, how.options)
    tracer = tracing.tracer()
    if tracer is None:
        return channel
    from mazemesh.client.calling.traced import TracedChannel

    return TracedChannel(channel, tracer)


def open_aio_channel(
    address: str,
    idempotent: Methods = (),
    options: Sequence[Option] = (),
    credentials: Credentials | None = None,
) -> grpc.aio.Channel:
    """A channel for an event loop, as `open_channel`."""
    how = dial(address, idempotent, options)
    tracer = tracing.tracer()
    added: list[Any] = []
    if tracer is not None:
        from mazemesh.client.calling.traced import interceptors

        added = interceptors(tracer)
    return (credentials or Credentials.found()).aio_channel(how.target, how.options, added)


def _options(idempotent: Methods, *, spread: bool) -> list[Option]:
    retry = {
        "name": [{"service": service, "method": method} for service, method in idempotent],
        "retryPolicy": {
            "maxAttempts": 5,
            "initialBackoff": "0.1s",
            "maxBackoff": "2s",
            "backoffMultiplier": 2,
            "retryableStatusCodes": ["UNAVAILABLE"],
        },
    }
    config: dict[str, Any] = {"methodConfig": [retry] if idempotent else []}
    if idempotent:
        # A failure costs a token, a success gives a tenth back; below half of them none is retried.
        config["retryThrottling"] = {"maxTokens": 100, "tokenRatio": 0.1}
    if spread:
        config["loadBalancingConfig"] = [{"round_robin": {}}]
    return [
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.enable_http_proxy", 0),
        # A service that was restarted should be found again within a second.
        ("grpc.initial_reconnect_backoff_ms", 100),
        # Not a pause: the least time that one attempt to connect is given.
        ("grpc.min_reconnect_backoff_ms", 2_000),
        ("grpc.max_reconnect_backoff_ms", 1_000),
        # Of a name, so that new instances are seen soon; gRPC's own is 30 s.
        ("grpc.dns_min_time_between_resolutions_ms", 5_000),
        ("grpc.primary_user_agent", user_agent()),
        ("grpc.service_config", json.dumps(config)),
    ]


def translate(error: grpc.RpcError, address: str) -> MazemeshError:
    """The mazemesh exception for a failed call."""
    # What gRPC raises is an RpcError and a Call, though no type says so.
    call: Any = error
    code: grpc.StatusCode = call.code()
    details: str = call.details() or str(error)
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
        details = f"{details} (server {address})"
    return from_status(code, details, details_in(call.trailing_metadata()))


def closed(address: str) -> Unavailable:
    """What gRPC says by a ValueError when a call is made on a channel that was closed."""
    return Unavailable(f"the client of {address} was closed")


class ServiceClient:
    """Base of the typed clients: one channel, calls with deadlines, errors as exceptions."""

    def __init__(
        self, address: str, idempotent: Methods = (), credentials: Credentials | None = None
    ) -> None:
        self.address = address
        self.channel = open_channel(address, idempotent, credentials=credentials)

    def _call(
        self, method: Callable[..., T], request: object, deadline: float | None = DEADLINE
    ) -> T:
        """One unary call; `deadline` in seconds, None for one that may wait without end."""
        try:
            return method(request, timeout=deadline)
        except grpc.RpcError as error:
            raise translate(error, self.address) from error
        except ValueError as error:
            raise closed(self.address) from error

    def _stream(
        self, method: Callable[..., Iterator[T]], request: object, deadline: float | None
    ) -> Iterator[T]:
        """Messages of a streaming call; closing the generator cancels the call.

        `deadline` None is for watches without end; heartbeats and keepalive tell a dead peer.
        """
        try:
            call: Any = method(request, timeout=deadline)
        except ValueError as error:
            raise closed(self.address) from error
        try:
            yield from call
        except grpc.RpcError as error:
            raise translate(error, self.address) from error
        finally:
            call.cancel()

    def close(self) -> None:
        """Closes the channel; calls in flight end with `Unavailable`."""
        self.channel.close()
