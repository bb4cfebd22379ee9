"""One stream at a time: the newest holds a session or a seat, an older one is ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mazemesh.errors import Conflict, MazemeshError


@dataclass(eq=False, slots=True)
class _Holder:
    task: asyncio.Task[object]
    reason: MazemeshError | None = None


class Hold:
    """Which stream speaks for a session or a seat.

    A stream that waits for its client cannot look whether another came. So its task is cancelled,
    and inside `take` the cancellation becomes the error that says why.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._holder: _Holder | None = None

    @property
    def held(self) -> bool:
        """Whether a stream holds it."""
        return self._holder is not None

    def end(self, reason: MazemeshError) -> None:
        """Ends the stream that holds it, if any, with `reason`."""
        if self._holder is not None and self._holder.reason is None:
            self._holder.reason = reason
            self._holder.task.cancel()

    @contextmanager
    def take(self) -> Iterator[None]:
        """Holds it for the current task until the block ends.

        Raises:
            MazemeshError: (in the block) the reason of `end`; `Conflict` when a newer stream came.
        """
        self.end(Conflict(f"{self._name} was taken over by a newer stream"))
        task = asyncio.current_task()
        assert task is not None
        mine = self._holder = _Holder(task)
        try:
            yield
        except asyncio.CancelledError:
            if mine.reason is None:
                raise
            task.uncancel()
            raise mine.reason from None
        finally:
            if self._holder is mine:
                self._holder = None
