"""How each value of a declaration is read, and what a wrong one is told."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from types import MappingProxyType
from typing import Any, TypeVar, cast, get_args

from obskit.cron import Cron, parse_cron
from obskit.declaration import Bands, Freshness, Judge, Level, Scope
from obskit.duration import Duration, format_duration, parse_duration

# Names become metric attributes, file names and parts of URLs.
_NAME = re.compile("[a-z0-9][a-z0-9._-]{0,62}")
_MAX_SHOWN = 80
_MOST_IN_A_ROW = 100
# A warning or an info is nothing to wake somebody for.
_ALERT_ABOVE: Mapping[Level, int] = MappingProxyType({"critical": 0, "error": 0})
_T = TypeVar("_T")


def wrong_value(what: str, given: object, allowed: str) -> ValueError:
    return ValueError(f"{what} is {shown(given)}: {allowed}")


def shown(given: object) -> str:
    try:
        text = repr(given)
    except Exception:  # somebody else's __repr__
        text = f"a {type(given).__name__}"
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def read_name(what: str, given: object) -> str:
    if isinstance(given, str) and _NAME.fullmatch(given):
        return given
    allowed = "use 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first"
    raise wrong_value(what, given, allowed)


def read_span(what: str, given: Duration, *, least: float = 0.001) -> float:
    try:
        return parse_duration(given, least=least)
    except ValueError as wrong:
        raise ValueError(f"{what}: {wrong}") from None


def read_one_of(what: str, given: _T, literal: Any) -> _T:
    allowed: tuple[str, ...] = get_args(literal)
    if given in allowed:
        return given
    raise wrong_value(what, given, f"use {', '.join(allowed[:-1])} or {allowed[-1]}")


def read_text(what: str, given: object, *, default: _T) -> str | _T:
    if given is None:
        return default
    if isinstance(given, str):
        return given
    raise wrong_value(what, given, "use text")


def read_flag(what: str, given: object) -> bool:
    if isinstance(given, bool):
        return given
    raise wrong_value(what, given, "use True or False")


def read_judge(given: Any, freshness: Freshness | None, bands: Bands | None) -> Judge | None:
    if given is None:
        return None
    if freshness is not None:
        raise ValueError("it has a judge and warning_after or critical_after: use one or the other")
    if bands is not None:
        raise ValueError("it has a judge and a score, which its bands judge: use one or the other")
    if callable(given) and not isinstance(given, type):
        return cast("Judge", given)
    raise wrong_value("judge", given, "use above(…), below(…) or outside(…)")


def read_scope(given: object, judge: object) -> Scope:
    """Where a check runs."""
    scope = read_one_of("scope", cast("Scope", given), Scope)
    if scope == "process" and getattr(judge, "needs_past", False):
        raise ValueError(
            "its judge looks at the past, which is not kept of a check that runs in each process:"
            " use scope='host', and another check for readiness"
        )
    return scope


def read_freshness(
    warning_after: Duration | None, critical_after: Duration | None, timezone: tzinfo | None
) -> Freshness | None:
    if warning_after is None and critical_after is None:
        return None
    warning = None if warning_after is None else read_span("warning_after", warning_after)
    critical = None if critical_after is None else read_span("critical_after", critical_after)
    if warning is not None and critical is not None and warning > critical:
        limit = format_duration(critical)
        raise wrong_value("warning_after", warning_after, f"use less than critical_after, {limit}")
    return Freshness(warning, critical, timezone)


def read_timezone(given: str | tzinfo | None) -> tzinfo | None:
    if given is None or isinstance(given, tzinfo):
        return given
    from zoneinfo import ZoneInfo  # takes longer than most of obskit, and few need it

    try:
        return ZoneInfo(given)
    except (OSError, LookupError, ValueError, TypeError, AttributeError):
        raise wrong_value(
            "timezone", given, "use a name such as Europe/Berlin, or a tzinfo"
        ) from None


def read_dependencies(name: str, given: object) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise wrong_value("depends_on", given, "use a list of names, such as ['database']")
    names = tuple(dict.fromkeys(read_name("a name in depends_on", each) for each in given))
    if name in names:
        raise wrong_value("depends_on", given, "a check cannot depend on itself")
    return names


def read_exceptions(what: str, given: Any) -> tuple[type[BaseException], ...]:
    types = given if isinstance(given, tuple) else (given,)
    if all(isinstance(each, type) and issubclass(each, BaseException) for each in types):
        return types
    raise wrong_value(what, given, "use an exception type or a tuple of them")


def read_period(every: Duration | None, fires: Cron | None, trigger: str | None) -> float:
    """The longest time between two runs, seconds."""
    if every is not None and fires is not None:
        raise ValueError("it has every and cron: use one or the other")
    if fires is not None:
        return fires.longest_gap(time.time())
    if every is not None:
        return read_span("every", every, least=1)
    if trigger is None:
        raise ValueError("nothing says when it runs: give every, cron or on")
    return math.inf


def read_cron(given: object, zone: tzinfo | None) -> Cron | None:
    """A cron expression, in a zone."""
    if given is None:
        return None
    if not isinstance(given, str):
        raise wrong_value("cron", given, "use five fields, such as '0 3 * * *'")
    if zone is None:
        raise ValueError(
            f"cron is {given!r} and it has no time zone: give timezone, such as 'Europe/Berlin'"
        )
    try:
        return parse_cron(given, zone)
    except ValueError as error:
        raise ValueError(f"cron: {error}") from None


def read_trigger(given: object) -> str | None:
    """What a check runs after."""
    if given is None:
        return None
    kind, _, job = given.partition(":") if isinstance(given, str) else ("", "", "")
    if kind != "job" or not _NAME.fullmatch(job):
        raise wrong_value(
            "on", given, "use job: and the name of a job, such as 'job:nightly-import'"
        )
    return f"job:{job}"


def read_bands(given: object) -> Bands | None:
    """What a score is called."""
    if given is False:
        return None
    if given is True:
        return Bands()
    if not isinstance(given, Bands):
        raise wrong_value(
            "score", given, "use True, or Bands(excellent=0.95, good=0.85, warning=0.7)"
        )
    if not 0 <= given.warning <= given.good <= given.excellent <= 1:
        raise wrong_value(
            "score", given, "its limits lie between 0 and 1, that of excellent the highest"
        )
    return given


def read_alert_above(given: object) -> Mapping[Level, int]:
    """How many issues of each level are still well."""
    if given is None:
        return _ALERT_ABOVE
    levels = get_args(Level)
    if not isinstance(given, Mapping):
        raise wrong_value(
            "alert_above", given, "use numbers by level, such as {'critical': 0, 'error': 5}"
        )
    for level, most in given.items():
        if level not in levels:
            raise wrong_value("a level in alert_above", level, f"use {', '.join(levels)}")
        if type(most) is not int or most < 0:
            raise wrong_value(f"alert_above for {level}", most, "use a whole number from 0")
    return MappingProxyType(dict(given))


def read_count(what: str, given: object) -> int:
    """A whole number from 1."""
    if type(given) is int and 1 <= given <= _MOST_IN_A_ROW:
        return given
    raise wrong_value(what, given, f"use a whole number from 1 to {_MOST_IN_A_ROW}")


def read_tags(given: object) -> frozenset[str]:
    """Names that checks are chosen by."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise wrong_value("tags", given, "use a list of names, such as ['daily']")
    return frozenset(read_name("a tag", each) for each in given)
