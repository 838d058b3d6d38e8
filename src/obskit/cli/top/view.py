"""What is looked at, in sections: what fails first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from obskit.cli.top import rows
from obskit.cli.top.rows import Row, Trends
from obskit.clock import to_rfc3339
from obskit.overview.model import Overview
from obskit.telemetry.console import visible

# The colours of states; each state is told in a word too.
_COLOURS = {
    "ok": "green",
    "nothing to do": "green",
    "healthy": "green",
    "running": "cyan",
    "never": "cyan",
    "warning": "yellow",
    "degraded": "yellow",
    "unknown": "magenta",
    "skipped": "magenta",
    **dict.fromkeys(("critical", "unhealthy", "failed", "failing", "lost", "late"), "red"),
    "silent": "magenta",
    "not sent": "yellow",
    **dict.fromkeys(("too long", "no answer", "dropped"), "red"),
}

_ORDER = ("no answer", "unhealthy", "degraded", "healthy")


def colour(state: str) -> str | None:
    """The colour of a state, or None.

    >>> colour("CRITICAL"), colour("late"), colour("")
    ('red', 'red', None)
    """
    return _COLOURS.get(state.lower())


@dataclass(frozen=True)
class Look:
    """What a look at a service found.

    Attributes:
        source: Who was asked.
        overview: How the service is; where it could not be told, how it was; None where it never was.
        trends: What its checks measured.
        trouble: Why it could not be told now; else empty.
    """

    source: str
    overview: Overview | None = None
    trends: Trends = field(default_factory=dict)
    trouble: str = ""

    @property
    def health(self) -> str:
        """In a word."""
        if self.trouble or self.overview is None:
            return "no answer"
        return self.overview.health


class Section(NamedTuple):
    """Rows of a kind.

    Attributes:
        title: What they are.
        rows: The rows.
    """

    title: str
    rows: Sequence[Row]


_Part = Callable[[Overview, Trends], Iterable[Row]]


def _failing(overview: Overview, _: Trends) -> Iterator[Row]:
    now = overview.now
    yield from (rows.of_check(each, now) for each in overview.checks if each.fails)
    yield from (row for job in overview.jobs if job.standing.fails for row in rows.of_job(job, now))
    yield from (rows.of_operation(each) for each in overview.operations if each.fails)
    yield from (rows.of_quota(each) for each in overview.quotas if each.status != "ok")


def _well(overview: Overview, _: Trends) -> Iterator[Row]:
    return (rows.of_check(each, overview.now) for each in overview.checks if not each.fails)


def _checks(overview: Overview, _: Trends) -> Iterator[Row]:
    return (rows.of_check(each, overview.now) for each in overview.checks)


def _good_jobs(overview: Overview, _: Trends) -> Iterator[Row]:
    jobs = (job for job in overview.jobs if not job.standing.fails)
    return (row for job in jobs for row in rows.of_job(job, overview.now))


def _jobs(overview: Overview, _: Trends) -> Iterator[Row]:
    return (row for job in overview.jobs for row in rows.of_job(job, overview.now))


def _budgets(overview: Overview, trends: Trends) -> Iterator[Row]:
    yield from map(rows.of_quota, overview.quotas)
    budgets = (rows.of_budget(each, trends.get(each.label, ())) for each in overview.checks)
    yield from (row for row in budgets if row is not None)


def _counts(overview: Overview, trends: Trends) -> Iterator[Row]:
    counts = (rows.of_count(each, trends.get(each.label, ())) for each in overview.checks)
    return (row for row in counts if row is not None)


def _operations(overview: Overview, _: Trends) -> Iterator[Row]:
    return map(rows.of_operation, overview.operations)


def _errors(overview: Overview, _: Trends) -> Iterator[Row]:
    return rows.of_errors(overview.errors, overview.now)


def _silences(overview: Overview, _: Trends) -> Iterator[Row]:
    return (rows.of_silence(each, overview.now) for each in overview.silences)


def _processes(overview: Overview, _: Trends) -> Iterator[Row]:
    return (rows.of_process(each, overview.now) for each in overview.processes)


def _hosts(overview: Overview, _: Trends) -> Iterator[Row]:
    return (rows.of_host(each, overview.now) for each in overview.hosts)


_USAGE: dict[str, _Part] = {
    "Budgets": _budgets,
    "Operations": _operations,
    "Errors": _errors,
    "Counts": _counts,
}
_PLACES: dict[str, _Part] = {"Hosts": _hosts, "Processes": _processes}
#: What is shown together.
PANES: dict[str, dict[str, _Part]] = {
    "all": {
        "Failing": _failing,
        "Jobs": _good_jobs,
        **_USAGE,
        "Checks": _well,
        "Silences": _silences,
        **_PLACES,
    },
    "checks": {"Checks": _checks, "Silences": _silences},
    "jobs": {"Jobs": _jobs},
    "usage": _USAGE,
    "processes": _PLACES,
}


def sections(look: Look, pane: str = "all", wanted: str = "") -> list[Section]:
    """What a pane shows of a look, without what is empty.

    Args:
        look: The look.
        pane: One of `PANES`.
        wanted: Only rows that hold this, in capitals or not.
    """
    overview = look.overview
    if overview is None:
        return []
    found = {title: part(overview, look.trends) for title, part in PANES[pane].items()}
    chosen = (Section(title, _chosen(rows, wanted)) for title, rows in found.items())
    return [section for section in chosen if section.rows]


def _chosen(found: Iterable[Row], wanted: str) -> list[Row]:
    lower = wanted.lower()
    return [row for row in found if any(lower in text.lower() for text in row)]


def head(look: Look) -> list[Row]:
    """How the whole is, and what could not be read."""
    overview = look.overview
    if overview is None:
        return [Row(look.health.upper(), look.source, visible(look.trouble))]
    name = visible(f"{overview.service or look.source} {overview.environment}".rstrip())
    at = f"{to_rfc3339(overview.now)[11:19]}Z"
    found = [Row(look.health.upper(), name, f"{rows.summary(overview)}  {at}".strip())]
    if look.trouble:
        found.append(Row("", "", f"what follows was so at {at}: {visible(look.trouble)}"))
    return found + [Row("", "", visible(each)) for each in overview.problems]


def counted(looks: Sequence[Look | None]) -> str:
    """How many services are how.

    Args:
        looks: A look at each; None before the first.

    >>> counted([Look("a", trouble="gone"), None, None])
    '3 services: 1 no answer, 2 asked for the first time'
    """
    found = ["asked for the first time" if each is None else each.health for each in looks]
    order = (*_ORDER, "asked for the first time")
    told = [f"{found.count(each)} {each}" for each in order if each in found]
    return f"{len(found)} service{'s' if len(found) > 1 else ''}: {', '.join(told)}"


def worst_first(looks: Iterable[Look]) -> list[Look]:
    """Looks, what needs somebody first; the order among like ones stays."""
    return sorted(looks, key=lambda look: _ORDER.index(look.health))
