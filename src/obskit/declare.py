"""How a declaration is read, and what a wrong value is told."""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Sequence
from datetime import tzinfo
from functools import partial
from typing import Any, TypeVar, cast, get_args

from obskit.declaration import (
    Check,
    Freshness,
    Judge,
    OnTimeout,
    Place,
    Severity,
    Subject,
    UnknownOn,
)
from obskit.duration import Duration, format_duration, parse_duration
from obskit.exceptions import DeclarationError

# Names become metric attributes, file names and parts of URLs.
_NAME = re.compile("[a-z0-9][a-z0-9._-]{0,62}")
_OWN_MODULES = frozenset({"obskit.declare", "obskit.registry", "obskit.checks.judge"})
_MAX_SHOWN = 80
_T = TypeVar("_T")


def declare(
    name: str,
    subject: Subject,
    place: Place,
    *,
    every: Duration,
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
    depends_on: Sequence[str] = (),
    on_timeout: OnTimeout = "critical",
    unknown_on: UnknownOn = (),
) -> Check:
    """Make a check of what its author wrote. `Registry.add` says what the arguments mean.

    Raises:
        DeclarationError: A value is wrong; it names the value, what is allowed, and the place.
    """
    try:
        freshness = _freshness(warning_after, critical_after, timezone)
        return Check(
            name=_name("the name", name),
            subject=_subject(subject),
            every=_span("every", every, least=1),
            timeout=_span("timeout", timeout),
            judge=_judge(judge, freshness),
            freshness=freshness,
            severity=_one_of("severity", severity, Severity),
            owner=_text("owner", owner, default=None),
            runbook=_text("runbook", runbook, default=None),
            description=_text("description", description, default=_summary(subject)),
            readiness=_flag("readiness", readiness),
            unit=_text("unit", unit or ("s" if freshness else ""), default=""),
            depends_on=_dependencies(name, depends_on),
            on_timeout=_one_of("on_timeout", on_timeout, OnTimeout),
            unknown_on=_exceptions("unknown_on", unknown_on),
            place=place,
        )
    except ValueError as wrong:
        raise DeclarationError(f"the check {_shown(name)} ({place}): {wrong}") from None


def caller() -> Place:
    """The line of the host's code that is declaring something now."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__") in _OWN_MODULES:
        frame = frame.f_back
    file = frame.f_code.co_filename
    # A script knows itself by the path that it was started by, an import by the real one.
    return Place(file if file.startswith("<") else os.path.realpath(file), frame.f_lineno)


def _wrong(what: str, given: object, allowed: str) -> ValueError:
    return ValueError(f"{what} is {_shown(given)}: {allowed}")


def _shown(given: object) -> str:
    try:
        text = repr(given)
    except Exception:  # somebody else's __repr__
        text = f"a {type(given).__name__}"
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def _name(what: str, given: object) -> str:
    if isinstance(given, str) and _NAME.fullmatch(given):
        return given
    allowed = "use 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first"
    raise _wrong(what, given, allowed)


def _span(what: str, given: Duration, *, least: float = 0.001) -> float:
    try:
        return parse_duration(given, least=least)
    except ValueError as wrong:
        raise ValueError(f"{what}: {wrong}") from None


def _one_of(what: str, given: _T, literal: Any) -> _T:
    allowed: tuple[str, ...] = get_args(literal)
    if given in allowed:
        return given
    raise _wrong(what, given, f"use {', '.join(allowed[:-1])} or {allowed[-1]}")


def _text(what: str, given: object, *, default: _T) -> str | _T:
    if given is None:
        return default
    if isinstance(given, str):
        return given
    raise _wrong(what, given, "use text")


def _flag(what: str, given: object) -> bool:
    if isinstance(given, bool):
        return given
    raise _wrong(what, given, "use True or False")


def _judge(given: Any, freshness: Freshness | None) -> Judge | None:
    if given is None:
        return None
    if freshness is not None:
        raise ValueError("it has a judge and warning_after or critical_after: use one or the other")
    if callable(given) and not isinstance(given, type):
        return cast("Judge", given)
    raise _wrong("judge", given, "use above(…), below(…) or outside(…)")


def _freshness(
    warning_after: Duration | None, critical_after: Duration | None, timezone: str | tzinfo | None
) -> Freshness | None:
    if warning_after is None and critical_after is None:
        if timezone is not None:
            raise _wrong("timezone", timezone, "only a check of freshness has one")
        return None
    warning = None if warning_after is None else _span("warning_after", warning_after)
    critical = None if critical_after is None else _span("critical_after", critical_after)
    if warning is not None and critical is not None and warning > critical:
        limit = format_duration(critical)
        raise _wrong("warning_after", warning_after, f"use less than critical_after, {limit}")
    return Freshness(warning, critical, _timezone(timezone))


def _timezone(given: str | tzinfo | None) -> tzinfo | None:
    if given is None or isinstance(given, tzinfo):
        return given
    from zoneinfo import ZoneInfo  # takes longer than most of obskit, and few need it

    try:
        return ZoneInfo(given)
    except (OSError, LookupError, ValueError, TypeError, AttributeError):
        raise _wrong("timezone", given, "use a name such as Europe/Berlin, or a tzinfo") from None


def _dependencies(name: str, given: object) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise _wrong("depends_on", given, "use a list of names, such as ['database']")
    names = tuple(dict.fromkeys(_name("a name in depends_on", each) for each in given))
    if name in names:
        raise _wrong("depends_on", given, "a check cannot depend on itself")
    return names


def _exceptions(what: str, given: Any) -> tuple[type[BaseException], ...]:
    types = given if isinstance(given, tuple) else (given,)
    if all(isinstance(each, type) and issubclass(each, BaseException) for each in types):
        return types
    raise _wrong(what, given, "use an exception type or a tuple of them")


def _subject(given: Subject) -> Subject:
    if not callable(given):
        raise _wrong("what is checked", given, "use a function or an object that can be called")
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
