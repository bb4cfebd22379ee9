"""Streams that tell of a run whenever it has changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Generic

from mazemesh.errors import ResourceExhausted, Unavailable
from services._harness.notices import Look, Notices
from services.matchmaker.runs.store import RunT

_MOST_WATCHES = 256


class Watches(Generic[RunT]):
    """Open streams of one kind.

    Args:
        what: Is watched, in the plural.
        listing: The call that tells of it without a stream.
        get: Finds one by its id.
        notices: Tell that one has changed, here or at another instance.
        topic: Of these notices.
        heartbeat_seconds: Longest silence of a watch.
    """

    def __init__(
        self,
        what: str,
        listing: str,
        get: Callable[[str], Awaitable[RunT]],
        notices: Notices,
        topic: str,
        *,
        heartbeat_seconds: float,
    ) -> None:
        self._what, self._listing, self._get = what, listing, get
        self._notices, self._topic = notices, topic
        self._heartbeat_seconds = heartbeat_seconds
        self._looks: set[Look] = set()
        self._closed = False

    def __len__(self) -> int:
        """How many are open."""
        return len(self._looks)

    async def close(self) -> None:
        """Ends all of them."""
        self._closed = True
        for look in self._looks:
            look.notice()

    async def follow(
        self,
        run_id: str,
        *,
        least_seconds: float = 0.0,
        heartbeat_seconds: float | None = None,
    ) -> AsyncGenerator[RunT]:
        """A run now, whenever it has changed, and as a heartbeat, until it has ended.

        Args:
            run_id: Which.
            least_seconds: Between two of them.
            heartbeat_seconds: Between two of them at most; None is that of all watches.

        Raises:
            NotFound: there is none.
            ResourceExhausted: too many are open.
            Unavailable: the service is stopping.
        """
        silence = self._heartbeat_seconds if heartbeat_seconds is None else heartbeat_seconds
        run = await self._get(run_id)
        if len(self._looks) >= _MOST_WATCHES:
            raise ResourceExhausted(
                f"{len(self._looks)} watches of {self._what} are open, which is the most; read "
                f"{self._listing} instead"
            )
        look = self._notices.listen(self._topic)
        self._looks.add(look)
        try:
            while not self._closed:
                yield run
                if not run.running:
                    return
                if least_seconds:
                    await asyncio.sleep(least_seconds)
                run = await self._next(look, run_id, run.revision, silence)
        finally:
            self._looks.discard(look)
            self._notices.forget(look)
        raise Unavailable("the Matchmaker is stopping; watch again")

    async def _next(self, look: Look, run_id: str, revision: int, silence: float) -> RunT:
        """The run once it has another revision, or after the heartbeat's time."""
        run = await self._get(run_id)
        with suppress(TimeoutError):
            async with asyncio.timeout(silence):
                while run.revision == revision and not self._closed:
                    await look.wait()
                    run = await self._get(run_id)
        return run
