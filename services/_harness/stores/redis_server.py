"""One Redis, as a cache and a queue: what is there may be gone at any moment.

Keys are told apart by a prefix, and each has an end, so that nothing is left behind by instances
that are gone. Everything that was acknowledged rests on SQL, files or blobs; losing Redis costs
waiting, or the speed of a cache.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff

from mazemesh.errors import ResourceExhausted, Unavailable
from mazemesh.process.errors import StartError

PREFIX: Final = "mazemesh"

CALL_SECONDS: Final = 2.0
"""How long one command may take, and how long one try to connect."""

_TRIES_AGAIN: Final = 2
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5
_CALLS_AT_ONCE: Final = 24
_CONNECTIONS: Final = 32
_AWAY_SECONDS: Final = 1.0

Argument: TypeAlias = bytes | str | int | float


class RedisServer:
    """A pool of connections that come back by themselves, on one event loop.

    What failed for want of a connection, or took too long, is tried twice again, after pauses with
    jitter; so whatever is asked must be as good done twice as once. Answers are bytes.

    Raises:
        StartError: the URL is none of Redis.
    """

    def __init__(self, url: str, *, prefix: str = PREFIX) -> None:
        if urlsplit(url).scheme not in ("redis", "rediss", "unix"):
            raise StartError(
                "redis_url has an unknown kind; use redis://host:6379/0, rediss://user:password@"
                "host:6379/0 or unix:///path/to/socket",
                exit_code=2,
            )
        try:
            # from_url leaves out what a kind of connection does not know.
            self.redis = _client(
                url,
                Retry(ExponentialWithJitterBackoff(_LONGEST_PAUSE, _FIRST_PAUSE), _TRIES_AGAIN),
            )
        except ValueError as error:
            raise StartError(f"redis_url is not a URL of Redis: {error}", exit_code=2) from error
        self._url, self._prefix = url, prefix
        self._calls = asyncio.Semaphore(_CALLS_AT_ONCE)
        self._failed_at = -_AWAY_SECONDS

    @property
    def is_away(self) -> bool:
        """Whether a call failed within the last second: a cache does without it for that long."""
        return monotonic() - self._failed_at < _AWAY_SECONDS

    def key(self, *parts: str) -> str:
        """The name of a key: the prefix and the parts, with colons."""
        return ":".join((self._prefix, *parts))

    def listener(self) -> Redis:
        """A client of its own to listen by, to be closed: it fails when its connection ends.

        Others connect anew without a word, and what was said meanwhile would be missed as silently.
        """
        return _client(self._url, Retry(NoBackoff(), 0))

    async def call(self, work: Callable[[Redis], Awaitable[Any]]) -> Any:
        """What `work(redis)` returns; the library's own types leave open what that is.

        Raises:
            Unavailable: Redis is away, or starting; whether it was done is not known.
            ResourceExhausted: its memory is full.
        """
        try:
            async with self._calls:
                return await work(self.redis)
        except exceptions.OutOfMemoryError as error:
            raise ResourceExhausted(f"Redis is full ({error})", retry_after=5.0) from error
        except (exceptions.RedisError, OSError) as error:
            self._failed_at = monotonic()
            raise Unavailable(f"Redis cannot be used now ({error})") from error

    def script(self, text: str) -> Script:
        """A script in Lua: it is done as a whole, with nothing of others in between."""
        return Script(self, text)

    async def close(self) -> None:
        """Closes all connections."""
        await self.redis.aclose()


def _client(url: str, retry: Retry) -> Redis:
    return Redis.from_url(
        url,
        socket_timeout=CALL_SECONDS,
        socket_connect_timeout=CALL_SECONDS,
        health_check_interval=15,
        max_connections=_CONNECTIONS,
        retry=retry,
    )


class Script:
    """A script that a server is given when it does not know it (any more)."""

    def __init__(self, server: RedisServer, text: str) -> None:
        self._server = server
        self._script = server.redis.register_script(text)

    async def __call__(self, keys: Sequence[str], arguments: Sequence[Argument] = ()) -> Any:
        """What it returns. Raises as `RedisServer.call`."""
        return await self._server.call(lambda _: self._script(keys=keys, args=arguments))
