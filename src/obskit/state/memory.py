"""The store of one process, gone with it: where nothing is configured, and in tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import inf

from obskit.clock import SYSTEM_CLOCK, Clock
from obskit.exceptions import StoreError
from obskit.state import text
from obskit.state.deploys import Deploy
from obskit.state.ending import ended, newest, telling, took
from obskit.state.guard import Guard
from obskit.state.leasing import Fence, Held, fenced, granted
from obskit.state.memory_deploys import MemoryDeploys
from obskit.state.memory_hosts import KeptHosts, MemoryHosts
from obskit.state.memory_notices import KeptNotices, MemoryNotices
from obskit.state.store import Count, JobRun, Lease, Run, Silence


@dataclass
class _Kept:
    """All that a store holds: runs with the length of their text, which is their size."""

    fences: dict[str, Fence] = field(default_factory=dict)
    latest: dict[str, Run] = field(default_factory=dict)
    history: list[tuple[Run, int]] = field(default_factory=list)
    silences: dict[str, Silence] = field(default_factory=dict)
    leases: dict[str, Held] = field(default_factory=dict)
    jobs: dict[str, tuple[JobRun, int]] = field(default_factory=dict)
    known_jobs: dict[str, float] = field(default_factory=dict)
    counts: dict[tuple[str, str], Count] = field(default_factory=dict)
    notices: KeptNotices = field(default_factory=KeptNotices)
    deploys: list[Deploy] = field(default_factory=list)
    hosts: KeptHosts = field(default_factory=KeptHosts)


class MemoryStore:
    """A `Store` in memory. A forked child begins with what its parent had.

    Args:
        clock: The time, for leases.
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._guard = Guard()
        self._kept = _Kept()
        self.notices = MemoryNotices(self._held_notices)
        self.deploys = MemoryDeploys(self._held_deploys)
        self.hosts = MemoryHosts(self._held_hosts)

    def keep(self, run: Run) -> bool:
        """See `Store.keep`."""
        written = text.write(run)
        with self._held() as kept:
            fence = fenced(run, kept.fences.get(run.check, Fence(0, 0.0)))
            if fence is None:
                return False
            kept.fences[run.check] = fence
            kept.latest[run.check] = text.read(Run, written)
            kept.history.append((kept.latest[run.check], len(written)))
            kept.hosts.keep(kept.latest[run.check])
            return True

    def latest(self) -> dict[str, Run]:
        """See `Store.latest`."""
        with self._held() as kept:
            return dict(kept.latest)

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
        end = inf if until is None else until
        with self._held() as kept:
            own = (run for run, _ in reversed(kept.history) if _is_of(run, check, host))
            found = [run for run in own if since <= run.started < end]
        return sorted(found, key=lambda run: run.started, reverse=True)[:limit]

    def recent(
        self, since: float, most_each: int, checks: Sequence[str] | None = None
    ) -> dict[str, list[Run]]:
        """See `Store.recent`."""
        with self._held() as kept:
            newest_first = [run for run, _ in reversed(kept.history) if run.started >= since]
        found = [run for run in newest_first if checks is None or run.check in checks]
        own: dict[str, list[Run]] = {}
        for run in sorted(found, key=lambda run: run.started, reverse=True):
            if len(own.setdefault(run.check, [])) < most_each:
                own[run.check].append(replace(run, details={}, evidence=()))
        return {name: runs for name, runs in own.items() if runs}

    def values(
        self, check: str, since: float, step: float, host: str = ""
    ) -> list[tuple[float, float]]:
        """See `Store.values`."""
        with self._held() as kept:
            known = [run for run, _ in kept.history if _is_of(run, check, host)]
        own = [run for run in known if run.started >= since]
        told: list[tuple[float, float]] = []
        for run in sorted(own, key=lambda run: run.started):
            is_next = not told or run.started >= told[-1][0] + step
            if run.is_usual and run.value is not None and is_next:
                told.append((run.started, run.value))
        return told

    def silence(self, silence: Silence) -> None:
        """See `Store.silence`."""
        with self._held() as kept:
            kept.silences[silence.check] = silence

    def unsilence(self, check: str) -> bool:
        """See `Store.unsilence`."""
        with self._held() as kept:
            return kept.silences.pop(check, None) is not None

    def silences(self, now: float) -> list[Silence]:
        """See `Store.silences`."""
        with self._held() as kept:
            found = [one for one in kept.silences.values() if one.until > now]
        return sorted(found, key=lambda one: (one.until, one.check))

    def lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """See `Store.lease`."""
        with self._held() as kept:
            taken = granted(name, kept.leases.get(name), holder, seconds, self._clock.now())
            if taken is not None:
                kept.leases[name] = Held(holder, taken.number, taken.until, seconds)
            return taken

    def release(self, lease: Lease) -> None:
        """See `Store.release`."""
        with self._held() as kept:
            held = kept.leases.get(lease.name)
            if held is not None and (held.holder, held.number) == (lease.holder, lease.number):
                kept.leases[lease.name] = held._replace(until=0.0)

    def put_job(self, run: JobRun) -> None:
        """See `Store.put_job`."""
        written = text.write(run)
        with self._held() as kept:
            kept.jobs[run.run_id] = (text.read(JobRun, written), len(written))

    def job_runs(self, job: str, limit: int = 100) -> list[JobRun]:
        """See `Store.job_runs`."""
        with self._held() as kept:
            return newest(run for run, _ in kept.jobs.values() if run.job == job)[:limit]

    def latest_jobs(self) -> dict[str, list[JobRun]]:
        """See `Store.latest_jobs`."""
        with self._held() as kept:
            return telling(run for run, _ in kept.jobs.values())

    def durations(self, jobs: Iterable[str], most_each: int) -> dict[str, list[float]]:
        """See `Store.durations`."""
        with self._held() as kept:
            runs = newest(run for run, _ in kept.jobs.values())
        found: dict[str, list[float]] = {}
        for job in jobs:
            times = [took(run) for run in runs if run.job == job]
            seen = [seconds for seconds in times if seconds is not None]
            found[job] = seen[:most_each][::-1]
        return {job: own for job, own in found.items() if own}

    def know_jobs(self, names: Iterable[str], now: float) -> dict[str, float]:
        """See `Store.know_jobs`."""
        with self._held() as kept:
            return {name: kept.known_jobs.setdefault(name, now) for name in names}

    def add(self, count: Count) -> None:
        """See `Store.add`."""
        key = (count.metric, text.dump(count.attributes))
        with self._held() as kept:
            before = kept.counts.get(key)
            amount = count.amount + (before.amount if before else 0.0)
            kept.counts[key] = Count(count.metric, dict(count.attributes), amount)

    def take_counts(self) -> list[Count]:
        """See `Store.take_counts`."""
        with self._held() as kept:
            taken = [kept.counts[key] for key in sorted(kept.counts)]
            kept.counts.clear()
            return taken

    def purge(self, before: float, max_bytes: int) -> int:
        """See `Store.purge`."""
        with self._held() as kept:
            kept.hosts.forget(before)
            jobs = _forgettable(kept)
            ages = [(run.started, size) for run, size in kept.history]
            ages += [(when, kept.jobs[run_id][1]) for run_id, when in jobs.items()]
            cut = _cut(sorted(ages), before, max_bytes)
            young = [(run, size) for run, size in kept.history if run.started >= cut]
            old = [run_id for run_id, when in jobs.items() if when < cut]
            gone = len(kept.history) - len(young) + len(old)
            kept.history = young
            for run_id in old:
                del kept.jobs[run_id]
            return gone

    def close(self) -> None:
        """See `Store.close`."""

    @contextmanager
    def _held_notices(self) -> Iterator[KeptNotices]:
        with self._held() as kept:
            yield kept.notices

    @contextmanager
    def _held_deploys(self) -> Iterator[list[Deploy]]:
        with self._held() as kept:
            yield kept.deploys

    @contextmanager
    def _held_hosts(self) -> Iterator[KeptHosts]:
        with self._held() as kept:
            yield kept.hosts

    @contextmanager
    def _held(self) -> Iterator[_Kept]:
        try:
            with self._guard.held():
                yield self._kept
        except TimeoutError as error:
            raise StoreError(f"the state in memory cannot be used: {error}") from error


def _is_of(run: Run, check: str, host: str) -> bool:
    return run.check == check and (not host or run.host == host)


def _forgettable(kept: _Kept) -> dict[str, float]:
    """Runs of jobs that ended and no longer tell how their job stands: when each ended."""
    runs = [run for run, _ in kept.jobs.values()]
    spared = {run.run_id for few in telling(runs).values() for run in few}
    ends = {run.run_id: ended(run) for run in runs if run.run_id not in spared}
    return {run_id: when for run_id, when in ends.items() if when is not None}


def _cut(ages: list[tuple[float, int]], before: float, max_bytes: int) -> float:
    """The time before which all is forgotten, of runs from the oldest to the newest."""
    room = sum(size for _, size in ages)
    for when, size in ages:
        if room <= max_bytes:
            return max(before, when)
        room -= size
    return inf
