"""One stream at a time: the newest holds a session or a seat, an older one is ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from mazemesh.errors import Conflict, MazemeshError

T = TypeVar("T")


class Holder:
    """The stream that speaks for a session or a seat, and its right to go on.

    A stream that waits for its client cannot look whether another came. So it waits by `wait`,
    which is ended with the reason; in the middle of anything else, as a write, gRPC could not send
    the reason any more.
    """

    def __init__(self) -> None:
        self._task = asyncio.current_task()
        self._reason: MazemeshError | None = None
        self._waiting = False

    async def wait(self, begin: Callable[[], Awaitable[T]]) -> T:
        """Awaits what `begin` returns.

        Raises:
            MazemeshError: the stream was ended, before or meanwhile, for this reason.
        """
        self._check()
        self._waiting = True
        try:
            return await begin()
        except asyncio.CancelledError:
            self._check(cancelled=True)
            raise
        finally:
            self._waiting = False

    def end(self, reason: MazemeshError) -> None:
        """Ends the stream when it waits next, or now if it does; the first reason counts."""
        if self._reason is None:
            self._reason = reason
            if self._waiting and self._task is not None:
                self._task.cancel()

    def check(self) -> None:
        """Raises the reason for which the stream was ended, if it was."""
        self._check()

    def _check(self, cancelled: bool = False) -> None:
        if self._reason is not None:
            if cancelled and self._task is not None:
                self._task.uncancel()
            raise self._reason from None


class Hold:
    """Which stream speaks for a session or a seat called `name`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._holder: Holder | None = None

    @property
    def held(self) -> bool:
        """Whether a stream holds it."""
        return self._holder is not None

    def end(self, reason: MazemeshError) -> None:
        """Ends the stream that holds it, if any."""
        if self._holder is not None:
            self._holder.end(reason)

    @contextmanager
    def take(self) -> Iterator[Holder]:
        """Holds it for the current task until the block ends; a stream that held it is ended."""
        self.end(Conflict(f"{self._name} was taken over by a newer stream"))
        mine = self._holder = Holder()
        try:
            yield mine
        finally:
            if self._holder is mine:
                self._holder = None
