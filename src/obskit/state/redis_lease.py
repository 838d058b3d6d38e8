"""Leases in Redis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from obskit.state.redis_server import Keys, RedisServer
from obskit.state.store import Lease

# One hash a lease, which outlives it: holder, number, until. A number that is lost rises from the
# time, so that Redis may forget, be emptied, or fall back to a replica that is behind.
_TAKE = """
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)
local holder, number, ends = unpack(redis.call('HMGET', KEYS[1], 'holder', 'number', 'until'))
if holder and holder ~= ARGV[1] and tonumber(ends) > now then return false end
if holder ~= ARGV[1] then number = math.max((tonumber(number) or 0) + 1, micros) end
ends = now + ARGV[2]
number = string.format('%.0f', number)
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'number', number, 'until', string.format('%.0f', ends))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ARGV[2] + 86400000))
return {number, string.format('%.0f', ends)}
"""
_RELEASE = """
local holder, number = unpack(redis.call('HMGET', KEYS[1], 'holder', 'number'))
if holder == ARGV[1] and number == ARGV[2] then redis.call('HSET', KEYS[1], 'until', '0') end
return 0
"""


class RedisLeases:
    """The leases of a service in Redis.

    Args:
        server: Where.
        service: The service.
    """

    def __init__(self, server: RedisServer, service: str) -> None:
        self._server = server
        self._keys = Keys(service)
        self._take = server.script(_TAKE)
        self._give_back = server.script(_RELEASE)

    def lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """See `Store.lease`."""
        answer = self._run(self._take, name, holder, int(seconds * 1_000))
        if answer is None:
            return None
        number, until = (int(part) for part in answer)
        return Lease(name, holder, number, until / 1_000)

    def release(self, lease: Lease) -> None:
        """See `Store.release`."""
        self._run(self._give_back, lease.name, lease.holder, lease.number)

    def _run(self, script: Callable[..., Any], name: str, *arguments: str | int) -> Any:
        with self._server.used() as client:
            return script(keys=[self._keys("lease", name)], args=arguments, client=client)
