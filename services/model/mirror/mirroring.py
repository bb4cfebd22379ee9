"""Empties the outbox into the mirror, one entry after the other, for as long as that takes.

An entry tells where to look, and what is there now is told: so a mirror that was away, or is told
twice, ends where the registry is. Of several instances one does it, by a lease.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol

import structlog

from mazemesh.errors import FailedPrecondition, MazemeshError, NotFound, Unavailable
from services._harness.broadcast import Broadcast, wait
from services.model.checks import Check
from services.model.mirror.outbox import Entry, Waiting
from services.model.registry.policy import State, Version
from services.model.registry.rules import checks_of
from services.model.store import RegistryStore, Transaction

AT_ONCE: Final = 32
REST_SECONDS: Final = 0.5
"""After a change, so that many of them are one look."""

IDLE_SECONDS: Final = 120.0
"""Without an entry, after which the process that talks with the mirror ends."""

LEASE_SECONDS: Final = 600.0
"""Longer than the longest request."""

LOOK_SECONDS: Final = 30.0
"""Between two looks at the outbox while nothing changes here."""

FIRST_RETRY_SECONDS: Final = 1.0
LONGEST_RETRY_SECONDS: Final = 30.0

_log = structlog.get_logger(__name__)


class Told(Protocol):
    """What talks with the mirror: see `services.model.mirror.process.MirrorProcess`."""

    async def ask(self, request: dict[str, Any], file: bytes = b"") -> dict[str, Any]:
        """The answer to a request."""

    async def stop(self) -> None:
        """Gives back what it holds; it may be asked again."""


class Mirror:
    """Belongs to one event loop.

    Args:
        store: The registry.
        file: The file of a ready version.
        told: The mirror.
        tell: What it is told of a version, with its checks.
        uri: Of the mirror.
        holder: This instance.
        now: The time.

    Attributes:
        waiting: As it was at the last look.
        sent: Entries that the mirror was told.
        failures: Requests that failed; they are made again.
    """

    def __init__(
        self,
        store: RegistryStore,
        file: Callable[[Version], Awaitable[bytes]],
        told: Told,
        tell: Callable[[Version, Sequence[Check]], dict[str, Any]],
        uri: str,
        holder: str,
        now: Callable[[], datetime],
    ) -> None:
        self._store, self._file, self._told, self._tell_of = store, file, told, tell
        self._uri, self._holder, self._now = uri, holder, now
        self.waiting = Waiting(0, None, 0)
        self.sent = self.failures = 0

    @property
    def age_seconds(self) -> float:
        """How long the oldest entry has waited; 0: none waits."""
        since = self.waiting.since
        return 0.0 if since is None else max(0.0, (self._now() - since).total_seconds())

    async def run(self, changed: Broadcast) -> None:
        """Tells the mirror of what there is and what comes; returns when the service stops."""
        clock = asyncio.get_running_loop().time
        pause, busy = FIRST_RETRY_SECONDS, clock()
        try:
            while not changed.closed:
                ticket = changed.ticket()
                try:
                    is_more = await self.turn()
                except MazemeshError as error:
                    self.failures += 1
                    if pause == FIRST_RETRY_SECONDS:
                        _log.warning("the mirror is behind and is tried again", reason=str(error))
                    await self._look()
                    await _rest(changed, pause)
                    pause = min(2 * pause, LONGEST_RETRY_SECONDS)
                    continue
                if pause != FIRST_RETRY_SECONDS:
                    _log.info("the mirror is told again", waiting=self.waiting.entries)
                pause = FIRST_RETRY_SECONDS
                if is_more:
                    busy = clock()
                    continue
                if clock() - busy > IDLE_SECONDS:
                    await self._told.stop()  # its memory is worth more than its start
                await wait(ticket, LOOK_SECONDS)
                await _rest(changed, REST_SECONDS)
        finally:
            await self._told.stop()

    async def turn(self) -> bool:
        """Tells some entries; whether there may be more.

        Raises:
            Unavailable: the mirror is away, or the database; what was told is remembered.
        """
        entries = await self._store.transact(self._first)
        for key in dict.fromkeys((one.name, one.number, one.alias) for one in entries):
            same = [one.position for one in entries if key == (one.name, one.number, one.alias)]
            try:
                await self._tell(Entry(same[0], *key))
            except FailedPrecondition as error:
                _log.warning("the mirror refuses an entry", entry=key, reason=str(error))
                await self._store.transact(partial(_refuse, same, str(error)))
                continue
            await self._store.transact(partial(_done, same))
            self.sent += len(same)
        await self._look()
        return bool(entries)

    async def close(self) -> None:
        """Lets another instance go on at once."""
        await self._told.stop()
        try:
            await self._store.transact(lambda tx: tx.outbox.release(self._holder))
        except MazemeshError as error:  # then after the lease
            _log.info("the mirror's lease runs out by itself", reason=str(error))

    def _first(self, tx: Transaction) -> list[Entry]:
        tx.lock()
        now = self._now()
        if not tx.outbox.hold(self._holder, now, now + timedelta(seconds=LEASE_SECONDS)):
            return []
        tx.outbox.begin(self._uri)
        return tx.outbox.first(AT_ONCE)

    async def _tell(self, entry: Entry) -> None:
        if not entry.alias:
            version = await self._store.transact(
                lambda tx: tx.versions.get(entry.name, entry.number)
            )
            if version is not None:
                await self._keep(version)
            return

        def target(tx: Transaction) -> Version | None:
            alias = tx.aliases.get(entry.name, entry.alias)
            return None if alias is None else tx.versions.get(entry.name, alias.number)

        version = await self._store.transact(target)
        if version is not None and await self._keep(version):
            request = {"do": "alias", "name": entry.name, "alias": entry.alias}
            await self._told.ask({**request, "version": self._tell_of(version, ())})

    async def _keep(self, version: Version) -> int:
        """Has the mirror know a version as it is now; its number there, 0: its file was gone."""
        checks = await self._store.transact(lambda tx: checks_of(tx, version))
        told = self._tell_of(version, checks)
        known = int((await self._told.ask({"do": "known", "version": told}))["number"])
        file = b""
        if not known and version.state is State.READY:
            try:
                file = await self._file(version)
            except NotFound:  # retired meanwhile
                return 0
        answer = await self._told.ask({"do": "version", "version": told}, file)
        return int(answer["number"])

    async def _look(self) -> None:
        try:
            self.waiting = await self._store.transact(lambda tx: tx.outbox.waiting())
        except Unavailable:
            return


def _refuse(positions: Sequence[int], reason: str, tx: Transaction) -> None:
    tx.outbox.refuse(positions, reason)


def _done(positions: Sequence[int], tx: Transaction) -> None:
    tx.outbox.done(positions)


async def _rest(changed: Broadcast, seconds: float) -> None:
    """Waits, whatever changes meanwhile, unless the service stops."""
    until = asyncio.get_running_loop().time() + seconds
    while not changed.closed and (left := until - asyncio.get_running_loop().time()) > 0:
        await wait(changed.ticket(), left)
