"""Sessions in the memory of one instance."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

from mazemesh.errors import ResourceExhausted
from services.model.inference.sessions import Change, Kept


class MemorySessions:
    """A `SessionStore`.

    Args:
        most: Sessions.
        most_bytes: Of their states.
        seconds: After which one that nobody called is forgotten.
        clock: Seconds, rising.
    """

    def __init__(
        self, most: int, most_bytes: int, seconds: float, clock: Callable[[], float]
    ) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._seconds, self._clock = seconds, clock
        # In the order of their ends, since all live equally long after a call.
        self._kept: OrderedDict[str, tuple[float, Kept]] = OrderedDict()
        self._bytes = 0

    async def count(self) -> int:
        """How many there are."""
        self._forget(self._clock())
        return len(self._kept)

    async def get(self, keys: Sequence[str]) -> list[Kept | None]:
        """See `SessionStore`."""
        self._forget(self._clock())
        found = (self._kept.get(key) for key in keys)
        return [None if one is None else one[1] for one in found]

    async def put(self, changes: Sequence[Change]) -> int | None:
        """See `SessionStore`."""
        now = self._clock()
        self._forget(now)
        new = more = 0
        for place, change in enumerate(changes):
            _, present = self._kept.get(change.key, (0.0, Kept(0, b"")))
            if present.step != change.step:
                return place
            new += not present.step
            more += len(change.state) - len(present.state)
        if new and len(self._kept) + new > self._most:
            raise too_many(f"there are {len(self._kept)}, at most {self._most}", self._seconds)
        if more > 0 and self._bytes + more > self._most_bytes:
            raise too_many(
                f"they have {self._bytes} bytes, at most {self._most_bytes}", self._seconds
            )
        for change in changes:
            self._remove(change.key)
            self._kept[change.key] = now + self._seconds, Kept(change.step + 1, change.state)
            self._bytes += len(change.state)
        return None

    async def delete(self, keys: Sequence[str]) -> None:
        """See `SessionStore`."""
        for key in keys:
            self._remove(key)

    def _remove(self, key: str) -> None:
        _, gone = self._kept.pop(key, (0.0, Kept(0, b"")))
        self._bytes -= len(gone.state)

    def _forget(self, now: float) -> None:
        while self._kept:
            key, (end, _) = next(iter(self._kept.items()))
            if end > now:
                return
            self._remove(key)


def too_many(how_many: str, seconds: float) -> ResourceExhausted:
    """There is no room for another session."""
    return ResourceExhausted(
        f"no room for another session: {how_many}. Reset those that have ended (ResetSessions); "
        f"others go after {seconds:g} s",
        retry_after=min(seconds, 10.0),
    )
