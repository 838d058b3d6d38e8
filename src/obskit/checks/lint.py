"""What is unwise in what is declared, told before it costs somebody a night."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from obskit.checks.order import fault
from obskit.declaration import Check
from obskit.duration import format_duration, parse_duration

_LIBRARY = "obskit.checks.library."
# Ready-made checks of what all processes of a service have in common.
_SHARED = frozenset(
    {
        "arrival",
        "cache",
        "celery",
        "dns",
        "http",
        "migrations",
        "postgres",
        "redis",
        "smtp",
        "sql",
        "tcp",
        "tls",
    }
)
# Of these the ones that ask what stands in a database, which is the same wherever it is asked.
_DATA = frozenset({"migrations", "postgres", "sql"})
# Where these are, state is one host's at most.
_OF_ONE_HOST = ("sqlite:", "memory:")


@dataclass(frozen=True)
class Finding:
    """Something that is unwise.

    Attributes:
        level: `refusal` for what cannot be meant, `warning` for what may be.
        check: The check's name.
        place: Where it was declared.
        message: What is wrong, and what to do.
    """

    level: Literal["refusal", "warning"]
    check: str
    place: str
    message: str


Found = Iterator[tuple[Literal["refusal", "warning"], str]]


def lint(checks: Mapping[str, Check], state_url: str | None = None) -> list[Finding]:
    """What is unwise in declarations, in their order.

    Args:
        checks: The checks by name.
        state_url: Where the service's processes share their state, or None where that is not said.

    >>> from obskit.registry import Registry
    >>> registry = Registry()
    >>> check = registry.add("database", lambda: None, every="5s", timeout="10s")
    >>> lint(registry.checks)[0].message
    'it may take 10s and runs every 5s: give it a timeout of less than its period'
    """
    rules: tuple[Callable[[Check], Found], ...] = (
        lambda check: _order(check, checks),
        _readiness,
        _severity,
        _timeout,
        _window,
        lambda check: _scope(check, state_url),
    )
    return [
        Finding(level, check.name, str(check.place), message)
        for check in checks.values()
        for rule in rules
        for level, message in rule(check)
    ]


def _order(check: Check, checks: Mapping[str, Check]) -> Found:
    wrong = fault(check, checks)
    if wrong:
        yield "refusal", wrong


def _readiness(check: Check) -> Found:
    if not check.readiness:
        return
    if check.scope != "process":
        yield (
            "refusal",
            (
                f"readiness is asked of each process, and it runs in one process of a {check.scope}:"
                " remove scope or readiness"
            ),
        )
    if _subject_area(check) in _SHARED:
        yield (
            "warning",
            (
                "its subject is shared: when it is down, every process is taken out of service at once:"
                " remove readiness unless no request can be answered without it"
            ),
        )


def _severity(check: Check) -> Found:
    missing = [name for name in ("owner", "runbook") if not getattr(check, name)]
    if check.severity == "sev1" and missing:
        yield (
            "refusal",
            (
                f"it is of sev1 and wakes somebody, and has no {' and no '.join(missing)}: say who acts,"
                " and where it is written what to do"
            ),
        )


def _timeout(check: Check) -> Found:
    if check.timeout > check.every:
        yield (
            "refusal",
            (
                f"it may take {format_duration(check.timeout)} and runs every"
                f" {format_duration(check.every)}: give it a timeout of less than its period"
            ),
        )


def _window(check: Check) -> Found:
    if _subject_area(check) != "log_folder":
        return
    subject: Any = check.subject
    window = parse_duration(subject.window)
    if window <= check.every:
        yield (
            "warning",
            (
                f"it looks back {format_duration(window)} and runs every"
                f" {format_duration(check.every)}: a run that is late counts none of the lines between,"
                " and a burst across two runs is counted by halves: run it at least twice in its window"
            ),
        )


def _scope(check: Check, state_url: str | None) -> Found:
    if check.scope == "fleet" and (state_url is None or state_url.startswith(_OF_ONE_HOST)):
        shown = "not set" if state_url is None else f"of one host ({state_url.partition(':')[0]})"
        yield (
            # Where it is not set, it may be set where the service runs.
            "warning" if state_url is None else "refusal",
            (
                f"its scope is fleet, and OBSKIT_STATE_URL is {shown}, so that each host would run it:"
                " set OBSKIT_STATE_URL to a PostgreSQL database"
            ),
        )
    of_hosts = state_url is not None and not state_url.startswith(_OF_ONE_HOST)
    if check.scope == "host" and of_hosts and _subject_area(check) in _DATA:
        yield (
            "warning",
            (
                "it looks at shared data once a host, and a container is a host: 20 pods make 20 runs:"
                ' give scope="fleet"'
            ),
        )


def _subject_area(check: Check) -> str:
    module = type(check.subject).__module__
    area = module.removeprefix(_LIBRARY) if module.startswith(_LIBRARY) else ""
    return area.partition(".")[0]
