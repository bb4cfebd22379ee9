"""One topic that is watched: from its source, once, to all who look."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from typing import Final

import structlog

from mazemesh.errors import InvalidArgument, MazemeshError, NotFound, PermissionDenied
from services.gateway.live.mailbox import MOST_PROGRESS, Mailbox
from services.gateway.live.news import News, Written, write

Source = Callable[[str], AsyncIterator[News]]
"""News of one thing of a kind, as "race" of leaderboards, until it ends or an error."""

_log = structlog.get_logger(__name__)

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 2.0
_MOST_KEPT: Final = 1024
"""Latest states that are kept for who comes later."""


class Feed:
    """Watches a topic for as long as somebody looks.

    Who comes later is told how things stand: the latest of each (kind, id), and up to 256 of those
    of which each counts. When the source fails, viewers are told by `stale`, and it is asked again
    after pauses that double up to 2 s; when it goes on, the next news say so. A topic that does not
    exist, or that has come to its end, is `over`; so is one whose source fails in a way that nobody
    foresaw.

    Args:
        topic: Its whole name.
        source: Asked with the part after the first slash.
    """

    def __init__(self, topic: str, source: Source) -> None:
        self.topic = topic
        self._source = source
        self._viewers: set[Mailbox] = set()
        self._latest: OrderedDict[tuple[str, str, str], Written] = OrderedDict()
        self._progress: deque[Written] = deque(maxlen=MOST_PROGRESS)
        self._number = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def viewers(self) -> int:
        """How many look."""
        return len(self._viewers)

    def add(self, mailbox: Mailbox) -> None:
        """Somebody looks, and is told how things stand."""
        self._viewers.add(mailbox)
        for news in (*self._progress, *self._latest.values()):
            mailbox.put(news)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"feed {self.topic}")

    def remove(self, mailbox: Mailbox) -> None:
        """Somebody turned away."""
        self._viewers.discard(mailbox)

    async def close(self) -> None:
        """Ends the watch."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        name = self.topic.partition("/")[2]
        while True:
            try:
                async for news in self._source(name):
                    pause = _FIRST_PAUSE
                    self._tell(news)
                self._tell(News("over", {"reason": ""}))
                return
            except (NotFound, InvalidArgument, PermissionDenied) as error:
                self._tell(News("over", {"reason": str(error)}))
                return
            except MazemeshError as error:
                self._tell(News("stale", {"reason": str(error)}))
            except Exception:  # else viewers would wait for ever for a feed that is dead
                _log.exception("a feed failed", topic=self.topic)
                self._tell(News("over", {"reason": "the log of the gateway says more"}))
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _tell(self, news: News) -> None:
        self._number += 1
        written = write(self.topic, self._number, news)
        if news.kind != "stale":
            self._latest.pop((self.topic, "stale", ""), None)
        if news.progress:
            self._progress.append(written)
        else:
            self._latest.pop(written.key, None)
            self._latest[written.key] = written
            if len(self._latest) > _MOST_KEPT:
                self._latest.popitem(last=False)
        for mailbox in self._viewers:
            mailbox.put(written)
