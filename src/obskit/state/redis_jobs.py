"""Where the runs of jobs stand in Redis: their texts in a hash, their ids in sorted sets.

One set of each job, by when its runs began; one of each job and outcome, by when they ended; those that ended
stand among the ages of all runs. An id leaves every set that it may stand in before it is put into its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from obskit.state import text
from obskit.state.ending import ended, newest, telling, took
from obskit.state.redis_server import Keys
from obskit.state.store import JobRun


class RedisJobs:
    """The runs of a service's jobs.

    Args:
        keys: Of the service.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._jobs = keys("jobs")
        self._ages = keys("ages")
        self._running = keys("running")
        self._outcomes = keys("outcomes")

    def put(self, client: Any, run: JobRun) -> None:
        """Keep a run, in place of what was kept of it."""
        body = text.write(run)
        outcomes = [json.loads(one) for one in client.smembers(self._outcomes)]
        end = ended(run)
        pipe = client.pipeline()
        pipe.hset(self._jobs, run.run_id, body)
        pipe.zadd(self._keys("began", run.job), {run.run_id: run.started})
        pipe.srem(self._running, run.run_id)
        for job, outcome in outcomes:
            if job == run.job and outcome != run.outcome:
                pipe.zrem(self._keys("ended", job, outcome), run.run_id)
        if end is None:
            pipe.sadd(self._running, run.run_id)
            pipe.zrem(self._ages, f"job {run.run_id}")
        else:
            pipe.sadd(self._outcomes, json.dumps((run.job, run.outcome)))
            pipe.zadd(self._keys("ended", run.job, run.outcome), {run.run_id: end})
            pipe.zadd(self._ages, {f"job {run.run_id}": end})
        pipe.execute()

    def of(self, client: Any, job: str, first: int, most: int) -> list[JobRun]:
        """Runs of a job from a place on, the newest first."""
        ids = client.zrevrange(self._keys("began", job), first, first + most - 1)
        return newest(self._read(client, ids))

    def telling(self, client: Any) -> dict[str, list[JobRun]]:
        """Of each job: the runs that go on, its last that ended, and its last success."""
        pipe = client.pipeline(transaction=False)
        pipe.smembers(self._running)
        for one in client.smembers(self._outcomes):
            pipe.zrevrange(self._keys("ended", *json.loads(one)), 0, 0)
        return telling(self._read(client, [each for own in pipe.execute() for each in own]))

    def durations(self, client: Any, job: str, most: int) -> list[float]:
        """How long its newest runs took that were seen to end, the oldest first."""
        found: list[float] = []
        first = 0
        while len(found) < most:
            runs = self.of(client, job, first, most)
            if not runs:
                break
            found += [seconds for run in runs if (seconds := took(run)) is not None]
            first += len(runs)
        return found[:most][::-1]

    def forget(self, pipe: Any, ids: list[str], bodies: list[str | None]) -> None:
        """Forget runs that ended.

        Args:
            pipe: Collects changes.
            ids: Which.
            bodies: Their texts.
        """
        for run_id, body in zip(ids, bodies, strict=True):
            pipe.zrem(self._ages, f"job {run_id}")
            if body is not None:
                run = text.read(JobRun, body)
                pipe.hdel(self._jobs, run_id)
                pipe.zrem(self._keys("began", run.job), run_id)
                pipe.zrem(self._keys("ended", run.job, run.outcome), run_id)

    def _read(self, client: Any, ids: Iterable[str]) -> list[JobRun]:
        asked = list(ids)
        bodies = client.hmget(self._jobs, asked) if asked else []
        return [text.read(JobRun, body) for body in bodies if body is not None]
