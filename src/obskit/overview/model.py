"""How a service is, as people look at it: one value that pages and terminals show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from obskit.declaration import Limit, Severity
from obskit.operations.lateness import Standing
from obskit.state.deploys import Deploy
from obskit.state.store import JobRun, Run, Silence


@dataclass(frozen=True)
class CheckView:
    """A check, as it is declared and as it stands.

    Attributes:
        name: Its name.
        status: Its status after damping; ``unknown`` where it has not run, or not for too long.
        latest: Its latest run that was kept, or None.
        history: Its runs of the span that was asked for, the oldest first.
        severity: What a failure means.
        owner: Who acts, or None.
        runbook: Where it is written what to do, or None.
        description: One line.
        group: What it is shown with; empty where nobody said.
        dimension: What of its group a score measures; empty where it is none.
        is_score: Whether its value is a share that is shown as a score.
        score: The score's word, such as ``Good``, or empty.
        schedule: When it runs, in words: ``every 5m``.
        next_run: When it runs next, seconds since the Unix epoch; None where nobody can say.
        limits: Between which values it is well.
        unit: Its value's unit.
        warning_at: Of a freshness: from when on it warns, seconds since the Unix epoch, or None.
        critical_at: Of a freshness: from when on it is critical, or None.
        silence: Its silence, or None.
        overdue: Whether its last run is too long ago.
        host: Whose result it is, where hosts share the store and each has its own; else empty.
    """

    name: str
    status: str
    latest: Run | None = None
    history: Sequence[Run] = ()
    severity: Severity = "sev2"
    owner: str | None = None
    runbook: str | None = None
    description: str = ""
    group: str = ""
    dimension: str = ""
    is_score: bool = False
    score: str = ""
    schedule: str = ""
    next_run: float | None = None
    limits: Sequence[Limit] = ()
    unit: str = ""
    warning_at: float | None = None
    critical_at: float | None = None
    silence: Silence | None = None
    overdue: bool = False
    host: str = ""

    @property
    def label(self) -> str:
        """Its name, with its host where it has one."""
        return f"{self.name} on {self.host}" if self.host else self.name

    @property
    def fails(self) -> bool:
        """Whether somebody should look: it is critical, unknown or warns."""
        return self.status in {"critical", "unknown", "warning"}


@dataclass(frozen=True)
class JobView:
    """A job, as it stands.

    Attributes:
        name: Its name.
        standing: How it stands.
        runs: Its runs that go on, the last that ended, and its last success; the oldest first.
        durations: How long its runs of late took, the oldest first, seconds.
        severity: What a failure means.
        owner: Who acts, or None.
        runbook: Where it is written what to do, or None.
        description: One line.
        max_runtime: How long a run may take, seconds, or None.
    """

    name: str
    standing: Standing
    runs: Sequence[JobRun] = ()
    durations: Sequence[float] = ()
    severity: Severity = "sev2"
    owner: str | None = None
    runbook: str | None = None
    description: str = ""
    max_runtime: float | None = None


@dataclass(frozen=True)
class OperationView:
    """An operation, over its window, by all processes that tell of it.

    Attributes:
        name: Its name.
        runs: How many runs the window holds.
        failed: How many of them failed.
        p95: What 95 of 100 runs did not take longer than, seconds, or None.
        window: How far is looked back, seconds.
        min_runs: With fewer runs nothing is judged.
        max_error_ratio: The largest share that may fail, or None.
        max_p95: The longest p95, seconds, or None.
        reasons: How many failed, by reason.
        severity: What a failure means.
        owner: Who acts, or None.
        runbook: Where it is written what to do, or None.
        description: One line.
    """

    name: str
    runs: int = 0
    failed: int = 0
    p95: float | None = None
    window: float = 600.0
    min_runs: int = 20
    max_error_ratio: float | None = None
    max_p95: float | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)
    severity: Severity = "sev2"
    owner: str | None = None
    runbook: str | None = None
    description: str = ""

    @property
    def error_ratio(self) -> float | None:
        """The share that failed; None without a run."""
        return self.failed / self.runs if self.runs else None

    @property
    def is_judged(self) -> bool:
        """Whether there are runs enough."""
        return self.runs >= self.min_runs

    @property
    def fails(self) -> bool:
        """Whether more of them fail, or take longer, than may."""
        if not self.is_judged:
            return False
        ratio, p95 = self.error_ratio or 0.0, self.p95 or 0.0
        return (self.max_error_ratio is not None and ratio > self.max_error_ratio) or (
            self.max_p95 is not None and p95 > self.max_p95
        )


@dataclass(frozen=True)
class QuotaView:
    """A quota: how much of what a provider allows is used, by all processes that tell of it.

    Attributes:
        name: Its name.
        limit: How much is allowed.
        used: How much was used in the window that ends now.
        per: The window, seconds.
        seconds_until_empty: How long the rest lasts at the rate of late; None where nothing was used.
        warn_at: The share of the limit from which on it is a warning.
        severity: What it means that it is used up.
        owner: Who acts, or None.
        runbook: Where it is written what to do, or None.
    """

    name: str
    limit: int
    used: int
    per: float
    seconds_until_empty: float | None = None
    warn_at: float = 0.8
    severity: Severity = "sev2"
    owner: str | None = None
    runbook: str | None = None

    @property
    def status(self) -> str:
        """How it stands, in the words of a check."""
        if self.used >= self.limit:
            return "critical"
        return "warning" if self.used >= self.warn_at * self.limit else "ok"


@dataclass(frozen=True)
class ErrorView:
    """An error that was reported of late.

    Attributes:
        time: When, seconds since the Unix epoch.
        type: The exception's type, or the line's event name.
        message: What it said, without secrets.
        where: The route, job or logger.
        request_id: The request, or empty.
        trace_id: Its trace, or empty.
        event_id: Its id in Sentry, or empty.
    """

    time: float
    type: str
    message: str
    where: str = ""
    request_id: str = ""
    trace_id: str = ""
    event_id: str = ""


@dataclass(frozen=True)
class ProcessView:
    """A process of the service.

    Attributes:
        pid: Its id.
        instance: Its `service.instance.id`.
        started: When it began, seconds since the Unix epoch.
        heard: When it last told, seconds since the Unix epoch.
        release: What it runs, or empty.
        ledger: The account of its records by signal: accepted, exported, dropped by reason, and so on.
        exporters: By signal: where it sends, and whether it is reached.
        host: Where it runs, where hosts share the store; else empty.
    """

    pid: int
    instance: str
    started: float
    heard: float
    release: str = ""
    ledger: Mapping[str, Any] = field(default_factory=dict)
    exporters: Mapping[str, Any] = field(default_factory=dict)
    host: str = ""


@dataclass(frozen=True)
class HostView:
    """A host of the service, of those that share its store.

    Attributes:
        name: Its name.
        status: The worst status of its checks; ``silent`` where nothing that it told counts any more.
        heard: When it was last heard of, seconds since the Unix epoch.
        checks: How many checks it has a result of that counts.
        failing: How many of these fail.
        processes: How many processes of it tell of themselves.
    """

    name: str
    status: str
    heard: float
    checks: int = 0
    failing: int = 0
    processes: int = 0


@dataclass(frozen=True)
class Overview:
    """How a service is.

    Attributes:
        service: Its name.
        environment: Where it runs; empty where nobody said.
        now: When this was looked at, seconds since the Unix epoch.
        health: ``healthy``, ``degraded`` or ``unhealthy``.
        checks: The checks, what is worst first.
        jobs: The jobs, what is worst first.
        operations: The operations.
        quotas: The quotas.
        scores: The overall score of each group, and under an empty name that of all.
        errors: Errors of late, the newest first.
        processes: The processes that tell of themselves.
        hosts: The hosts that share the store, what is worst first.
        silences: Those that last, the first to end first.
        deploys: The deploys of late, the newest first.
        problems: What could not be read, in words.
    """

    service: str
    environment: str
    now: float
    health: str
    checks: Sequence[CheckView] = ()
    jobs: Sequence[JobView] = ()
    operations: Sequence[OperationView] = ()
    quotas: Sequence[QuotaView] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    errors: Sequence[ErrorView] = ()
    processes: Sequence[ProcessView] = ()
    hosts: Sequence[HostView] = ()
    silences: Sequence[Silence] = ()
    deploys: Sequence[Deploy] = ()
    problems: Sequence[str] = ()
