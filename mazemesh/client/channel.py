"""One channel and how calls are made on it: deadlines, retries, status -> exception."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import grpc

from mazemesh.client.credentials import Credentials
from mazemesh.error_details import details_in
from mazemesh.errors import MazemeshError, Unavailable, from_status

T = TypeVar("T")

DEADLINE = 10.0
"""Seconds a unary call may take unless the caller says otherwise."""

MAX_MESSAGE_BYTES = 64 * 1024 * 1024


def open_channel(
    address: str,
    idempotent: tuple[tuple[str, str], ...] = (),
    credentials: Credentials | None = None,
) -> grpc.Channel:
    """A channel with keepalive that retries UNAVAILABLE on the named (service, method) pairs.

    It goes straight to the address, whatever proxies the environment names (docs/adr/0102).

    Only idempotent methods may be listed: a call that is tried again must not happen twice.
    `credentials` are those of the environment unless they are given.
    """
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
    options = [
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
        ("grpc.service_config", json.dumps(config)),
    ]
    return (credentials or Credentials.found()).channel(address, options)


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
        self,
        address: str,
        idempotent: tuple[tuple[str, str], ...] = (),
        credentials: Credentials | None = None,
    ) -> None:
        self.address = address
        self.channel = open_channel(address, idempotent, credentials)

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
