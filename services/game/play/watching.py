"""Who watches a game, and what they are shown."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass

from mazemesh.errors import MazemeshError, ResourceExhausted
from services.game.play.outcome import Outcome

_QUEUED_FRAMES = 64


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a game.

    Attributes:
        step: how many steps have been played.
        positions: the cell of each seat, y * width + x.
        goals: where players are bound for.
        items: where things lie.
        outcome: how the game ended, in its last picture.
        observations: what each seat sees, [seats, observation_size], little-endian; empty where
            nobody asked for it.
        action_masks: uint8 [seats, num_actions], likewise.
    """

    step: int
    positions: tuple[int, ...]
    goals: tuple[int, ...]
    items: tuple[int, ...]
    outcome: Outcome | None
    observations: bytes = b""
    action_masks: bytes = b""


class Watcher:
    """The frames that one watcher has still to see; a slow one loses the oldest, never the last.

    `observes`: whether frames shall tell what each seat sees.
    """

    def __init__(self, *, observes: bool = False) -> None:
        self.observes = observes
        self._frames: deque[Frame] = deque(maxlen=_QUEUED_FRAMES)
        self._ended = False
        self._reason: MazemeshError | None = None
        self._news = asyncio.Event()

    def show(self, frame: Frame) -> None:
        """Queues a frame."""
        self._frames.append(frame)
        self._news.set()

    def end(self, reason: MazemeshError | None = None) -> None:
        """No more frames will come, for a reason; the first end counts."""
        if not self._ended:
            self._ended, self._reason = True, reason
            self._news.set()

    async def next(self) -> Frame | None:
        """The next frame; None when the game was taken away before it ended.

        Raises:
            MazemeshError: the watch was ended for this reason.
        """
        while not self._frames:
            if self._ended:
                if self._reason is not None:
                    raise self._reason
                return None
            self._news.clear()
            await self._news.wait()
        return self._frames.popleft()


class Watchers:
    """The watchers of the games of one batch; false when there are none."""

    def __init__(self) -> None:
        self._by_game: defaultdict[int, list[Watcher]] = defaultdict(list)

    def __bool__(self) -> bool:
        return bool(self._by_game)

    def games(self) -> list[int]:
        """The games that are watched."""
        return list(self._by_game)

    def observed(self, game: int) -> bool:
        """Whether anybody wants to know what the game's seats see."""
        return any(watcher.observes for watcher in self._by_game.get(game, ()))

    def add(self, game: int, watcher: Watcher) -> None:
        """Lets somebody watch a game from now on."""
        self._by_game[game].append(watcher)

    def remove(self, game: int, watcher: Watcher) -> None:
        """Forgets a watcher; one that is not there is ignored."""
        if watcher in self._by_game.get(game, ()):
            self._by_game[game].remove(watcher)
            if not self._by_game[game]:
                del self._by_game[game]

    def show(self, game: int, frame: Frame) -> None:
        """Shows a frame to all who watch the game; its last one ends their watch."""
        for watcher in self._by_game.get(game, ()):
            watcher.show(frame)
        if frame.outcome is not None:
            self.end(game)

    def end(self, game: int, reason: MazemeshError | None = None) -> None:
        """Ends the watch of a game, for a reason if it is not the game's own end."""
        for watcher in self._by_game.pop(game, ()):
            watcher.end(reason)

    def end_all(self, reason: MazemeshError | None = None) -> None:
        """Ends the watch of all games."""
        for game in self.games():
            self.end(game, reason)


class Audience:
    """How many watch at one time, over all games of a server, and `what` they do, for errors."""

    def __init__(self, limit: int, what: str = "watch games") -> None:
        self._limit = limit
        self._what = what
        self._count = 0

    def enter(self) -> None:
        """One more watches.

        Raises:
            ResourceExhausted: there are too many.
        """
        if self._count >= self._limit:
            raise ResourceExhausted(f"{self._count} {self._what}, the limit of this server")
        self._count += 1

    def leave(self) -> None:
        """One of them has gone."""
        self._count -= 1
