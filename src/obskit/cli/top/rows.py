"""What is known of a service, as rows: a state in a word, a name, and what there is to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import NamedTuple

from obskit.cli.bars import bars, filled
from obskit.clock import to_rfc3339
from obskit.duration import format_duration
from obskit.number import format_number
from obskit.operations import lateness
from obskit.overview import trend
from obskit.overview.model import (
    CheckView,
    ErrorView,
    HostView,
    JobView,
    OperationView,
    Overview,
    ProcessView,
    QuotaView,
)
from obskit.overview.trend import Series
from obskit.size import format_size
from obskit.state.ending import RUNNING
from obskit.state.store import JobRun, Silence
from obskit.telemetry.console import visible

#: What checks measured, by their names.
Trends = Mapping[str, Series]

_WIDTH = 20
_ERRORS, _ERRORS_OF = 5, 3_600.0
# Of these a difference says something: of milliseconds it is told where they have a limit.
_COUNT = "{"


class Row(NamedTuple):
    """A row.

    Attributes:
        state: In a word; empty where there is none.
        name: Of what.
        told: What there is to say.
    """

    state: str
    name: str
    told: str


def of_check(view: CheckView, now: float) -> Row:
    """A check: why it fails, since when and whose it is; else what it measured."""
    run = view.latest
    if run is None:
        return Row(
            view.status.upper(),
            visible(view.label),
            _joined("it has not run yet", _owner(view.owner)),
        )
    ago = f"ran {_span(now - run.started - run.duration)} ago"
    if not view.fails:
        told = visible(run.message) if run.value is None else _measured(view, run.value)
        return Row(
            view.status.upper(), visible(view.label), _joined(told, ago, _silence(view.silence))
        )
    said = "its last run is too long ago; it was: " if view.overdue else ""
    why = visible(run.message) or _measured(view, run.value)
    since = "" if view.overdue else f"for {_span(now - run.since)}"
    parts = (said + why, since, ago, _owner(view.owner), _silence(view.silence))
    return Row(view.status.upper(), visible(view.label), _joined(*parts))


def _measured(view: CheckView, value: float | None) -> str:
    return _percent(value) if view.is_score else amount(value, view.unit)


def of_job(view: JobView, now: float) -> Iterator[Row]:
    """A job: each run that goes on, with how far it is; else how it stands."""
    going_on = [run for run in view.runs if lateness.settled(run, now).outcome == RUNNING]
    standing = view.standing
    owner = _owner(view.owner) if standing.fails else ""
    word = standing.state.replace("_", " ")
    if not going_on:
        due = ""
        if standing.deadline is not None and standing.deadline > now and standing.state != "never":
            due = f"due in {_span(standing.deadline - now)}"
        yield Row(word, view.name, _joined(visible(standing.message), due, owner))
    for run in going_on:
        told = visible(standing.message) if standing.state != RUNNING else ""
        state = word if standing.fails else RUNNING
        yield Row(state, view.name, _joined(_progress(run, now), told, owner))


def _progress(run: JobRun, now: float) -> str:
    took = max(0.0, now - run.started)
    since = f"for {_span(took)}"
    if not run.total or not isfinite(run.done / run.total):
        done = f"{format_number(run.done)} done, " if run.done else ""
        return f"{done}{since}"
    share = run.done / run.total
    bar = f"{filled(share)} {share:.0%}, {format_number(run.done)} of {format_number(run.total)}"
    if not took or run.done <= 0:
        return f"{bar}, {since}"
    rate = run.done / took
    left = f", {_span((run.total - run.done) / rate)} left" if share < 1 else ""
    return f"{bar}, {rate:.3g}/s{left}, {since}"


def of_operation(view: OperationView) -> Row:
    """An operation: what share of it failed, and how long it took."""
    if not view.runs:
        return Row("ok", view.name, f"no run in {_span(view.window)}")
    most = f" (at most {_percent(view.max_error_ratio)})" if view.max_error_ratio else ""
    reasons = ", ".join(f"{visible(why)} {count}" for why, count in view.reasons.items())
    failed = f"{_percent(view.error_ratio)} of {view.runs} failed{most}"
    failed += f": {reasons}" if reasons else ""
    slow = ""
    if view.p95 is not None:
        longest = "" if view.max_p95 is None else f" (at most {_span(view.max_p95)})"
        slow = f"p95 {_span(view.p95)}{longest}"
    few = "" if view.is_judged else f"not judged below {view.min_runs} runs"
    state = "failing" if view.fails else "ok"
    told = _joined(
        failed, slow, few, f"in {_span(view.window)}", _owner(view.owner) if view.fails else ""
    )
    return Row(state, view.name, told)


def of_quota(view: QuotaView) -> Row:
    """A quota, as a gauge."""
    gauge = _gauge(view.used, view.limit, "")
    told = f"{gauge} in {_span(view.per)}"
    owner = _owner(view.owner) if view.status != "ok" else ""
    return Row(
        view.status.upper(), view.name, _joined(told, _empty(view.seconds_until_empty), owner)
    )


def limit_of(view: CheckView) -> float | None:
    """How much of what a check measures may be used up; None where that is not how it is judged."""
    limits = [each.value for each in view.limits if each.bound == "upper"]
    # From one upward means that there should be none.
    return max(limits) if limits and max(limits) > 1 else None


def of_budget(view: CheckView, measured: Series) -> Row | None:
    """A check of what can be used up, as a gauge; None where it is none."""
    limit = limit_of(view)
    if limit is None or view.latest is None or view.latest.value is None:
        return None
    gauge = _gauge(view.latest.value, limit, view.unit)
    return Row(
        view.status.upper(),
        visible(view.label),
        _joined(gauge, _empty(trend.lasts(measured, limit))),
    )


def of_count(view: CheckView, measured: Series) -> Row | None:
    """A check that counts: how many now, how that went, and by how much it changed; None for others."""
    if not view.unit.startswith(_COUNT) or view.latest is None or view.latest.value is None:
        return None
    now = amount(view.latest.value, view.unit)
    changed = trend.change(measured)
    if changed is None:
        return Row(view.status.upper(), visible(view.label), now)
    by, over = changed
    sign = "+" if by >= 0 else ""
    told = f"{now}  {bars(trend.columns(measured, _WIDTH))}  {sign}{format_number(by)} in {_span(over)}"
    return Row(view.status.upper(), visible(view.label), told)


def of_errors(errors: Iterable[ErrorView], now: float) -> Iterator[Row]:
    """Errors of late: how many, and the newest."""
    known = list(errors)
    parts = trend.spread((each.time for each in known), now, _ERRORS_OF, _WIDTH)
    if known:
        told = f"{bars(parts)}  {sum(parts)} in the last {_span(_ERRORS_OF)}"
        yield Row("", "all", told)
    for each in known[:_ERRORS]:
        request = f"request {each.request_id}" if each.request_id else ""
        where = f"in {visible(each.where)}" if each.where else ""
        ago = f"{_span(now - each.time)} ago"
        told = _joined(visible(each.message), where, request)
        yield Row(ago, visible(each.type), told)


def of_silence(silence: Silence, now: float) -> Row:
    """A silence, with its end."""
    told = f"{silence.reason}; by {silence.author}"
    return Row(f"{_span(silence.until - now)} left", silence.check, visible(told))


def of_process(view: ProcessView, now: float) -> Row:
    """A process: what of its records was dropped, and what does not reach its receiver."""
    account = {name: each for name, each in view.ledger.items() if isinstance(each, Mapping)}
    lost = [
        f"{sum(each['dropped'].values())} {signal} dropped ({', '.join(each['dropped'])})"
        for signal, each in account.items()
        if each.get("dropped")
    ]
    away = [
        f"{signal} do not reach their receiver"
        for signal, each in view.exporters.items()
        if isinstance(each, Mapping) and each.get("reached") is False
    ]
    ran = f"for {_span(now - view.started)}"
    release = visible(f"release {view.release}") if view.release else ""
    told = _joined(*lost, *away, "" if lost else "nothing dropped", release, ran)
    place = visible(f" on {view.host}") if view.host else ""
    state = "dropped" if lost else "not sent" if away else "ok"
    return Row(state, f"pid {view.pid}{place}", told)


def of_host(view: HostView, now: float) -> Row:
    """A host: how many of its checks fail, and when it was last heard of."""
    checks = f"{view.failing} of {view.checks} checks fail" if view.checks else ""
    count = view.processes
    processes = f"{count} process{'es' if count > 1 else ''}" if count else ""
    told = _joined(checks, processes, f"heard {_span(now - view.heard)} ago")
    return Row(view.status.upper(), visible(view.name), told)


def summary(overview: Overview) -> str:
    """All of it in a few words: how many hosts and checks are how, and how many jobs.

    Args:
        overview: How the service is.
    """
    states = [each.status for each in overview.checks]
    checks = [f"{states.count(each)} {each}" for each in dict.fromkeys(states)]
    jobs = [each.standing.state.replace("_", " ") for each in overview.jobs]
    told = [f"{jobs.count(each)} {each}" for each in dict.fromkeys(jobs)]
    found = [each.status for each in overview.hosts]
    hosts = [f"{found.count(each)} {each}" for each in dict.fromkeys(found)]
    kinds = (("hosts", hosts), ("checks", checks), ("jobs", told))
    return "  ".join(f"{kind}: {', '.join(each)}" for kind, each in kinds if each)


def amount(value: float | None, unit: str) -> str:
    """What was measured, in its unit.

    >>> amount(2048, "By"), amount(-5, "s"), amount(3200000, "{row}"), amount(None, "1")
    ('2.0 KiB', '-5s', '3200000 row', '')
    """
    if value is None:
        return ""
    if isfinite(value) and unit == "By" and value >= 0:
        return format_size(value)
    if isfinite(value) and unit == "s":
        return format_duration(value) if value >= 0 else f"-{format_duration(-value)}"
    written = format_number(value)
    return written if unit in {"", "1"} else visible(f"{written} {unit.strip('{}')}")


def _gauge(used: float, limit: float, unit: str) -> str:
    left = max(0.0, limit - used)
    amounts = f"{amount(used, unit)} of {amount(limit, unit)}"
    return f"{filled(used / limit)} {amounts}, {amount(left, unit)} left"


def _percent(share: float | None) -> str:
    return f"{100 * (share or 0.0):.3g} %"


def _empty(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"empty in {_span(seconds)}" if seconds > 0 else "empty"


def _owner(owner: str | None) -> str:
    return visible(f"owner {owner}") if owner else ""


def _silence(silence: Silence | None) -> str:
    if silence is None:
        return ""
    return visible(f"silenced until {to_rfc3339(silence.until)[:19]}Z by {silence.author}")


def _span(seconds: float) -> str:
    """A span of time; clocks of hosts differ, so that what was may be still to come."""
    return format_duration(max(0.0, seconds)) if isfinite(seconds) else "ever"


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
