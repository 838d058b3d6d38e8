"""The overview: what the first page shows of how a service is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from obskit.console import links, listing, pages
from obskit.console.failing import failing
from obskit.console.message import Request
from obskit.console.service import Service
from obskit.exceptions import StoreError
from obskit.overview.model import CheckView, Overview
from obskit.state.store import Run, Store

_CHECKS, _ROWS, _FAILING, _GROUPS, _SCORES = 25, 10, 10, 100, 20
# How far back pictures of checks go, seconds, and with how many runs of each.
_PAST, _RUNS = 86_400.0, 20
_ORDER = ("critical", "unknown", "warning", "skipped", "ok")


def front(overview: Overview, request: Request, service: Service) -> str:
    """The part of the page that changes.

    Args:
        overview: How the service is.
        request: Says which part of it is asked for.
        service: Has the past of what is shown, and says where else to look.
    """
    config = service.config
    found, chosen = failing(overview), listing.asked(request)
    counted = Counter(check.status for check in overview.checks)
    taken = [check for check in overview.checks if chosen.takes(check)]
    checks = listing.paged(taken, request, "page", _CHECKS)
    lists = {
        "jobs": overview.jobs,
        "operations": overview.operations,
        "quotas": overview.quotas,
        "errors": overview.errors,
        "silences": overview.silences,
        "hosts": overview.hosts,
    }
    dimensions, scores = _scores(overview)
    return pages.render(
        "overview",
        see=overview,
        is_told=config.console,
        base=request.base,
        failing=found[:_FAILING],
        failing_left=max(0, len(found) - _FAILING),
        filter=chosen,
        groups=sorted({check.group for check in overview.checks if check.group})[:_GROUPS],
        counts=[(status, counted[status]) for status in _ORDER if counted[status]],
        checks=checks,
        grouped=_grouped(_with_past(checks.items, service.store, overview.now)),
        dimensions=dimensions,
        scores=scores,
        sentry_of=partial(links.sentry, config),
        trace_of=partial(links.trace, config),
        ledger_of=_account,
        ways_of=_ways,
        **{key: listing.paged(items, request, key, _ROWS) for key, items in lists.items()},
    )


def _with_past(checks: Sequence[CheckView], store: Store, now: float) -> list[CheckView]:
    """Checks with their runs of late: read for those that are shown, and no others."""
    recent: dict[str, list[Run]] = {}
    with suppress(StoreError):  # the overview says what cannot be read
        most = _RUNS * max(1, len({check.host for check in checks}))
        recent = store.recent(now - _PAST, most, sorted({check.name for check in checks}))
    return [
        replace(check, history=_own(recent.get(check.name, ()), check.host)) for check in checks
    ]


def _own(runs: Sequence[Run], host: str) -> list[Run]:
    """Those of a host, where it is of one, the oldest first."""
    return [run for run in runs if not host or run.host == host][:_RUNS][::-1]


def _grouped(checks: Sequence[CheckView]) -> Mapping[str, list[CheckView]]:
    """By group, those with the worst check first."""
    groups: dict[str, list[CheckView]] = {}
    for check in checks:
        groups.setdefault(check.group, []).append(check)
    return groups


def _scores(
    overview: Overview,
) -> tuple[list[str], list[tuple[str, list[CheckView | None]]]]:
    """What quality is measured in, and of each entity the check of each of these."""
    scored = [check for check in overview.checks if check.is_score]
    dimensions = sorted({check.dimension for check in scored})[:_ROWS]
    cells: dict[str, dict[str, CheckView]] = {}
    for check in scored:
        # Of several hosts that have it the worst is first.
        cells.setdefault(check.group or check.name, {}).setdefault(check.dimension, check)
    rows = [(group, [held.get(each) for each in dimensions]) for group, held in cells.items()]
    return dimensions, sorted(rows, key=lambda row: row[0])[:_SCORES]


def _account(ledger: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """By signal, what there is to say in a line."""
    for signal, told in list(ledger.items())[:_ROWS]:
        yield str(signal)[:40], _line(told)[:300]


def _ways(exporters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """By signal, where it goes, and whether anybody is there."""
    for signal, told in list(exporters.items())[:_ROWS]:
        way = told if isinstance(told, Mapping) else {}
        exporter, endpoint = str(way.get("exporter") or "none"), str(way.get("endpoint") or "")
        place = "nowhere" if exporter == "none" else f"{exporter} {endpoint}".strip()
        away = ", not reached" if way.get("reached") is False else ""
        yield str(signal)[:40], f"{place}{away}"[:300]


def _line(told: Any) -> str:
    if not isinstance(told, Mapping):
        return str(told)
    parts = ((name, _line(value)) for name, value in told.items() if value not in (0, None, {}))
    return ", ".join(f"{name} {value}" for name, value in parts if value) or "nothing"
