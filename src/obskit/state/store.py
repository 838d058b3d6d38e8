"""What a store keeps, and what it is asked for. `open_store` opens the one that a URL names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Protocol

from obskit.state.deploys import Deploys
from obskit.state.hosts import Hosts
from obskit.state.notices import Notices


@dataclass(frozen=True)
class Run:
    """One decided run of a check.

    Attributes:
        check: The check's name.
        status: What the run came to: ok, warning, critical, unknown or skipped.
        damped: The status after damping, which is the one that alerts.
        since: When the damped status began, seconds since the Unix epoch.
        last_success: When the check was last ok, seconds since the Unix epoch, or None.
        row: How many runs in a row had the same outcome, failure or not, this one included; where it
            was skipped, how many before it.
        value: What was measured, or None.
        unit: The value's unit.
        message: What a person reads.
        details: Facts by name.
        evidence: Rows or lines.
        started: When it began, seconds since the Unix epoch.
        duration: How long it took, seconds.
        trace_id: Its trace, or None.
        nothing_to_do: Whether it said that there was nothing to do.
        lease: The number of the lease that its process held; 0 where no lease is asked for.
        instance: The `service.instance.id` of its process.
        ran: Where it was skipped, what the last run before came to; else, or without one, empty.
        counted: Where it was skipped, the status of that run after damping.
        host: Whose check it is, where hosts share the store; else, and of the fleet's, empty.
    """

    check: str
    status: str
    damped: str
    since: float
    last_success: float | None
    row: int
    value: float | None
    unit: str
    message: str
    details: Mapping[str, Any]
    evidence: Sequence[Any]
    started: float
    duration: float
    trace_id: str | None = None
    nothing_to_do: bool = False
    lease: int = 0
    instance: str = ""
    ran: str = ""
    counted: str = ""
    host: str = ""

    @property
    def is_usual(self) -> bool:
        """Whether its value belongs to what is usual: one that was judged to fail does not."""
        return self.status in {"ok", "unknown"} and self.value is not None and isfinite(self.value)


@dataclass(frozen=True)
class Silence:
    """Notification about a check is muted; it runs as before.

    Attributes:
        check: The check's name.
        until: When it ends by itself, seconds since the Unix epoch.
        reason: Why, in the words of whoever asked for it.
        author: Who asked for it.
        begun: When, seconds since the Unix epoch.
    """

    check: str
    until: float
    reason: str
    author: str
    begun: float


@dataclass(frozen=True)
class Lease:
    """The right to do something alone, for a while.

    Attributes:
        name: What for.
        holder: Whose it is.
        number: Rises with each new holder; what comes with a lower one is refused.
        until: When it ends unless it is taken again, seconds since the Unix epoch, by the store's clock.
    """

    name: str
    holder: str
    number: int
    until: float


@dataclass(frozen=True)
class JobRun:
    """One run of a job.

    Attributes:
        run_id: Unique.
        job: The job's name.
        started: When it began, seconds since the Unix epoch.
        outcome: running, ok, nothing_to_do, failed, or lost where its process is gone.
        finished: When it ended, or None.
        deadline: Until when the next run must have succeeded, seconds since the Unix epoch, or None.
        done: How far it is.
        total: How far it goes, or None.
        counts: What it has counted, by name.
        message: What a person reads.
        evidence: Its last lines of output.
        trace_id: Its trace, or None.
        instance: The `service.instance.id` of its process.
        beat: When it was last heard of, seconds since the Unix epoch.
    """

    run_id: str
    job: str
    started: float
    outcome: str = "running"
    finished: float | None = None
    deadline: float | None = None
    done: float = 0.0
    total: float | None = None
    counts: Mapping[str, float] = field(default_factory=dict)
    message: str = ""
    evidence: Sequence[str] = ()
    trace_id: str | None = None
    instance: str = ""
    beat: float = 0.0


@dataclass(frozen=True)
class Count:
    """Something counted by a process that did not live long enough to send it.

    Attributes:
        metric: The counter's name.
        attributes: Its attributes.
        amount: How many.
    """

    metric: str
    attributes: Mapping[str, str | int | float | bool]
    amount: float


class Store(Protocol):
    """What the processes of a service share. Safe for several threads and processes.

    Every method may raise `StoreError`, which says what is wrong with the store: whoever calls goes
    on without it.
    """

    @property
    def notices(self) -> Notices:
        """What is kept of notifications."""

    @property
    def deploys(self) -> Deploys:
        """What is kept of deploys."""

    @property
    def hosts(self) -> Hosts:
        """What is kept of each host."""

    def keep(self, run: Run) -> bool:
        """Keep a run, as the check's latest and in its history.

        Returns:
            False where a holder with a higher lease number has kept one for this check: it is
            refused.
        """

    def latest(self) -> dict[str, Run]:
        """The latest run of each check, of whichever host."""

    def runs(
        self,
        check: str,
        *,
        since: float = 0.0,
        until: float | None = None,
        limit: int = 1_000,
        host: str = "",
    ) -> list[Run]:
        """Runs of a check that began in a span of time, the newest first; of one host if named."""

    def recent(
        self, since: float, most_each: int, checks: Sequence[str] | None = None
    ) -> dict[str, list[Run]]:
        """Of each check its newest runs that began since then, so many at most, the newest first.

        Of a few checks, where they are named. Without details and evidence, so that thousands of
        runs are read in no time.
        """

    def values(
        self, check: str, since: float, step: float, host: str = ""
    ) -> list[tuple[float, float]]:
        """When a check measured and what, the oldest first, in runs that did not fail.

        Of one host, where it is named. Those that could not be judged count: out of them a past is
        made. Of what was measured within so many seconds, `step`, the first alone is told.
        """

    def silence(self, silence: Silence) -> None:
        """Mute a check; in place of the silence that it has."""

    def unsilence(self, check: str) -> bool:
        """End a silence before its time. Whether there was one."""

    def silences(self, now: float) -> list[Silence]:
        """Those that have not ended, the first to end first."""

    def lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """Take a lease, or take it again: None while another holder has it."""

    def release(self, lease: Lease) -> None:
        """Give a lease back."""

    def put_job(self, run: JobRun) -> None:
        """Keep a run of a job, in place of what was kept of it."""

    def job_runs(self, job: str, limit: int = 100) -> list[JobRun]:
        """The runs of a job, the newest first."""

    def latest_jobs(self) -> dict[str, list[JobRun]]:
        """Of each job: the runs that go on, its last that ended, and its last success."""

    def durations(self, jobs: Iterable[str], most_each: int) -> dict[str, list[float]]:
        """How long the newest runs of each job took, so many at most, the oldest first, seconds.

        Those that go on are left out, and those whose end nobody saw.
        """

    def know_jobs(self, names: Iterable[str], now: float) -> dict[str, float]:
        """Since when each job is known: from the first time that anybody asked, and never forgotten."""

    def add(self, count: Count) -> None:
        """Leave a count for a process that lives longer."""

    def take_counts(self) -> list[Count]:
        """The counts that were left, each given to one taker only."""

    def purge(self, before: float, max_bytes: int) -> int:
        """Forget history that is older, and the oldest while it takes more room. How many runs."""

    def close(self) -> None:
        """Let go of files and connections."""
