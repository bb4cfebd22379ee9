"""Where keys are kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from services._harness.access.callers.keys import Key


class KeyStore(Protocol):
    """All keys of a mesh, shared by the instances of its services."""

    async def revision(self) -> int:
        """A number that goes up whenever a key is added or revoked; 0 before the first."""
        ...

    async def keys(self) -> Sequence[Key]:
        """All keys, the oldest first."""
        ...

    async def add(self, key: Key) -> None:
        """Keeps a new key.

        Raises:
            ResourceExhausted: there are too many.
        """
        ...

    async def revoke(self, identifier: str, now: float) -> Key:
        """Voids a key for ever; one that is revoked stays as it is.

        Raises:
            NotFound: there is no such key.
        """
        ...

    async def used(self, identifiers: Collection[str], now: float) -> None:
        """Notes that keys were used; unknown ones are passed over."""
        ...
