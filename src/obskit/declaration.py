"""What a declaration says: the check, its judge, its place."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import partial
from typing import Literal, NamedTuple, Protocol

from obskit.cron import Cron

Severity = Literal["sev1", "sev2", "sev3"]
OnTimeout = Literal["critical", "unknown"]
Scope = Literal["process", "host", "fleet"]
#: How grave an issue of a validation is.
Level = Literal["critical", "error", "warning", "info"]
#: Whether a run of a job may begin while another goes on.
Overlap = Literal["allow", "refuse"]
#: What is checked: a function, or an object that is called like one.
Subject = Callable[[], object]
UnknownOn = type[BaseException] | tuple[type[BaseException], ...]


#: What a judge may say.
State = Literal["ok", "warning", "critical", "unknown"]


class Verdict(NamedTuple):
    """What a judge says of a number: the state, and the limit that decided it."""

    state: State
    reason: str


class Limit(NamedTuple):
    """A number from which on a judge says a state: downward from a lower bound, upward from an upper."""

    state: State
    bound: Literal["lower", "upper"]
    value: float


class Judge(Protocol):
    """Judges a measured number; `obskit.above` makes one.

    One with fixed limits may tell them: `limits`, a tuple of `Limit`.
    """

    def __call__(self, value: float, /) -> Verdict:
        """Judge a number that is not NaN."""


class Place(NamedTuple):
    """Where something was declared."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Freshness:
    """How old an instant may become.

    Attributes:
        warning_after: Seconds from which on it is a warning, or None.
        critical_after: Seconds from which on it is critical, or None.
        timezone: What instants without a zone are read in, or None where they cannot be read.
    """

    warning_after: float | None
    critical_after: float | None
    timezone: tzinfo | None


@dataclass(frozen=True)
class Damping:
    """How often an outcome must come in a row before it counts.

    Attributes:
        failures: Runs that fail before the check does, from 1.
        successes: Runs that are ok before it has recovered, from 1.
        quiet: Seconds from the start of the process in which no failure counts.
    """

    failures: int = 1
    successes: int = 1
    quiet: float = 0.0


@dataclass(frozen=True)
class Bands:
    """What a share of 0 to 1 is called; from each limit upward. Below all of them it is an error.

    Attributes:
        excellent: From here on it is excellent.
        good: From here on it is good.
        warning: From here on it is a warning.
    """

    excellent: float = 0.95
    good: float = 0.85
    warning: float = 0.7


@dataclass(frozen=True)
class Check:
    """A declared check, every field valid. `Registry.add` and the decorators make it.

    Attributes:
        name: 1 to 63 of ``a-z 0-9 . _ -``, unique in its registry.
        subject: What is called, without arguments.
        every: Its period, seconds, from 1; the longest one of a cron expression; infinite where it
            runs after something else only.
        cron: When it runs, in place of a fixed period, or None.
        on: What it runs after, such as ``job:nightly-import``, or None.
        timeout: How long a run may take, seconds.
        judge: Judges the number that the subject returns, or None.
        freshness: How old the instant that it returns may be; None unless it is a freshness check.
        severity: How soon somebody must act when it fails.
        owner: Who acts, or None.
        runbook: Where it is written what to do, or None.
        description: One line; the first of the subject's docstring where none is given.
        readiness: Whether the process must not be sent work while this fails.
        unit: The unit of its value, as OpenTelemetry writes units.
        alert_above: Of a validation: by level, how many issues are still well.
        bands: What the share that it returns is called; None unless it is a score.
        group: What it is shown with, or None.
        dimension: What of the group a score measures, or None.
        tags: What it can be chosen by.
        damping: How often an outcome must come before it counts.
        scope: Where it runs: in each process, once a host, once a fleet.
        isolate: Whether it runs in a process of its own, which can be killed.
        depends_on: The names of the checks without which this one means nothing.
        on_timeout: The status of a run that takes too long.
        unknown_on: The exceptions that say "could not be judged" rather than "failed".
        place: Where it was declared.
    """

    name: str
    subject: Subject
    every: float
    cron: Cron | None
    on: str | None
    timeout: float
    judge: Judge | None
    freshness: Freshness | None
    severity: Severity
    owner: str | None
    runbook: str | None
    description: str
    readiness: bool
    unit: str
    alert_above: Mapping[Level, int]
    bands: Bands | None
    group: str | None
    dimension: str | None
    tags: frozenset[str]
    damping: Damping
    scope: Scope
    isolate: bool
    depends_on: tuple[str, ...]
    on_timeout: OnTimeout
    unknown_on: tuple[type[BaseException], ...]
    place: Place

    @property
    def kind(self) -> Literal["check", "freshness"]:
        """Whether it judges a state or the age of an instant."""
        return "check" if self.freshness is None else "freshness"

    def repeats(self, other: Check) -> bool:
        """Whether both come from one line of one file, as when a module is imported twice."""
        return self.place == other.place and _origin(self.subject) == _origin(other.subject)


@dataclass(frozen=True)
class Job:
    """A run that must happen in time. Every field is valid.

    Attributes:
        name: 1 to 63 of ``a-z 0-9 . _ -``, unique in its registry.
        expect_every: Seconds from the start of a run to the start of the next, or None.
        expect_cron: When it is expected to begin, or None. Without either it is never late.
        late_after: Seconds that it may begin later.
        max_runtime: Seconds that a run may take, or None.
        overlap: Whether a run may begin while another goes on.
        severity: How soon somebody must act when it fails or does not come.
        owner: Who acts, or None.
        runbook: Where it is written what to do, or None.
        description: One line.
        place: Where it was declared.
    """

    name: str
    expect_every: float | None
    expect_cron: Cron | None
    late_after: float
    max_runtime: float | None
    overlap: Overlap
    severity: Severity
    owner: str | None
    runbook: str | None
    # A decorated function says it later.
    description: str = field(compare=False)
    place: Place


@dataclass(frozen=True)
class Operation:
    """Something users do, judged over a window. Every field is valid.

    Attributes:
        name: 1 to 63 of ``a-z 0-9 . _ -``, unique in its registry.
        max_error_ratio: The largest share of runs that may fail, 0 to 1, or None.
        max_p95: The longest that 95 of 100 runs may take, seconds, or None.
        slow_after: A run that takes longer is told in a line, seconds, or None.
        window: Seconds that are looked back.
        min_runs: With fewer runs in the window nothing is judged.
        expected: Exceptions that are no failure.
        severity: How soon somebody must act when it does not go well.
        owner: Who acts, or None.
        runbook: Where it is written what to do, or None.
        description: One line.
        place: Where it was declared.
    """

    name: str
    max_error_ratio: float | None
    max_p95: float | None
    slow_after: float | None
    window: float
    min_runs: int
    expected: tuple[type[BaseException], ...]
    severity: Severity
    owner: str | None
    runbook: str | None
    # A decorated function says it later.
    description: str = field(compare=False)
    place: Place


@dataclass(frozen=True)
class Quota:
    """How often something may be used. Every field is valid.

    Attributes:
        name: 1 to 63 of ``a-z 0-9 . _ -``, unique in its registry.
        limit: How much may be used in a window.
        per: The window, seconds.
        warn_at: The share of the limit from which on it is a warning.
        severity: How soon somebody must act when it is used up.
        owner: Who acts, or None.
        runbook: Where it is written what to do, or None.
        place: Where it was declared.
    """

    name: str
    limit: int
    per: float
    warn_at: float
    severity: Severity
    owner: str | None
    runbook: str | None
    place: Place


@dataclass(frozen=True)
class Objective:
    """What users may rely on, over thirty days. Every field is valid.

    Attributes:
        route: The route whose requests are meant, as metrics name it; None for all of the service.
        availability: The share of requests that are answered without an error of the server, or None.
        fast: The share of requests that are answered within `limit`, or None.
        limit: Seconds; None unless there is `fast`.
        severity: How soon somebody must act when errors would use the budget up in days.
        owner: Who acts, or None.
        runbook: Where it is written what to do, or None.
        place: Where it was declared.
    """

    route: str | None
    availability: float | None
    fast: float | None
    limit: float | None
    severity: Severity
    owner: str | None
    runbook: str | None
    place: Place

    @property
    def name(self) -> str:
        """What it is called: there is one for each route, and one for the service."""
        return self.route or "service"


def _origin(subject: object) -> tuple[str, int]:
    while isinstance(subject, partial):
        subject = subject.func
    function = inspect.unwrap(subject) if callable(subject) else subject
    code = getattr(function, "__code__", None)
    if code is None:
        return type(function).__qualname__, 0
    return getattr(function, "__qualname__", ""), code.co_firstlineno
