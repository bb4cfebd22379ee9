"""Whose call begins next: in each turn of the event loop every key begins about as many.

A key with a thousand calls on their way would otherwise begin them all before somebody else's one,
and that would wait for them. Here the others of the thousand wait in a line of their own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

AT_ONCE: Final = 16
"""Calls that begin in one turn, of all keys that have a line."""

_LEAST: Final = 2
"""Calls of one key that begin in a turn, however many keys there are."""


class Line:
    """The calls of one key that wait for their turn."""

    __slots__ = ("begun", "waiting")

    def __init__(self) -> None:
        self.begun = 0
        """In this turn."""
        self.waiting: deque[asyncio.Future[None]] = deque()


class Turns:
    """Deals beginnings out; belongs to one event loop."""

    def __init__(self) -> None:
        self._lines: dict[Line, None] = {}
        """Those of which something began or waits, in the order in which they came."""
        self._due = False

    def at_once(self, line: Line) -> bool:
        """Whether a call may begin now; otherwise it has to `wait`."""
        if line.waiting or line.begun >= AT_ONCE // max(1, len(self._lines)):
            return False
        line.begun += 1
        self._lines[line] = None
        self._call_turn()
        return True

    async def wait(self, line: Line) -> None:
        """Returns when the call may begin."""
        turn = asyncio.get_running_loop().create_future()
        line.waiting.append(turn)
        self._lines[line] = None
        self._call_turn()
        await turn

    def _call_turn(self) -> None:
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._due = False
        lines, self._lines = self._lines, {}
        share = max(_LEAST, AT_ONCE // max(1, len(lines)))
        for line in lines:
            line.begun = 0
            while line.waiting and line.begun < share:
                turn = line.waiting.popleft()
                if not turn.done():  # its caller gave up
                    turn.set_result(None)
                    line.begun += 1
            if line.waiting or line.begun:
                self._lines[line] = None
        if self._lines:
            self._call_turn()
