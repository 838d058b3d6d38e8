"""Leases in Redis, for hosts that share one and keep their history elsewhere."""

from __future__ import annotations

from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from obskit.state.complaint import Complaint
from obskit.state.store import Lease
from obskit.state.untraced import untraced

_SECONDS = 1.0

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
    """The leases of a service in Redis. Making one connects to nothing.

    Args:
        url: Where it is, as redis-py takes it.
        service: The service.
    """

    def __init__(self, url: str, service: str) -> None:
        self._service = service
        self._complaint = Complaint(url)
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=_SECONDS,
            socket_connect_timeout=_SECONDS,
            # Again at once, where a connection was lost since: both scripts may run twice.
            retry=Retry(NoBackoff(), 1),
        )
        self._take = self._client.register_script(_TAKE)
        self._give_back = self._client.register_script(_RELEASE)

    def lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """See `Store.lease`."""
        answer = self._run(self._take, name, (holder, int(seconds * 1_000)))
        if answer is None:
            return None
        number, until = (int(part) for part in answer)
        return Lease(name, holder, number, until / 1_000)

    def release(self, lease: Lease) -> None:
        """See `Store.release`."""
        self._run(self._give_back, lease.name, (lease.holder, lease.number))

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _run(self, script: Any, name: str, arguments: tuple[str | int, ...]) -> Any:
        try:
            with untraced():
                answer = script(keys=[f"obskit:lease:{self._service}:{name}"], args=arguments)
        except (redis.RedisError, OSError, ValueError) as error:
            raise self._complaint.wrong(error) from error
        self._complaint.well()
        return answer
