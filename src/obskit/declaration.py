"""What a declaration says: the check, its judge, its place."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from typing import Literal, NamedTuple, Protocol

Severity = Literal["sev1", "sev2", "sev3"]
OnTimeout = Literal["critical", "unknown"]
#: What is checked: a function, or an object that is called like one.
Subject = Callable[[], object]
UnknownOn = type[BaseException] | tuple[type[BaseException], ...]


class Verdict(NamedTuple):
    """What a judge says of a number: the state, and the limit that decided it."""

    state: Literal["ok", "warning", "critical", "unknown"]
    reason: str


class Judge(Protocol):
    """Judges a measured number; `obskit.above` makes one."""

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
class Check:
    """A declared check, every field valid. `Registry.add` and the decorators make it.

    Attributes:
        name: 1 to 63 of ``a-z 0-9 . _ -``, unique in its registry.
        subject: What is called, without arguments.
        every: Its period, seconds, from 1.
        timeout: How long a run may take, seconds.
        judge: Judges the number that the subject returns, or None.
        freshness: How old the instant that it returns may be; None unless it is a freshness check.
        severity: How soon somebody must act when it fails.
        owner: Who acts, or None.
        runbook: Where it is written what to do, or None.
        description: One line; the first of the subject's docstring where none is given.
        readiness: Whether the process must not be sent work while this fails.
        unit: The unit of its value, as OpenTelemetry writes units.
        depends_on: The names of the checks without which this one means nothing.
        on_timeout: The status of a run that takes too long.
        unknown_on: The exceptions that say "could not be judged" rather than "failed".
        place: Where it was declared.
    """

    name: str
    subject: Subject
    every: float
    timeout: float
    judge: Judge | None
    freshness: Freshness | None
    severity: Severity
    owner: str | None
    runbook: str | None
    description: str
    readiness: bool
    unit: str
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


def _origin(subject: object) -> tuple[str, int]:
    while isinstance(subject, partial):
        subject = subject.func
    function = inspect.unwrap(subject) if callable(subject) else subject
    code = getattr(function, "__code__", None)
    if code is None:
        return type(function).__qualname__, 0
    return getattr(function, "__qualname__", ""), code.co_firstlineno
