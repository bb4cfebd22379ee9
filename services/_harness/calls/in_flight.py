"""How many calls a server is working on."""

import asyncio


class InFlight:
    """Counts calls and tells when there are none; belongs to one event loop."""

    def __init__(self) -> None:
        self._count = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def enter(self) -> None:
        """A call began."""
        self._count += 1
        self._idle.clear()

    def leave(self) -> None:
        """A call ended."""
        self._count -= 1
        if self._count == 0:
            self._idle.set()

    async def wait_idle(self) -> None:
        """Returns once no call is being worked on."""
        await self._idle.wait()
