"""Who looks at what: feeds open with their first viewer and close after their last."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from mazemesh.errors import NotFound, ResourceExhausted
from services.gateway.live.feed import Feed, Source
from services.gateway.live.mailbox import Mailbox

MOST_TOPICS: Final = 256
"""That one socket follows."""

LONGEST_TOPIC: Final = 256
"""Characters of a topic's name."""

_LINGER: Final = 2.0
"""Seconds for which a feed goes on without viewers: a page that is loaded anew finds it open."""


class Hub:
    """The feeds of one gateway.

    Args:
        sources: Where news come from, by the first part of a topic: "leaderboards/race" is asked of
            `sources["leaderboards"]` with "race".
        most_feeds: Watches that are open at once.
        linger: Seconds for which a feed without viewers goes on.
    """

    def __init__(
        self, sources: Mapping[str, Source], most_feeds: int, linger: float = _LINGER
    ) -> None:
        self.sources = dict(sources)
        self._most = most_feeds
        self._linger = linger
        self._feeds: dict[str, Feed] = {}
        self._closing: dict[str, asyncio.TimerHandle] = {}
        self._ends: set[asyncio.Task[None]] = set()

    @property
    def feeds(self) -> int:
        """Watches that are open."""
        return len(self._feeds)

    def follow(self, topic: str, mailbox: Mailbox) -> None:
        """Has news of a topic go to a mailbox, at first how things stand.

        Raises:
            NotFound: there are no topics of that kind.
            ResourceExhausted: too many are watched.
        """
        kind = topic.partition("/")[0]
        if kind not in self.sources or len(topic) > LONGEST_TOPIC:
            raise NotFound(
                f"topic: {topic[:64]!r} should begin with one of {', '.join(sorted(self.sources))}"
            )
        feed = self._feeds.get(topic)
        if feed is None:
            if len(self._feeds) >= self._most:
                raise ResourceExhausted(
                    f"topic: {self._most} topics are watched, which is the most; close some pages",
                    retry_after=5.0,
                )
            feed = self._feeds[topic] = Feed(topic, self.sources[kind])
        if (closing := self._closing.pop(topic, None)) is not None:
            closing.cancel()
        feed.add(mailbox)

    def leave(self, topic: str, mailbox: Mailbox) -> None:
        """Has no more news of a topic go to a mailbox."""
        feed = self._feeds.get(topic)
        if feed is None:
            return
        feed.remove(mailbox)
        mailbox.forget(topic)
        if feed.viewers == 0 and topic not in self._closing:
            loop = asyncio.get_running_loop()
            self._closing[topic] = loop.call_later(self._linger, self._end, topic)

    def _end(self, topic: str) -> None:
        self._closing.pop(topic, None)
        feed = self._feeds.pop(topic, None)
        if feed is not None:
            ending = asyncio.create_task(feed.close())
            self._ends.add(ending)
            ending.add_done_callback(self._ends.discard)

    async def close(self) -> None:
        """Ends all watches."""
        for closing in self._closing.values():
            closing.cancel()
        feeds, self._feeds = list(self._feeds.values()), {}
        await asyncio.gather(*(feed.close() for feed in feeds), *self._ends)
