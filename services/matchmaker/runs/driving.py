"""One instance drives at a time, and goes on without end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from mazemesh.errors import MazemeshError
from services._harness.notices import Look
from services.matchmaker.store import LeaderStore

_log = structlog.get_logger(__name__)

_TURN_SECONDS = 6.0
"""After which another instance goes on. What one does that was slower is safe all the same."""

_LEAST_SECONDS = 0.1


class Turns:
    """Whose turn it is to drive runs of one kind.

    Args:
        leaders: Where that stands.
        task: Which kind.
        instance: Names this one.
    """

    def __init__(self, leaders: LeaderStore, task: str, instance: str) -> None:
        self._leaders, self._task, self._instance = leaders, task, instance

    async def enter(self) -> bool:
        """Whether it is this instance's turn now."""
        held = await self._leaders.hold(self._task, self._instance, _TURN_SECONDS)
        return held is not None

    async def leave(self) -> None:
        """Another instance may drive at once."""
        await self._leaders.leave(self._task, self._instance)


async def drive(
    turn: Callable[[], Awaitable[bool]],
    look: Look,
    what: str,
    *,
    seconds: float,
    idle_seconds: float,
) -> None:
    """Takes turns without end: at each notice, and else each `seconds` while something runs.

    Args:
        turn: Drives all that runs once; whether anything does.
        look: Of notices.
        what: Is driven, for the log.
        seconds: See there.
        idle_seconds: Between turns while nothing runs.
    """
    reachable = True
    while True:
        busy = False
        try:
            busy = await turn()
            reachable = True
        except MazemeshError as error:
            if reachable:
                _log.warning(f"{what} stand still, trying again", reason=str(error))
            reachable = False
        await asyncio.sleep(_LEAST_SECONDS)  # notices of its own come at once
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds if busy else idle_seconds):
                await look.wait()
