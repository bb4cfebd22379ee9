"""Tickets in memory, and in a database of this process's own, from which they come back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import structlog
from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from mazemesh.errors import MazemeshError
from services._harness.sql.database import Database
from services.matchmaker.lobby.tickets import ENDED, Ticket, released
from services.matchmaker.stores import tables
from services.matchmaker.stores.tickets.memory import MemoryTickets
from services.matchmaker.stores.tickets.ticket_text import from_text, to_text

_log = structlog.get_logger(__name__)


class KeptTickets(MemoryTickets):
    """A `TicketStore` of one process that outlives it.

    What is asked is answered from memory. A ticket that came, and how one ended, is on disk before
    that is told; all that comes while the disk is busy is written by the next transaction. What
    lies in between, who listens and who is being seated, is lost with the process, as its streams
    are.
    """

    def __init__(self, database: Database, max_tickets: int) -> None:
        super().__init__(max_tickets)
        self._database = database
        # As they are to be on disk; None: not any more.
        self._unwritten: dict[str, Ticket | None] = {}
        self._writing: asyncio.Task[None] | None = None
        self._next: asyncio.Future[None] | None = None

    async def load(self, now: float) -> None:
        """Takes in what is there; nobody listens yet, and nobody is being seated."""
        rows = await self._database.run_statements(
            lambda connection: connection.execute(select(tables.tickets.c.ticket)).scalars().all()
        )
        for ticket in sorted(map(from_text, rows), key=lambda one: (one.end_time, one.since)):
            if ticket.state in ENDED:
                self.put(ticket)
            else:
                self.put(replace(released(ticket), gone_since=now, listener=""))

    async def add(self, ticket: Ticket) -> Ticket:
        """See `TicketStore`."""
        added = self.take(ticket)
        await self._write([added] if added is ticket else [])
        return added

    async def add_each(self, tickets: Sequence[Ticket]) -> list[Ticket | MazemeshError]:
        """See `TicketStore`."""
        added = [self._taken(ticket) for ticket in tickets]
        # Those that were known are written, or about to be.
        await self._write(
            [ticket for one, ticket in zip(added, tickets, strict=True) if one is ticket]
        )
        return added

    async def swap_each(
        self, groups: Sequence[Sequence[tuple[Ticket, Ticket]]], fence: int | None = None
    ) -> list[bool]:
        """See `TicketStore`; how tickets ended is on disk then, if that has room."""
        done = await super().swap_each(groups, fence)
        ended = [
            new
            for changes, was_done in zip(groups, done, strict=True)
            for _, new in changes
            if was_done and new.state in ENDED
        ]
        if ended:
            try:
                await self._write(ended)
            except MazemeshError as error:
                # Who has a seat has to hear of it; it is written with what comes next.
                _log.warning("how tickets ended is not on disk yet", reason=str(error))
        return done

    async def close(self) -> None:
        """Returns when what there is to write was written, or could not be."""
        with suppress(MazemeshError):
            await self._write([])

    def _forget(self, ticket_id: str) -> None:
        super()._forget(ticket_id)
        self._unwritten[ticket_id] = None

    async def _write(self, changed: Sequence[Ticket]) -> None:
        """Returns when all is on disk that was to be written until now."""
        self._unwritten.update((one.ticket_id, one) for one in changed)
        if not self._unwritten:
            return
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        await asyncio.shield(self._next)

    async def _write_all(self) -> None:
        try:
            while self._next is not None:
                waited_for, self._next = self._next, None
                batch = dict(self._unwritten)
                try:
                    await self._database.run_statements(partial(_store, batch))
                except asyncio.CancelledError:
                    waited_for.cancel()
                    raise
                except Exception as error:
                    waited_for.set_exception(error)
                    waited_for.exception()  # there may be nobody left who waits
                    continue
                for ticket_id, ticket in batch.items():
                    if self._unwritten[ticket_id] is ticket:
                        del self._unwritten[ticket_id]
                waited_for.set_result(None)
        finally:
            self._writing = None


def _store(batch: Mapping[str, Ticket | None], connection: Connection) -> None:
    rows = [
        {"ticket_id": ticket_id, "ticket": to_text(ticket)}
        for ticket_id, ticket in batch.items()
        if ticket is not None
    ]
    gone = [{"gone": ticket_id} for ticket_id, ticket in batch.items() if ticket is None]
    if rows:
        adding = insert(tables.tickets)
        changed = adding.on_conflict_do_update(
            index_elements=["ticket_id"], set_={"ticket": adding.excluded.ticket}
        )
        connection.execute(changed, rows)
    if gone:
        key = tables.tickets.c.ticket_id
        connection.execute(delete(tables.tickets).where(key == bindparam("gone")), gone)
