"""A review as one page of HTML that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from string import Template

from obskit.checks.model import CheckResult
from obskit.cli import state
from obskit.cli.check import scores
from obskit.cli.check.table import particulars
from obskit.cli.review.report import Report
from obskit.cli.review.text import changes_since
from obskit.clock import to_rfc3339
from obskit.declaration import Check

_PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>$title</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #ccc; padding: .3rem .6rem; text-align: left;
  vertical-align: top; overflow-wrap: anywhere }
ul { margin: .3rem 0; padding-left: 1.2rem }
.ok { color: #176b2c } .warning { color: #8a5a00 } .critical { color: #b00020; font-weight: bold }
.unknown, .skipped { color: #7a1f7a }
</style>
</head>
<body>
<h1>$title</h1>
<p>$began</p>
<p><strong>$overall</strong>. $counts.</p>
<h2>Changes</h2>
<p>$changed</p>
$changes
$groups
$scores
</body>
</html>
""")


def page(report: Report) -> str:
    """A review: summary, changes, each group with its evidence, scores."""
    return _PAGE.substitute(
        title=escape(f"{report.tag} review of {report.service}"),
        began=f"{to_rfc3339(report.began)[:19]}Z",
        overall=report.overall.upper(),
        counts=report.counts,
        changed=changes_since(report),
        changes=_list(map(str, report.changes)),
        groups="\n".join(_groups(report)),
        scores=_scores(report),
    )


def _groups(report: Report) -> Iterator[str]:
    for group, found in report.groups.items():
        rows = "\n".join(_row(check, result, report) for check, result in found)
        yield f"<h2>{escape(group)}</h2>\n<table>\n{rows}\n</table>"


def _row(check: Check, result: CheckResult, report: Report) -> str:
    told = list(particulars(check, result))
    if check.name in report.silences:
        told.insert(0, state.told(report.silences[check.name]))
    status = result.status.value
    return (
        f'<tr><td class="{status}">{status}</td><th>{escape(check.name)}</th>'
        f"<td>{escape(result.message)}{_list(told)}</td></tr>"
    )


def _list(texts: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if items else ""


def _scores(report: Report) -> str:
    rows = [
        f"<tr><th>{escape(entity)}</th><td>{escape(dimension)}</td>"
        f"<td>{100 * scored['share']:.1f} % {scored['grade']}</td></tr>"
        for entity, dimensions in scores.as_json(report.found).items()
        for dimension, scored in dimensions.items()
    ]
    body = "\n".join(rows)
    return f"<h2>Scores</h2>\n<table>\n{body}\n</table>" if rows else ""
