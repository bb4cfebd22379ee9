"""Notices between the instances of a service: "look at X", never what is there.

What changed is told by the database, and a notice only makes an instance look sooner than it would
by itself. So a notice may be lost, come twice, or come late, and whoever listens looks at the
database each time that `Look.wait` returns, whatever it returns.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

POLL_SECONDS: Final = 1.0
"""How often one looks without a notice, where notices come over a network."""


class Look:
    """Tells one listener when to look; belongs to one event loop."""

    def __init__(self, poll_seconds: float | None) -> None:
        self._noticed = asyncio.Event()
        self._poll_seconds = poll_seconds

    def notice(self) -> None:
        """Wakes the listener, or lets its next wait return at once."""
        self._noticed.set()

    async def wait(self) -> bool:
        """Returns when it is time to look: True for a notice since the last time, False without.

        Any number of notices are one. Without one it returns after `POLL_SECONDS` where another
        process may have changed something; in a process that has its database alone, never.
        """
        try:
            async with asyncio.timeout(self._poll_seconds):
                await self._noticed.wait()
        except TimeoutError:
            return False
        self._noticed.clear()
        return True


class Notices(Protocol):
    """Notices by topic, a word such as "policies". Methods belong to one event loop."""

    def publish(self, topic: str) -> None:
        """Tells all listeners of the topic, in all instances, to look; after the commit.

        Takes no time and never fails: those that cannot be told look by themselves.
        """

    def listen(self, topic: str) -> Look:
        """A listener of its own for each call; it is told of what is published from now on."""

    def forget(self, look: Look) -> None:
        """A listener that is needed no more."""

    async def run(self) -> None:
        """Carries notices from and to other instances until it is cancelled."""


class LocalNotices:
    """`Notices` within one process, which has its database alone."""

    def __init__(self, poll_seconds: float | None = None) -> None:
        self._poll_seconds = poll_seconds
        self._looks: dict[str, set[Look]] = {}

    def publish(self, topic: str) -> None:
        """See `Notices`."""
        for look in self._looks.get(topic, ()):
            look.notice()

    def listen(self, topic: str) -> Look:
        """See `Notices`."""
        look = Look(self._poll_seconds)
        self._looks.setdefault(topic, set()).add(look)
        return look

    def forget(self, look: Look) -> None:
        """See `Notices`."""
        for looks in self._looks.values():
            looks.discard(look)

    def wake_all(self) -> None:
        """Has everybody look: notices may have been missed."""
        for topic in self._looks:
            self.publish(topic)

    async def run(self) -> None:
        """See `Notices`; there is nobody else."""
