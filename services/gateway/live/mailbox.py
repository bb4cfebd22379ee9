"""What waits to be sent to one socket: bounded, whatever the other end does."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import Any, Final

from services.gateway.live.news import News, Written, write

MOST_PROGRESS: Final = 256
"""News of which each counts that wait for one socket; of more the oldest are told as a gap."""

MOST_LATEST: Final = 4096
"""Things whose latest state waits for one socket."""


class Mailbox:
    """News for one socket.

    Of what only the latest counts, only the latest waits. Where every one counts they wait in
    order; when there are more than 256 the oldest are left out, which a message `gap` tells, with
    how many they were: whoever draws a curve then asks for it anew.
    """

    def __init__(self) -> None:
        self._latest: dict[tuple[str, str, str], Written] = {}
        self._progress: deque[Written] = deque()
        self._missed: dict[str, int] = {}
        self._filled = asyncio.Event()
        self.replaced = 0
        """News that were never sent, since later ones took their place."""

    def __len__(self) -> int:
        return len(self._latest) + len(self._progress)

    def put(self, news: Written) -> None:
        """Has news wait."""
        if news.progress:
            if len(self._progress) >= MOST_PROGRESS:
                left_out = self._progress.popleft()
                self._missed[left_out.topic] = self._missed.get(left_out.topic, 0) + 1
            self._progress.append(news)
        else:
            # Taken out first: what changed last is sent last.
            if self._latest.pop(news.key, None) is not None:
                self.replaced += 1
            elif len(self._latest) >= MOST_LATEST:
                self._latest.pop(next(iter(self._latest)))
                self.replaced += 1
            self._latest[news.key] = news
        self._filled.set()

    def tell(self, topic: str, kind: str, data: Any) -> None:
        """Has something wait that is for this socket alone."""
        self.put(write(topic, 0, News(kind, data)))

    def forget(self, topic: str) -> None:
        """Nothing of a topic waits any more: its viewer has turned away."""
        for key in [key for key in self._latest if key[0] == topic]:
            del self._latest[key]
        self._progress = deque(one for one in self._progress if one.topic != topic)
        self._missed.pop(topic, None)

    async def wait(self) -> None:
        """Returns when there is something to send."""
        await self._filled.wait()

    def take(self) -> str:
        """All that waits, as one message: a JSON array, "" when there is nothing."""
        self._filled.clear()
        parts = [_gap(topic, missed) for topic, missed in self._missed.items()]
        parts += [one.text for one in self._progress]
        parts += [one.text for one in self._latest.values()]
        self._missed.clear()
        self._progress.clear()
        self._latest.clear()
        return f"[{','.join(parts)}]" if parts else ""


def _gap(topic: str, missed: int) -> str:
    return json.dumps({"topic": topic, "type": "gap", "id": "", "data": {"missed": missed}})
