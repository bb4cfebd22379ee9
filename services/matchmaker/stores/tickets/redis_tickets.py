"""Tickets in Redis, which all instances share.

Keys, all with an end: a ticket by its id (text), its id by request, the live one by ladder and
each player; sorted sets of the ids that live (by `since`), that ended (by `end_time`), and of
instances (by the time until which they count as living).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from operator import methodcaller

from mazemesh.errors import MazemeshError
from services._harness.stores.redis_server import Argument, RedisServer
from services.matchmaker.lobby.tickets import ENDED, Ticket
from services.matchmaker.store import LOBBY
from services.matchmaker.stores.redis_leaders import leader_key
from services.matchmaker.stores.tickets.memory import too_many, unknown, waits_already
from services.matchmaker.stores.tickets.ticket_text import from_text, to_text

# The number of changes so far. It begins with the time, so that none comes twice when it was lost.
_COUNT = """
local function count(key)
  if redis.call('INCR', key) == 1 then
    local time = redis.call('TIME')
    redis.call('SET', key, string.format('%.0f', time[1] * 1000000 + time[2]))
  end
  redis.call('EXPIRE', key, 86400)
end
"""

# KEYS: ticket, request, live, changes, prefix of tickets, then a key of each player.
# ARGV: id, text, since, seconds, most.
_ADD = (
    _COUNT
    + """
local known = redis.call('GET', KEYS[2])
if known then
  local text = redis.call('GET', KEYS[5] .. known)
  if text then return {'known', text, ''} end
end
for i = 6, #KEYS do
  local other = redis.call('GET', KEYS[i])
  if other and redis.call('EXISTS', KEYS[5] .. other) == 1 then
    return {'other', other, tostring(i - 6)}
  end
end
if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[5]) then return {'full', '', ''} end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[4])
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[4])
for i = 6, #KEYS do redis.call('SET', KEYS[i], ARGV[1], 'EX', ARGV[4]) end
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1])
redis.call('EXPIRE', KEYS[3], 86400)
count(KEYS[4])
return {'added', ARGV[2], ''}
"""
)

# KEYS: leader, live, ended, changes, then ticket, request and each player of each change.
# ARGV: fence, then of each group how many changes it has, and of each of these id, old text, new
# text, end time (empty: it lives), seconds and how many players. Which groups were done.
_SWAP = (
    _COUNT
    + """
if ARGV[1] ~= '' then
  local fence = redis.call('HGET', KEYS[1], 'fence')
  if fence and tonumber(fence) > tonumber(ARGV[1]) then return {} end
end
local done, changed, a, k = {}, false, 2, 5
while a <= #ARGV do
  local changes, fits = tonumber(ARGV[a]), 1
  local first, key = a + 1, k
  for i = 0, changes - 1 do
    local at = first + 6 * i
    local present = redis.call('GET', KEYS[key])
    if present ~= ARGV[at + 1] and present ~= ARGV[at + 2] then fits = 0 end
    key = key + 2 + tonumber(ARGV[at + 5])
  end
  for i = 0, changes - 1 do
    local at = first + 6 * i
    local players = tonumber(ARGV[at + 5])
    if fits == 1 then
      local id, ended, seconds = ARGV[at], ARGV[at + 3], ARGV[at + 4]
      changed = true
      redis.call('SET', KEYS[k], ARGV[at + 2], 'EX', seconds)
      redis.call('EXPIRE', KEYS[k + 1], seconds)
      if ended ~= '' then
        redis.call('ZREM', KEYS[2], id)
        redis.call('ZADD', KEYS[3], ended, id)
      end
      for player = k + 2, k + 1 + players do
        if ended == '' then
          redis.call('EXPIRE', KEYS[player], seconds)
        elseif redis.call('GET', KEYS[player]) == id then
          redis.call('DEL', KEYS[player])
        end
      end
    end
    k = k + 2 + players
  end
  done[#done + 1] = fits
  a = first + 6 * changes
end
if changed then
  redis.call('EXPIRE', KEYS[3], 86400)
  count(KEYS[4])
end
return done
"""
)

# KEYS: instances. ARGV: instance, seconds.
_BEAT = """
local now = redis.call('TIME')[1]
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 3600)
redis.call('EXPIRE', KEYS[1], 3600)
"""

# KEYS: instances. ARGV: those that are asked for. Those that do not live.
_GONE = """
local now = tonumber(redis.call('TIME')[1])
local gone = {}
for _, instance in ipairs(ARGV) do
  local till = redis.call('ZSCORE', KEYS[1], instance)
  if not till or tonumber(till) < now then gone[#gone + 1] = instance end
end
return gone
"""

_BEAT_SECONDS = 3
_KEPT_SECONDS = 600
_PRUNED_AT_ONCE = 500
_READ_AT_ONCE = 1000
_SWAPPED_AT_ONCE = 100
_FORM = "tickets-2"


class RedisTickets:
    """A `TicketStore` in Redis, for `max_tickets` that live at once."""

    def __init__(self, server: RedisServer, max_tickets: int) -> None:
        self._server = server
        self._max_tickets = max_tickets
        self._add, self._swap = server.script(_ADD), server.script(_SWAP)
        self._beat, self._gone = server.script(_BEAT), server.script(_GONE)
        self._live = self._key("live")
        self._ended = self._key("ended")
        self._changes = self._key("changes")
        self._instances = self._key("instances")
        # Most tickets are as they were when they were read last.
        self._read: dict[str, tuple[bytes, Ticket]] = {}
        # Those that lived, and after how many changes.
        self._seen: tuple[bytes | None, list[Ticket]] = (None, [])

    async def add(self, ticket: Ticket) -> Ticket:
        """See `TicketStore`."""
        own, request, *players = self._keys(ticket)
        keys = [own, request, self._live, self._changes, self._key("ticket", ""), *players]
        told, text, which = await self._add(
            keys,
            [ticket.ticket_id, to_text(ticket), ticket.since, _seconds(ticket), self._max_tickets],
        )
        if told == b"other":
            raise waits_already(ticket, ticket.wish.players[int(which)], text.decode())
        if told == b"full":
            raise too_many(self._max_tickets)
        return from_text(text)

    async def add_each(self, tickets: Sequence[Ticket]) -> list[Ticket | MazemeshError]:
        """See `TicketStore`."""
        told = await asyncio.gather(*map(self.add, tickets), return_exceptions=True)
        for one in told:
            if isinstance(one, BaseException) and not isinstance(one, MazemeshError):
                raise one
        return [one for one in told if isinstance(one, Ticket | MazemeshError)]

    async def get(self, ticket_id: str) -> Ticket:
        """See `TicketStore`."""
        for ticket in await self.find([ticket_id]):
            return ticket
        raise unknown(ticket_id)

    async def find(self, ticket_ids: Sequence[str]) -> list[Ticket]:
        """See `TicketStore`."""
        return [found for _, found in await self._find(ticket_ids) if found is not None]

    async def swap(
        self, changes: Sequence[tuple[Ticket, Ticket]], fence: int | None = None
    ) -> bool:
        """See `TicketStore`."""
        return (await self.swap_each([changes], fence))[0]

    async def swap_each(
        self, groups: Sequence[Sequence[tuple[Ticket, Ticket]]], fence: int | None = None
    ) -> list[bool]:
        """See `TicketStore`."""
        parts = [
            groups[first : first + _SWAPPED_AT_ONCE]
            for first in range(0, len(groups), _SWAPPED_AT_ONCE)
        ]
        told = await asyncio.gather(*(self._swap_part(part, fence) for part in parts))
        return [done for part in told for done in part]

    async def _swap_part(
        self, groups: Sequence[Sequence[tuple[Ticket, Ticket]]], fence: int | None
    ) -> list[bool]:
        keys = [leader_key(self._server, LOBBY), self._live, self._ended, self._changes]
        arguments: list[Argument] = ["" if fence is None else fence]
        for changes in groups:
            arguments.append(len(changes))
            for old, new in changes:
                keys += self._keys(old)
                ended = repr(new.end_time) if new.state in ENDED else ""
                arguments += [old.ticket_id, to_text(old), to_text(new), ended, _seconds(new)]
                arguments.append(len(old.wish.players))
        done = await self._swap(keys, arguments)
        return [bool(one) for one in done] or [False] * len(groups)

    async def live(self) -> list[Ticket]:
        """See `TicketStore`."""
        changes = await self._server.call(lambda redis: redis.get(self._changes))
        if changes is not None and changes == self._seen[0]:
            return list(self._seen[1])
        ids = await self._server.call(lambda redis: redis.zrange(self._live, 0, -1))
        names = [one.decode() for one in ids]
        found = await self._find(names)
        # A ticket has an end, whatever became of the instances.
        missing = [name for name, ticket in found if ticket is None]
        if missing:
            await self._server.call(lambda redis: redis.zrem(self._live, *missing))
        living = [ticket for _, ticket in found if ticket is not None]
        self._read = {name: self._read[name] for name in names if name in self._read}
        tickets = [ticket for ticket in living if ticket.state not in ENDED]
        self._seen = changes, tickets
        return list(tickets)

    async def count(self) -> int:
        """See `TicketStore`."""
        number: int = await self._server.call(lambda redis: redis.zcard(self._live))
        return number

    async def prune(self, ended_before: float) -> None:
        """See `TicketStore`."""
        old = await self._server.call(
            lambda redis: redis.zrangebyscore(
                self._ended, "-inf", f"({ended_before!r}", start=0, num=_PRUNED_AT_ONCE
            )
        )
        if not old:
            return
        ids = [one.decode() for one in old]
        tickets = await self.find(ids)
        keys = [key for ticket in tickets for key in self._keys(ticket)[:2]]
        if keys:
            await self._server.call(lambda redis: redis.delete(*keys))
        await self._server.call(lambda redis: redis.zrem(self._ended, *ids))
        for name in ids:
            self._read.pop(name, None)

    async def beat(self, instance: str) -> None:
        """See `TicketStore`."""
        await self._beat([self._instances], [instance, _BEAT_SECONDS])

    async def gone(self, instances: Collection[str]) -> set[str]:
        """See `TicketStore`."""
        if not instances:
            return set()
        return {one.decode() for one in await self._gone([self._instances], sorted(instances))}

    async def _find(self, ticket_ids: Sequence[str]) -> list[tuple[str, Ticket | None]]:
        found: list[tuple[str, Ticket | None]] = []
        for first in range(0, len(ticket_ids), _READ_AT_ONCE):
            part = ticket_ids[first : first + _READ_AT_ONCE]
            keys = [self._key("ticket", one) for one in part]
            texts = await self._server.call(methodcaller("mget", keys))
            found += [
                (name, None if text is None else self._ticket(name, text))
                for name, text in zip(part, texts, strict=True)
            ]
        return found

    def _ticket(self, ticket_id: str, text: bytes) -> Ticket:
        known = self._read.get(ticket_id)
        if known is None or known[0] != text:
            if len(self._read) > 2 * self._max_tickets:
                self._read.clear()
            known = self._read[ticket_id] = text, from_text(text)
        return known[1]

    def _keys(self, ticket: Ticket) -> list[str]:
        wish = ticket.wish
        return [
            self._key("ticket", ticket.ticket_id),
            self._key("request", ticket.request_id),
            *(self._key("player", wish.ladder, player) for player in wish.players),
        ]

    def _key(self, *parts: str) -> str:
        # Instances of another form of tickets have a queue of their own beside this one.
        return self._server.key("matchmaker", _FORM, *parts)


def _seconds(ticket: Ticket) -> int:
    """How long a ticket is kept: longer than it can live, and for a while at its end."""
    return _KEPT_SECONDS + (0 if ticket.state in ENDED else int(ticket.wish.max_wait))
