"""News by notices between the instances; see `services._harness.notices`."""

from __future__ import annotations

import asyncio
from typing import Final

from services._harness.notices import Notices

TOPIC: Final = "results"

LEAST_SECONDS: Final = 0.1
"""Between two looks: while results come, each append is a notice."""


class NoticedNews:
    """`News` that come with a notice, and once a second without."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self._look = notices.listen(TOPIC)
        self._next = 0.0

    def tell(self) -> None:
        """See `News.tell`."""
        self._notices.publish(TOPIC)

    async def wait(self) -> None:
        """See `News.wait`."""
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(max(0.0, self._next - clock()))
        await self._look.wait()
        self._next = clock() + LEAST_SECONDS
