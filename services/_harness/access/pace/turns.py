"""How fast a key may begin calls while others call too.

A server's event loop takes calls in one by one, in the order in which they came, whoever they are
from, and that is most of what a small call costs. A key with hundreds of calls under way sends a
new one for every answer, so somebody else's call would always stand behind hundreds, and no order
of beginning them changes that. What does is to answer such a key no faster than it leaves room. So
while several keys call, each has a pace, with some calls in advance; those beyond it wait here,
where they stand in nobody's way. A key that is the only one goes as fast as the server can.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

_ADVANCE: Final = 32.0
"""Calls that a key may begin at once, after it has been slower."""

_TICK: Final = 0.005
"""Seconds between two looks at who waits."""

_ALONE: Final = 1.0
"""Seconds without a call of anybody else after which a key is alone."""


class Line:
    """The pace of one key, and its calls that wait."""

    __slots__ = ("at", "left", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[asyncio.Future[None]] = deque()
        self.left = _ADVANCE
        """Calls that may begin at once ..."""
        self.at = 0.0
        """... as of this time."""


class Turns:
    """Deals beginnings out; belongs to one event loop.

    Args:
        pace: Calls of a key a second, while others call.
    """

    def __init__(self, pace: float) -> None:
        self._pace = pace
        self._lines: dict[Line, None] = {}
        """Those in which somebody waits; the first is served first, and then the last."""
        self._due: asyncio.TimerHandle | None = None
        self._last: Line | None = None
        self._others_until = 0.0
        """Until when it counts that somebody else has called."""

    def at_once(self, line: Line) -> bool:
        """Whether a call may begin now; otherwise it has to `wait`."""
        now = asyncio.get_running_loop().time()
        if line is not self._last:
            if self._last is not None:
                self._others_until = now + _ALONE
            self._last = line
        if line.waiting:
            return False
        left = min(_ADVANCE, line.left + (now - line.at) * self._pace)
        line.at = now
        # Alone it may owe nothing: when somebody comes, it is as if it had kept its pace.
        line.left = max(0.0, left - 1.0)
        return left >= 1.0 or now > self._others_until

    async def wait(self, line: Line) -> None:
        """Returns when the call may begin."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        line.waiting.append(turn)
        self._lines[line] = None
        if self._due is None:
            self._due = loop.call_later(_TICK, self._begin, loop.time())
        await turn

    def _begin(self, since: float) -> None:
        """One of each line in turn, as many as the pace of one key gives.

        Time in which the server was too busy to look is nobody's: it is behind as it is.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        left = max(1, round(min(now - since, 2 * _TICK) * self._pace))
        while left and self._lines:
            line = next(iter(self._lines))
            del self._lines[line]
            turn = line.waiting.popleft()
            if not turn.done():  # otherwise its caller gave up
                turn.set_result(None)
                left -= 1
            if line.waiting:
                self._lines[line] = None
            else:
                line.at = now
        self._due = loop.call_later(_TICK, self._begin, now) if self._lines else None
