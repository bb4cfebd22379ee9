"""Match ids and maze seeds that are never used twice."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from mazemesh.games import Purpose, seeds
from services.matchmaker.store import NumberStore

# Numbers are reserved in blocks, so that most cost no transaction; a restart skips the rest.
_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Identity:
    """What is unique about a match: its id, and a seed of the evaluation range."""

    match_id: str
    seed: int


class Numbers:
    """Deals identities from a durable counter; belongs to one event loop."""

    def __init__(self, store: NumberStore) -> None:
        self._store = store
        self._instance: uuid.UUID | None = None
        self._free: list[int] = []

    async def take(self, ladder: str, count: int) -> list[Identity]:
        """`count` identities for matches on a ladder."""
        instance = await self._known()
        while len(self._free) < count:
            size = max(_BLOCK, count)
            first = await self._store.reserve(size)
            self._free.extend(range(first, first + size))
        taken, self._free = self._free[:count], self._free[count:]
        return [self._identity(instance, ladder, number) for number in taken]

    async def unique(self, text: str) -> str:
        """16 digits of 0-9, a-f, the same for a text, and others for it in another store."""
        return uuid.uuid5(await self._known(), text).hex[:16]

    async def _known(self) -> uuid.UUID:
        if self._instance is None:
            self._instance = uuid.UUID(await self._store.instance())
        return self._instance

    def _identity(self, instance: uuid.UUID, ladder: str, number: int) -> Identity:
        # The instance keeps ids apart when a data folder was deleted and the counter began anew.
        match_id = str(uuid.uuid5(instance, f"{ladder}/{number}"))
        return Identity(match_id, seeds.seed(Purpose.EVALUATION, number))
