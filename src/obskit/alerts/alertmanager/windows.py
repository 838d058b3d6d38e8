"""Working hours and mute windows as Alertmanager's time intervals, and the routes that they cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

from obskit import names
from obskit.alerts.alertmanager.matching import Labels, matchers
from obskit.alerts.promql import ENVIRONMENT, label
from obskit.alerts.rule import SEVERITIES
from obskit.exceptions import ConfigError
from obskit.receivers.hours import DAYS, Hours
from obskit.receivers.model import Directory, Mute, Trait

#: The name of the working hours.
WORKING_HOURS = "working-hours"
# Each set of windows that may hold at once is a route: with more there would be thousands.
_MOST_AT_ONCE = 6
_LABELS: Mapping[Trait, str] = {
    "service": "service",
    "environment": ENVIRONMENT,
    "severity": "severity",
    "owner": "owner",
    "alert": "alertname",
    "check": label(names.CHECK_NAME),
    "job": label(names.JOB_NAME),
    "operation": label(names.OPERATION_NAME),
}
_SEVERITIES: Mapping[str, str] = {str(severity): word for severity, word in SEVERITIES.items()}


def time_intervals(directory: Directory) -> Iterator[dict[str, Any]]:
    """What the routes name.

    Args:
        directory: Who hears of what.
    """
    if directory.working_hours is not None:
        yield _interval(WORKING_HOURS, directory.working_hours)
    for mute in directory.mutes:
        yield _interval(_name(mute), mute.hours)


def _interval(name: str, hours: Hours) -> dict[str, Any]:
    return {
        "name": name,
        "time_intervals": [
            {
                "times": [{"start_time": _clock(span.start), "end_time": _clock(span.end)}],
                "weekdays": [DAYS[day] for day in span.days],
                "location": hours.timezone,
            }
            for span in hours.spans()
        ],
    }


def _name(mute: Mute) -> str:
    return f"mute-{mute.name}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def with_windows(
    route: Mapping[str, Any], labels: Labels, mutes: Iterable[Mute], *, office: bool
) -> dict[str, Any]:
    """A route that is silent in the windows that mean what it carries.

    Windows hold for a route and not for the routes within it, so that each is given all of its own.
    A window that means some of the alerts is a route within, and so is each set of windows that may
    mean the same alert.

    Args:
        route: The route.
        labels: What is known of the labels of the alerts that it carries.
        mutes: The windows.
        office: Whether it is silent outside of working hours.

    Raises:
        ConfigError: Too many windows may mean the same alert.
    """
    cut = [(mute, _cut(mute, labels)) for mute in mutes]
    always = [mute for mute, match in cut if match is not None and not match]
    some = [(mute, match) for mute, match in cut if match]
    if len(some) > _MOST_AT_ONCE:
        found = ", ".join(mute.name for mute, _ in some)
        raise ConfigError([_too_many(len(some), found)])
    active = {"active_time_intervals": [WORKING_HOURS]} if office else {}
    inner = [
        {
            "matchers": matchers(match),
            **_muted([*always, *(mute for mute, _ in chosen)]),
            **active,
        }
        for count in range(len(some), 0, -1)
        for chosen in combinations(some, count)
        if (match := _all_of(match for _, match in chosen)) is not None
    ]
    routes = {"routes": inner} if inner else {}
    return {**route, **_muted(always), **active, **routes}


def _too_many(many: int, found: str) -> str:
    return (
        f"{many} mute windows ({found}) may mean the same alert: use {_MOST_AT_ONCE} at most, or let"
        " each match another severity or owner"
    )


def _muted(mutes: Iterable[Mute]) -> dict[str, list[str]]:
    found = [_name(mute) for mute in mutes]
    return {"mute_time_intervals": found} if found else {}


def _cut(mute: Mute, known: Labels) -> Labels | None:
    """What a window asks of alerts beyond what is known of them; None if it means none of them."""
    asked = {_LABELS[trait]: _values(trait, values) for trait, values in mute.match.items()}
    both = _all_of([known, asked])
    if both is None:
        return None
    return {name: values for name, values in both.items() if values != known.get(name)}


def _values(trait: Trait, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_SEVERITIES[one] for one in values) if trait == "severity" else values


def _all_of(many: Iterable[Labels]) -> Labels | None:
    """What satisfies all of them, or None where nothing does."""
    found: dict[str, tuple[str, ...]] = {}
    for labels in many:
        for name, values in labels.items():
            both = tuple(one for one in found.get(name, values) if one in values)
            if not both:
                return None
            found[name] = both
    return found
