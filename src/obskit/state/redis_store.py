"""State in Redis, shared by the hosts of a service and by several services."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import inf
from typing import Any

from obskit.state import text
from obskit.state.leasing import Fence, fenced
from obskit.state.purging import MOST, ROUNDS, surplus
from obskit.state.redis_deploys import RedisDeploys
from obskit.state.redis_history import RedisHistory
from obskit.state.redis_hosts import RedisHosts
from obskit.state.redis_jobs import RedisJobs
from obskit.state.redis_lease import RedisLeases
from obskit.state.redis_notices import RedisNotices
from obskit.state.redis_server import Keys, RedisServer
from obskit.state.store import Count, JobRun, Lease, Run, Silence

# So many texts tell how long the others are.
_SAMPLES = 100


class RedisStore:
    """A `Store` in Redis.

    Args:
        server: Where.
        service: The service whose state it is; others on the same server are not seen.
    """

    def __init__(self, server: RedisServer, service: str) -> None:
        self._server = server
        self._keys = keys = Keys(service)
        self._leases = RedisLeases(server, service)
        self._history = RedisHistory(keys, server.script)
        self._jobs = RedisJobs(keys)
        self.notices = RedisNotices(server, keys)
        self.deploys = RedisDeploys(server, keys)
        self.hosts = RedisHosts(server, keys)

    def keep(self, run: Run) -> bool:
        """See `Store.keep`."""
        body = text.write(run)
        key = self._keys("fence", run.check)

        def decide(pipe: Any) -> bool:
            known = pipe.get(key)
            before = Fence(*json.loads(known)) if known else Fence(0, 0.0)
            fence = fenced(run, before)
            if fence is None:
                return False
            number = pipe.incr(self._keys("number"))
            pipe.multi()
            if fence != before:
                pipe.set(key, json.dumps(fence))
            pipe.hset(self._keys("latest"), run.check, body)
            self._history.add(pipe, number, run, body)
            self.hosts.keep(pipe, run, body)
            return True

        return self._server.change(decide, key)

    def latest(self) -> dict[str, Run]:
        """See `Store.latest`."""
        with self._server.used() as client:
            found = client.hgetall(self._keys("latest"))
        return {name: text.read(Run, body) for name, body in found.items()}

    def runs(
        self,
        check: str,
        *,
        since: float = 0.0,
        until: float | None = None,
        limit: int = 1_000,
        host: str = "",
    ) -> list[Run]:
        """See `Store.runs`."""
        with self._server.used() as client:
            end = inf if until is None else until
            return self._history.of(client, check, host, since, end, limit)

    def recent(
        self, since: float, most_each: int, checks: Sequence[str] | None = None
    ) -> dict[str, list[Run]]:
        """See `Store.recent`."""
        found: dict[str, list[Run]] = defaultdict(list)
        if most_each > 0:
            with self._server.used() as client:
                names = client.hkeys(self._keys("latest")) if checks is None else checks
                for run in self._history.newest(client, names, since, most_each):
                    found[run.check].append(run)
        return dict(found)

    def values(
        self, check: str, since: float, step: float, host: str = ""
    ) -> list[tuple[float, float]]:
        """See `Store.values`."""
        with self._server.used() as client:
            runs = self._history.measured(client, check, host, since, step)
        return [(run.started, run.value) for run in runs if run.value is not None]

    def silence(self, silence: Silence) -> None:
        """See `Store.silence`."""
        with self._server.used() as client:
            client.hset(self._keys("silences"), silence.check, text.write(silence))

    def unsilence(self, check: str) -> bool:
        """See `Store.unsilence`."""
        with self._server.used() as client:
            return bool(client.hdel(self._keys("silences"), check))

    def silences(self, now: float) -> list[Silence]:
        """See `Store.silences`."""
        with self._server.used() as client:
            bodies = client.hvals(self._keys("silences"))
        found = [text.read(Silence, body) for body in bodies]
        return sorted(
            (one for one in found if one.until > now), key=lambda one: (one.until, one.check)
        )

    def lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """See `Store.lease`."""
        return self._leases.lease(name, holder, seconds)

    def release(self, lease: Lease) -> None:
        """See `Store.release`."""
        self._leases.release(lease)

    def put_job(self, run: JobRun) -> None:
        """See `Store.put_job`."""
        with self._server.used() as client:
            self._jobs.put(client, run)

    def job_runs(self, job: str, limit: int = 100) -> list[JobRun]:
        """See `Store.job_runs`."""
        with self._server.used() as client:
            return self._jobs.of(client, job, 0, limit)

    def latest_jobs(self) -> dict[str, list[JobRun]]:
        """See `Store.latest_jobs`."""
        with self._server.used() as client:
            return self._jobs.telling(client)

    def durations(self, jobs: Iterable[str], most_each: int) -> dict[str, list[float]]:
        """See `Store.durations`."""
        with self._server.used() as client:
            found = {job: self._jobs.durations(client, job, most_each) for job in jobs}
        return {job: own for job, own in found.items() if own}

    def know_jobs(self, names: Iterable[str], now: float) -> dict[str, float]:
        """See `Store.know_jobs`."""
        known = list(dict.fromkeys(names))
        if not known:
            return {}
        key = self._keys("known jobs")
        with self._server.used() as client:
            pipe = client.pipeline()
            for name in known:
                pipe.hsetnx(key, name, repr(float(now)))
            pipe.hmget(key, known)
            found = pipe.execute()[-1]
        return dict(zip(known, map(float, found), strict=True))

    def add(self, count: Count) -> None:
        """See `Store.add`."""
        field = json.dumps((count.metric, text.dump(count.attributes)))
        with self._server.used() as client:
            client.hincrbyfloat(self._keys("counts"), field, float(count.amount))

    def take_counts(self) -> list[Count]:
        """See `Store.take_counts`."""
        key = self._keys("counts")
        with self._server.used() as client:
            pipe = client.pipeline()
            pipe.hgetall(key)
            pipe.delete(key)
            found = pipe.execute()[0]
        taken = sorted((*json.loads(field), float(amount)) for field, amount in found.items())
        return [Count(metric, json.loads(own), amount) for metric, own, amount in taken]

    def purge(self, before: float, max_bytes: int) -> int:
        """See `Store.purge`. A bounded number at once: what is left goes with the next call."""
        total = 0
        for _ in range(ROUNDS):
            with self._server.used() as client:
                gone = self._purge(client, before, max_bytes)
            total += gone
            if gone < MOST:
                break
        self.hosts.forget(before)
        return total

    def close(self) -> None:
        """See `Store.close`."""
        self._server.close()

    def _purge(self, client: Any, before: float, max_bytes: int) -> int:
        ages = self._keys("ages")
        runs = (run for few in self._jobs.telling(client).values() for run in few)
        spared = {f"job {run.run_id}" for run in runs}
        most = MOST + len(spared)
        old = client.zrangebyscore(ages, -inf, f"({before}", start=0, num=most)
        gone = self._forget(client, [one for one in old if one not in spared][:MOST])
        used = self._used(client)
        if used <= max_bytes or gone == MOST:
            return gone
        few = min(surplus(client.zcard(ages), used, max_bytes), MOST - gone)
        oldest = client.zrange(ages, 0, few + len(spared) - 1)
        return gone + self._forget(client, [one for one in oldest if one not in spared][:few])

    def _forget(self, client: Any, members: list[str]) -> int:
        pipe = client.pipeline()
        for kind, key, own in (
            ("run ", self._keys("runs"), self._history),
            ("job ", self._keys("jobs"), self._jobs),
        ):
            found = [one.removeprefix(kind) for one in members if one.startswith(kind)]
            if found:
                own.forget(pipe, found, client.hmget(key, found))
        pipe.execute()
        return len(members)

    def _used(self, client: Any) -> int:
        keys = self._keys("runs"), self._keys("jobs")
        return sum(client.memory_usage(key, samples=_SAMPLES) or 0 for key in keys)
