"""Versions that are to be played are held at Model first, so that none is collected meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from mazemesh.errors import FailedPrecondition, NotFound

RUN_SECONDS: Final = 3 * 86400.0
"""For which a gate or tournament holds its versions, anew each hour while it runs."""

MATCH_SECONDS: Final = 7200.0
"""For which a rating match holds them: longer than any of its leases."""

_AT_ONCE: Final = 1000
_PERSON: Final = "player/"
_BOT: Final = "bot/"


class HoldPeer(Protocol):
    """The Model service, as far as holds go."""

    async def hold(self, policies: Sequence[str], reason: str, seconds: float) -> None:
        """Holds versions, all or none; raises the errors of HoldVersions."""


Runs = Callable[[], Awaitable[Iterable[tuple[str, Iterable[str]]]]]
"""What runs now: what it is, in words, and who takes part."""


class Holds:
    """What this instance has Model keep; others hold what they play beside it.

    Args:
        model: Keeps it.
        clock: Seconds since 1970.
    """

    def __init__(self, model: HoldPeer, clock: Callable[[], float]) -> None:
        self._model, self._clock = model, clock
        self._until: dict[str, float] = {}

    async def of_run(self, policies: Iterable[str], what: str) -> None:
        """Holds who takes part in a gate or tournament, before that is kept.

        Raises:
            NotFound, FailedPrecondition: one of them is gone.
            Unavailable: Model is away.
        """
        await self._hold(_versions(policies), what, RUN_SECONDS)

    async def of_matches(self, policies: Iterable[str]) -> None:
        """Holds who takes part in rating matches, before they are issued.

        What was held a while ago is not asked for again.

        Raises:
            As `of_run`.
        """
        soon = self._clock() + MATCH_SECONDS / 2
        wanted = [one for one in _versions(policies) if self._until.get(one, 0.0) < soon]
        await self._hold(wanted, "rating matches", MATCH_SECONDS)

    async def renew(self, runs: Runs) -> None:
        """Holds on to what runs; what has ended is given back by the time that was said.

        Raises:
            Unavailable: Model is away.
        """
        now = self._clock()
        self._until = {one: until for one, until in self._until.items() if until > now}
        for what, policies in await runs():
            with suppress(NotFound, FailedPrecondition):  # which who plays it finds, too
                await self.of_run(policies, what)

    async def _hold(self, policies: Sequence[str], what: str, seconds: float) -> None:
        for begin in range(0, len(policies), _AT_ONCE):
            part = policies[begin : begin + _AT_ONCE]
            # From before the call, so that Model's time is not over sooner.
            until = self._clock() + seconds
            await self._model.hold(part, what[:256], seconds)
            for one in part:
                self._until[one] = max(until, self._until.get(one, 0.0))


def _versions(policies: Iterable[str]) -> list[str]:
    return sorted({one for one in policies if not one.startswith((_BOT, _PERSON))})
