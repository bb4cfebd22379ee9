"""A channel around another: what both kinds have in common that change calls on their way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import grpc


class WrappedChannel(grpc.Channel):
    """All of a channel but its calls."""

    def __init__(self, channel: Any) -> None:
        self._inner = channel

    @property
    def _channel(self) -> Any:
        """What `mazemesh.client.calling.cygrpc` makes its own calls of."""
        return self._inner._channel  # noqa: SLF001  # there is no public way

    def subscribe(self, callback: Callable[..., Any], try_to_connect: bool = False) -> None:
        """See `grpc.Channel`."""
        self._inner.subscribe(callback, try_to_connect)

    def unsubscribe(self, callback: Callable[..., Any]) -> None:
        """See `grpc.Channel`."""
        self._inner.unsubscribe(callback)

    def close(self) -> None:
        """See `grpc.Channel`."""
        self._inner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
