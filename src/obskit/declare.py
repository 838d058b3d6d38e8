"""How a declaration is read."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from functools import partial

from obskit.declaration import (
    Bands,
    Check,
    Damping,
    Judge,
    Level,
    OnTimeout,
    Place,
    Scope,
    Severity,
    Subject,
    UnknownOn,
)
from obskit.declared_values import (
    read_alert_above,
    read_bands,
    read_count,
    read_cron,
    read_dependencies,
    read_exceptions,
    read_flag,
    read_freshness,
    read_judge,
    read_name,
    read_one_of,
    read_period,
    read_scope,
    read_span,
    read_tags,
    read_text,
    read_timezone,
    read_trigger,
    shown,
    wrong_value,
)
from obskit.duration import Duration
from obskit.exceptions import DeclarationError

_OWN_MODULES = frozenset(
    {
        *("obskit.declare", "obskit.registry", "obskit.checks.judge", "obskit.checks.changed"),
        *("obskit.operations.job", "obskit.operations.operation", "obskit.operations.quota"),
        *("obskit.celery", "obskit.objectives"),
    }
)


def declare(
    name: str,
    subject: Subject,
    place: Place,
    *,
    every: Duration | None = None,
    cron: str | None = None,
    on: str | None = None,
    timeout: Duration = "10s",
    judge: Judge | None = None,
    warning_after: Duration | None = None,
    critical_after: Duration | None = None,
    timezone: str | tzinfo | None = None,
    severity: Severity = "sev2",
    owner: str | None = None,
    runbook: str | None = None,
    description: str | None = None,
    readiness: bool = False,
    unit: str = "",
    alert_above: Mapping[Level, int] | None = None,
    score: bool | Bands = False,
    group: str | None = None,
    dimension: str | None = None,
    tags: Sequence[str] = (),
    failures_before_alert: int = 1,
    successes_before_recovery: int = 1,
    quiet_at_start: Duration = 0,
    scope: Scope | None = None,
    isolate: bool = False,
    depends_on: Sequence[str] = (),
    on_timeout: OnTimeout = "critical",
    unknown_on: UnknownOn = (),
) -> Check:
    """Make a check of what its author wrote. `Registry.add` says what the arguments mean.

    Raises:
        DeclarationError: A value is wrong; it names the value, what is allowed, and the place.
    """
    try:
        zone = read_timezone(timezone)
        freshness = read_freshness(warning_after, critical_after, zone)
        if zone is not None and freshness is None and cron is None:
            raise wrong_value(
                "timezone", timezone, "only a check of freshness or with cron has one"
            )
        fires = read_cron(cron, zone)
        bands = read_bands(score)
        return Check(
            name=read_name("the name", name),
            subject=_subject(subject),
            every=read_period(every, fires, on),
            cron=fires,
            on=read_trigger(on),
            timeout=read_span("timeout", timeout),
            judge=read_judge(judge or getattr(subject, "default_judge", None), freshness, bands),
            freshness=freshness,
            severity=read_one_of("severity", severity, Severity),
            owner=read_text("owner", owner, default=None),
            runbook=read_text("runbook", runbook, default=None),
            description=read_text("description", description, default=_summary(subject)),
            readiness=read_flag("readiness", readiness),
            unit=read_text("unit", unit or ("s" if freshness else ""), default=""),
            alert_above=read_alert_above(alert_above),
            bands=bands,
            group=read_text("group", group, default=None),
            dimension=read_text("dimension", dimension, default=None),
            tags=read_tags(tags),
            damping=Damping(
                read_count("failures_before_alert", failures_before_alert),
                read_count("successes_before_recovery", successes_before_recovery),
                read_span("quiet_at_start", quiet_at_start, least=0),
            ),
            scope=read_scope(scope or _usual_scope(subject, readiness=readiness), judge),
            isolate=read_flag("isolate", isolate),
            depends_on=read_dependencies(name, depends_on),
            on_timeout=read_one_of("on_timeout", on_timeout, OnTimeout),
            unknown_on=read_exceptions("unknown_on", unknown_on),
            place=place,
        )
    except ValueError as wrong:
        raise DeclarationError(f"the check {shown(name)} ({place}): {wrong}") from None


def _usual_scope(subject: Subject, *, readiness: bool) -> Scope:
    usual: Scope = "process" if readiness else "host"
    return getattr(subject, "default_scope", usual)


def caller() -> Place:
    """The line of the host's code that is declaring something now."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__") in _OWN_MODULES:
        frame = frame.f_back
    file = frame.f_code.co_filename
    # A script knows itself by the path that it was started by, an import by the real one.
    return Place(file if file.startswith("<") else os.path.realpath(file), frame.f_lineno)


def _subject(given: Subject) -> Subject:
    if not callable(given):
        raise wrong_value(
            "what is checked", given, "use a function or an object that can be called"
        )
    try:
        parameters = inspect.signature(given).parameters.values()
    except (TypeError, ValueError):  # some built-in functions have no signature
        return given
    for each in parameters:
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD):
            raise ValueError(
                f"its function takes the argument {each.name!r}: a check is called without any"
            )
    return given


def _summary(subject: object) -> str:
    while isinstance(subject, partial):
        subject = subject.func
    first = (inspect.getdoc(subject) or "").strip().partition("\n")[0].strip()
    # A dataclass without a docstring is given its signature as one.
    return "" if first.startswith(f"{type(subject).__name__}(") else first
