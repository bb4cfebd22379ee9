"""News by looking again and again: no notice can get lost."""

from __future__ import annotations

import asyncio


class PolledNews:
    """`News` that come within so many seconds; what this instance wrote it knows.

    Args:
        seconds: Between two looks.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def tell(self) -> None:
        """See `News.tell`; the others look by themselves."""

    async def wait(self) -> None:
        """See `News.wait`."""
        await asyncio.sleep(self._seconds)
