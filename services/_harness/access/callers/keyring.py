"""All keys in memory, looked at again every two seconds.

A call costs no query: a mesh has some hundred keys, and one row tells whether any has changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from mazemesh.errors import MazemeshError, Unauthenticated, Unavailable
from services._harness.access.callers.keys import Caller, Key, split
from services._harness.access.callers.store import KeyStore

LOOK_SECONDS: Final = 2.0
"""Between two looks at the store, and so the longest that a revoked key goes on."""

_USED_SECONDS: Final = 30.0
"""Between two notes of which keys were used."""

_AGAIN_SECONDS: Final = 0.25
"""Between two looks that unknown keys may cause, however many there are."""

_log = structlog.get_logger(__name__)


class Keyring:
    """Knows callers by their keys.

    Args:
        store: Where keys are kept.
        clock: Unix seconds.
        grace: Seconds for which keys stay good while the store cannot be asked.
    """

    def __init__(self, store: KeyStore, clock: Callable[[], float], grace: float) -> None:
        self._store, self._clock, self._grace = store, clock, grace
        self._callers: dict[str, Caller] = {}
        self._revision = -1
        self._looked = self._asked = float("-inf")
        self._look: asyncio.Task[None] | None = None
        self._used: set[str] = set()
        self._noted = clock()

    def __len__(self) -> int:
        return len(self._callers)

    async def caller(self, header: str) -> Caller:
        """Whose key an `authorization` header carries.

        Raises:
            Unauthenticated: it carries none that is good.
            Unavailable: the store could not be asked for too long.
        """
        scheme, _, text = header.partition(" ")
        parts = split(text) if scheme.lower() == "bearer" else None
        if parts is None:
            raise Unauthenticated(
                "this mesh asks for a key, sent as `authorization: Bearer mm_...`; set "
                "MAZEMESH_KEY or MAZEMESH_KEY_FILE (`mazemesh keys create` makes one)"
            )
        identifier, secret = parts
        found = self._callers.get(identifier)
        if found is None:
            await self._look_for_new()
            found = self._callers.get(identifier)
        now = self._clock()
        if now - self._looked > self._grace:
            raise Unavailable("keys cannot be looked up: their database is away")
        if found is None or found.key is None or not found.key.fits(secret):
            raise Unauthenticated("this key is not known here")
        if reason := found.key.why_void(now):
            raise Unauthenticated(f"key {identifier} {reason}; ask for another one")
        self._used.add(identifier)
        return found

    async def load(self) -> None:
        """Reads the keys."""
        revision = await self._store.revision()
        if revision != self._revision:
            # One that changes in between is read again at the next look.
            self._callers = {key.id: self._same(key) for key in await self._store.keys()}
            self._revision = revision
        self._looked = self._clock()

    async def run(self) -> None:
        """Keeps up with the store until it is cancelled."""
        away = False
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await asyncio.wait_for(self.load(), LOOK_SECONDS)
                await self._note_used()
                away = False
            except (MazemeshError, TimeoutError) as error:
                if not away:
                    _log.warning("keys cannot be looked up", reason=str(error))
                away = True

    async def close(self) -> None:
        """Notes what was used last."""
        if self._used:
            await self._store.used(self._used, self._clock())

    async def _look_for_new(self) -> None:
        """One look for all who ask at once, and not often."""
        if self._look is None or self._look.done():
            if self._clock() - self._asked < _AGAIN_SECONDS:
                return
            self._asked = self._clock()
            self._look = asyncio.create_task(self._load_if_possible())
        await asyncio.shield(self._look)

    async def _load_if_possible(self) -> None:
        try:
            await asyncio.wait_for(self.load(), LOOK_SECONDS)
        except (MazemeshError, TimeoutError) as error:
            _log.warning("keys cannot be looked up", reason=str(error))

    async def _note_used(self) -> None:
        now = self._clock()
        if self._used and now - self._noted >= _USED_SECONDS:
            used, self._used, self._noted = self._used, set(), now
            await self._store.used(used, now)

    def _same(self, key: Key) -> Caller:
        """The caller that is known already, where nothing but its last use has changed."""
        known = self._callers.get(key.id)
        if known is not None and known.key is not None and known.key.revoke_time == key.revoke_time:
            return known
        return Caller(key)
