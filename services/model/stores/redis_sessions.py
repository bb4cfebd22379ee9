"""Sessions in Redis, which all instances share; time is that of the server.

Keys: a session by its key (its step as 8 bytes, little-endian, then the state), which ends by
itself; a sorted set of "key bytes" by when they end, and the sum of these bytes, by which they are
counted.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from services._harness.stores.redis_server import Argument, RedisServer
from services.model.inference.sessions import Change, Kept
from services.model.stores.memory_sessions import too_many

_STEP: Final = struct.Struct("<Q")

# What has ended by itself is not counted any more. KEYS: counted, bytes. `now`: in seconds.
_FORGET = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local function uncount(member)
  if redis.call('ZREM', KEYS[1], member) == 1 then
    redis.call('DECRBY', KEYS[2], string.match(member, ' (%d+)$'))
  end
end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 10000)) do
  uncount(member)
end
"""

# KEYS: counted, bytes, then sessions. ARGV: seconds, most, most bytes, then of each the step before
# and the value. A value that is there is of this call, which is made again if its answer was lost.
_PUT = (
    _FORGET
    + """
local new, more = 0, 0
for i = 3, #KEYS do
  local before, value = ARGV[2 * i - 2], ARGV[2 * i - 1]
  local present = redis.call('GET', KEYS[i])
  if present ~= value then
    local step = present and string.sub(present, 1, 8) or string.rep('\\0', 8)
    if step ~= before then return {'lost', i - 3} end
  end
  if not present then new = new + 1 end
  more = more + #value - 8 - (present and #present - 8 or 0)
end
local count = redis.call('ZCARD', KEYS[1])
local bytes = tonumber(redis.call('GET', KEYS[2]) or 0)
if new > 0 and count + new > tonumber(ARGV[2]) then return {'many', count} end
if more > 0 and bytes + more > tonumber(ARGV[3]) then return {'large', bytes} end
for i = 3, #KEYS do
  local value = ARGV[2 * i - 1]
  local length = redis.call('STRLEN', KEYS[i])
  if length > 0 then uncount(KEYS[i] .. ' ' .. (length - 8)) end
  redis.call('SET', KEYS[i], value, 'PX', math.ceil(ARGV[1] * 1000))
  redis.call('ZADD', KEYS[1], now + ARGV[1], KEYS[i] .. ' ' .. (#value - 8))
  redis.call('INCRBY', KEYS[2], #value - 8)
end
local kept = math.ceil(ARGV[1]) + 3600
redis.call('EXPIRE', KEYS[1], kept)
redis.call('EXPIRE', KEYS[2], kept)
return {'kept', 0}
"""
)

# KEYS: counted, bytes, then sessions.
_DELETE = (
    _FORGET
    + """
for i = 3, #KEYS do
  local length = redis.call('STRLEN', KEYS[i])
  if length > 0 then uncount(KEYS[i] .. ' ' .. (length - 8)) end
  redis.call('DEL', KEYS[i])
end
"""
)

_COUNT = _FORGET + "return redis.call('ZCARD', KEYS[1])"


class RedisSessions:
    """A `SessionStore`; arguments as of `MemorySessions`."""

    def __init__(self, server: RedisServer, most: int, most_bytes: int, seconds: float) -> None:
        self._server = server
        self._most, self._most_bytes, self._seconds = most, most_bytes, seconds
        self._counted = [
            server.key("model", "sessions"),
            server.key("model", "session_bytes"),
        ]
        self._put, self._delete = server.script(_PUT), server.script(_DELETE)
        self._count = server.script(_COUNT)

    async def count(self) -> int:
        """How many there are."""
        return int(await self._count(self._counted))

    async def get(self, keys: Sequence[str]) -> list[Kept | None]:
        """See `SessionStore`."""
        names = self._names(keys)
        found = await self._server.call(lambda redis: redis.mget(names))
        return [
            None if value is None else Kept(_STEP.unpack_from(value)[0], value[_STEP.size :])
            for value in found
        ]

    async def put(self, changes: Sequence[Change]) -> int | None:
        """See `SessionStore`."""
        keys = [*self._counted, *self._names([change.key for change in changes])]
        arguments: list[Argument] = [self._seconds, self._most, self._most_bytes]
        for change in changes:
            arguments.append(_STEP.pack(change.step))
            arguments.append(_STEP.pack(change.step + 1) + change.state)
        told, number = await self._put(keys, arguments)
        if told == b"many":
            raise too_many(f"there are {number}, at most {self._most}", self._seconds)
        if told == b"large":
            raise too_many(f"they have {number} bytes, at most {self._most_bytes}", self._seconds)
        return int(number) if told == b"lost" else None

    async def delete(self, keys: Sequence[str]) -> None:
        """See `SessionStore`."""
        await self._delete([*self._counted, *self._names(keys)])

    def _names(self, keys: Sequence[str]) -> list[str]:
        return [self._server.key("model", "session", key) for key in keys]
