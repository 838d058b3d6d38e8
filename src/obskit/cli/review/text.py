"""A review as lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from obskit.cli import state
from obskit.cli.check import scores
from obskit.cli.check.table import particulars, status
from obskit.cli.review.report import Report
from obskit.clock import to_rfc3339
from obskit.telemetry.console import visible

_INDENT = " " * 4


def lines(report: Report) -> Iterator[str]:
    """A review: summary, changes, each group with its evidence, scores."""
    yield visible(
        f"{report.tag} review of {report.service}, {to_rfc3339(report.began)[:19]}Z:"
        f" {report.overall.upper()}"
    )
    yield report.counts
    yield ""
    yield changes_since(report)
    yield from (f"{_INDENT}{change}" for change in report.changes)
    for group, found in report.groups.items():
        yield ""
        yield visible(group)
        widest = max(len(check.name) for check, _ in found)
        for check, result in found:
            said = visible(result.message)
            yield f"  {status(result.status)}  {check.name:<{widest}}  {said}".rstrip()
            if check.name in report.silences:
                yield _INDENT + state.told(report.silences[check.name])
            yield from (_INDENT + visible(each) for each in particulars(check, result))
    yield from scores.table(report.found)


def changes_since(report: Report) -> str:
    """Since when changes are told, or why none are."""
    if report.last is None:
        return "no earlier review is known"
    since = f"since {to_rfc3339(report.last)[:19]}Z"
    return f"changed {since}:" if report.changes else f"nothing has changed {since}"
