"""The newest changes of the registry in memory, so that a change is read once, whoever watches."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence

from mazemesh.errors import OutOfRange
from services._harness.notices import Look
from services.model.registry.policy import Event
from services.model.registry.registry import Changes

KEPT = 4096
"""Changes in memory; a watch that is further behind reads the store by itself."""

_AT_ONCE = 256


Read = Callable[[int, int], Awaitable[Changes]]
"""The first so many changes after a revision, of all names; raises OutOfRange."""


class Feed:
    """Follows the registry, which any instance may change; belongs to one event loop.

    Args:
        present: The present revision of the store.
        read: Reads changes from it.
        changed: Told after there were any.
    """

    def __init__(
        self,
        present: Callable[[], Awaitable[int]],
        read: Read,
        changed: Callable[[], None],
    ) -> None:
        self._present = present
        self._read = read
        self._changed = changed
        self._events: list[Event] = []
        self._revisions: list[int] = []
        self._from: int | None = None
        self._through = 0

    async def run(self, look: Look) -> None:
        """Looks whenever it is time to, without end; goes on where it was when it is run again."""
        if self._from is None:
            self._from = self._through = await self._present()
        while True:
            await self.refresh()
            await look.wait()

    async def refresh(self) -> None:
        """Takes up what has changed, in one transaction unless there is much."""
        told, complete = self._through, False
        while not complete:
            try:
                news = await self._read(self._through, _AT_ONCE)
            except OutOfRange:
                # Further behind than the store remembers, so those who watch are told by the store
                # that they are.
                self._events, self._revisions = [], []
                self._from = self._through = await self._present()
                break
            self._take(news)  # without what was told while it was read
            complete = len(news.events) < _AT_ONCE
        if self._through > told:
            self._changed()

    def tell(self, events: Sequence[Event]) -> bool:
        """Takes up what was just committed here, without a look at the store.

        Returns:
            False, and nothing is taken up, where something else may have come between: then the
            store has to be looked at.
        """
        if self._from is None or not events or events[0].revision != self._through + 1:
            return False
        self._take(Changes(events, events[-1].revision))
        self._changed()
        return True

    def after(self, revision: int, name: str) -> Changes | None:
        """Changes after a revision, of one name or (empty) of all; None: the store has to be asked.

        A watch that is ahead of the feed has nothing to hear yet.
        """
        if self._from is None or revision < self._from:
            return None
        later = self._events[bisect_right(self._revisions, revision) :]
        events = [event for event in later if not name or event.subject.name == name]
        return Changes(events, max(revision, self._through))

    def _take(self, news: Changes) -> None:
        new = [event for event in news.events if event.revision > self._through]
        self._events += new
        self._revisions += [event.revision for event in new]
        self._through = max(self._through, news.through)
        if len(self._events) > 2 * KEPT:
            self._from = self._revisions[-KEPT - 1]
            del self._events[:-KEPT]
            del self._revisions[:-KEPT]
