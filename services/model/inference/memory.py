"""Which loaded versions stay in memory: the ones that were used last, as many as fit."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Memory(Generic[Key]):
    """Bytes of what is loaded, oldest use first. It decides; others load and unload.

    Args:
        most_bytes: Of all.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.used_bytes = 0
        self._sizes: OrderedDict[Key, int] = OrderedDict()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._sizes)

    def put(self, key: Key, size_bytes: int) -> None:
        """Adds one, or says how large it is now; it is the one that was used last."""
        self.used_bytes += size_bytes - self._sizes.pop(key, 0)
        self._sizes[key] = size_bytes

    def size(self, key: Key) -> int:
        """Of one; 0 where it is not there."""
        return self._sizes.get(key, 0)

    def use(self, key: Key) -> None:
        """It is used now."""
        self._sizes.move_to_end(key)

    def remove(self, key: Key) -> None:
        """It is not in memory any more."""
        self.used_bytes -= self._sizes.pop(key, 0)

    def fits(self, size_bytes: int) -> bool:
        """Whether so much more fits now."""
        return self.used_bytes + size_bytes <= self.most_bytes

    def oldest(self) -> list[Key]:
        """All, the longest unused first."""
        return list(self._sizes)
