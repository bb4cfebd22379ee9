"""Whose turn it is, in Redis; time is that of the server."""

from __future__ import annotations

from services._harness.stores.redis_server import RedisServer

# A fence is the time in microseconds, or more: it rises even if Redis has forgotten the last one.
_HOLD = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local held = redis.call('HMGET', KEYS[1], 'owner', 'fence', 'until')
local fence = tonumber(held[2] or 0)
local is_over = tonumber(held[3] or 0) <= now
if not is_over and held[1] ~= ARGV[1] then return false end
if is_over then fence = math.max(fence + 1, now) end
local text = string.format('%.0f', fence)
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'fence', text,
           'until', string.format('%.0f', now + ARGV[2] * 1000000))
redis.call('EXPIRE', KEYS[1], 86400)
return text
"""

_LEAVE = """
if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then redis.call('HSET', KEYS[1], 'until', 0) end
"""


def leader_key(server: RedisServer, task: str) -> str:
    """Where the holder of a task stands."""
    return server.key("matchmaker", "leader", task)


class RedisLeaders:
    """A `LeaderStore` in Redis."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._hold = server.script(_HOLD)
        self._leave = server.script(_LEAVE)

    async def hold(self, task: str, owner: str, seconds: float) -> int | None:
        """See `LeaderStore`."""
        fence = await self._hold([leader_key(self._server, task)], [owner, seconds])
        return None if fence is None else int(fence)

    async def leave(self, task: str, owner: str) -> None:
        """See `LeaderStore`."""
        await self._leave([leader_key(self._server, task)], [owner])
