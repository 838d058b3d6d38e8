"""Where the runs of checks stand in Redis, so that they are found by their check, host and age.

Each has a number. Under it stands its text in one hash, and the number in sorted sets, by when the run began:
one of all runs, one of each check, one of each check on each host, and the same of those with a usual value.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any

from obskit.state import text
from obskit.state.redis_server import Keys
from obskit.state.store import Run

#: So many are asked for at once.
CHUNK = 1_000

# Of what began within a step of the one before, the first alone. Where the step is nothing beside the time, the
# next later one.
_STEPS = """
local found, from = {}, ARGV[1]
while true do
  local run = redis.call('ZRANGEBYSCORE', KEYS[1], from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if #run == 0 then return found end
  table.insert(found, run[1])
  local after = tonumber(run[2]) + tonumber(ARGV[2])
  from = after > tonumber(run[2]) and string.format('%.17g', after) or '(' .. run[2]
end
"""


class RedisHistory:
    """The runs of a service's checks.

    Args:
        keys: Of the service.
        script: Makes a script that can be called.
    """

    def __init__(self, keys: Keys, script: Any) -> None:
        self._keys = keys
        self._steps = script(_STEPS)

    def add(self, pipe: Any, number: int, run: Run, body: str) -> None:
        """Keep a run.

        Args:
            pipe: Collects changes.
            number: Higher than that of every run before.
            run: It.
            body: It, as text.
        """
        member = f"{number:016x}"  # of one length: those of one moment are sorted by it
        pipe.hset(self._keys("runs"), member, body)
        pipe.zadd(self._keys("ages"), {f"run {member}": run.started})
        for key in self._sets(run):
            pipe.zadd(key, {member: run.started})

    def of(
        self, client: Any, check: str, host: str, since: float, until: float, most: int
    ) -> list[Run]:
        """Runs of a check that began in a span of time, the newest first; of one host if named."""
        key = self._set("started", check, host)
        members = client.zrevrangebyscore(key, f"({until}", since, start=0, num=most)
        return [text.read(Run, body) for body in self._bodies(client, members)]

    def newest(self, client: Any, checks: Iterable[str], since: float, most_each: int) -> list[Run]:
        """Of each check its newest runs, as outlines."""
        pipe = client.pipeline(transaction=False)
        for check in checks:
            key = self._set("started", check)
            pipe.zrevrangebyscore(key, inf, since, start=0, num=most_each)
        members = [member for own in pipe.execute() for member in own]
        return [text.outline(body) for body in self._bodies(client, members)]

    def measured(self, client: Any, check: str, host: str, since: float, step: float) -> list[Run]:
        """Runs with a usual value, the oldest first; of those of one step, the first."""
        key = self._set("usual", check, host)
        members = self._steps(keys=[key], args=(since, step), client=client)
        return [text.outline(body) for body in self._bodies(client, members)]

    def forget(self, pipe: Any, members: list[str], bodies: list[str | None]) -> None:
        """Forget runs.

        Args:
            pipe: Collects changes.
            members: Which.
            bodies: Their texts.
        """
        for member, body in zip(members, bodies, strict=True):
            pipe.zrem(self._keys("ages"), f"run {member}")
            if body is not None:
                pipe.hdel(self._keys("runs"), member)
                for key in self._sets(text.outline(body)):
                    pipe.zrem(key, member)

    def _sets(self, run: Run) -> Iterable[str]:
        for host in dict.fromkeys(("", run.host)):
            yield self._set("started", run.check, host)
            if run.is_usual:
                yield self._set("usual", run.check, host)

    def _set(self, kind: str, check: str, host: str = "") -> str:
        return self._keys(kind, check, host) if host else self._keys(kind, check)

    def _bodies(self, client: Any, members: list[str]) -> list[str]:
        found: list[str | None] = []
        for first in range(0, len(members), CHUNK):
            found += client.hmget(self._keys("runs"), members[first : first + CHUNK])
        return [body for body in found if body is not None]  # another forgot it since
