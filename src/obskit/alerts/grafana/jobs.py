"""The dashboard of jobs: how each stands, when it ran, what came of it."""

from __future__ import annotations

from collections.abc import Iterator

from obskit import names
from obskit.alerts.grafana import panel
from obskit.alerts.grafana.dashboard import SERVICE_CHOICE, dashboard, variable
from obskit.alerts.grafana.query import Json, ask, ask_lines, ask_now, increase, series
from obskit.alerts.promql import by, label, metric

UID = "obskit-jobs"

_JOB = label(names.JOB_NAME)
_STATE = label(names.JOB_STATE)
_OUTCOME = label(names.JOB_OUTCOME)
_COUNTED = label(names.COUNT_NAME)
_LEGEND = f"{{{{{_JOB}}}}}"
_CHOSEN = f'{_JOB}=~"$job"'
# By how bad they are: where two processes judge a job differently, the worse is shown.
_STATES = {
    0: ("never", "gray"),
    1: ("ok", "green"),
    2: ("nothing_to_do", "super-light-green"),
    3: ("running", "blue"),
    4: ("too_long", "orange"),
    5: ("late", "dark-orange"),
    6: ("lost", "purple"),
    7: ("failed", "red"),
}


def board() -> Json:
    """Whether the runs that must happen do."""
    job = variable("job", "Job", f"label_values({series(metric(names.JOB_STATUS))}, {_JOB})")
    return dashboard(
        UID,
        "obskit: jobs",
        "How jobs stand, when each ran, how long it took and what it counted.",
        [*SERVICE_CHOICE[:2], job],
        [*_states(), *_times(), *_runs(), *_lines()],
    )


def _of(named: names.Metric, *matchers: str) -> str:
    return series(metric(named), _CHOSEN, *matchers)


def _newest(named: names.Metric) -> str:
    return f"max by {by(_JOB)} ({_of(named)})"


def _state() -> str:
    # A state is 1 for the one that is, 0 for the others: times its number, the largest is the worst.
    each = " or ".join(
        f"{_in_state(name)} * {number}" for number, (name, _) in _STATES.items() if number
    )
    return f"max by {by(_JOB)} ({each})"


def _in_state(name: str) -> str:
    return _of(names.JOB_STATUS, f'{_STATE}="{name}"')


def _states() -> Iterator[Json]:
    yield panel.row("States")
    yield panel.state_timeline("States", ask(_state(), _LEGEND), _STATES)
    yield panel.table(
        "Each job",
        _JOB,
        [
            ("State", ask_now(_state(), table=True), panel.of_states(_STATES)),
            (
                "Last began",
                ask_now(f"time() - {_newest(names.JOB_LAST_RUN)}", table=True),
                {"unit": "s"},
            ),
            (
                "Last ended well",
                ask_now(f"time() - {_newest(names.JOB_LAST_SUCCESS)}", table=True),
                {"unit": "s"},
            ),
            (
                "Must begin within",
                ask_now(f"{_newest(names.JOB_DEADLINE)} - time()", table=True),
                {"unit": "s"},
            ),
            ("Took", ask_now(_newest(names.JOB_DURATION), table=True), {"unit": "s"}),
        ],
    )


def _times() -> Iterator[Json]:
    yield panel.row("Times")
    yield panel.timeseries(
        "Until the next run must have begun",
        ask(f"{_newest(names.JOB_DEADLINE)} - time()", _LEGEND),
        description="Below 0 it is late.",
        unit="s",
    )
    yield panel.timeseries(
        "Since a run ended well",
        ask(f"time() - {_newest(names.JOB_LAST_SUCCESS)}", _LEGEND),
        unit="s",
    )
    yield panel.timeseries(
        "How long the last run took", ask(_newest(names.JOB_DURATION), _LEGEND), unit="s"
    )


def _runs() -> Iterator[Json]:
    yield panel.row("Runs")
    yield panel.timeseries(
        "Runs by outcome",
        ask(
            f"sum by {by(_JOB, _OUTCOME)} ({increase(_of(names.JOB_RUNS))})",
            f"{_LEGEND} {{{{{_OUTCOME}}}}}",
        ),
    )
    yield panel.timeseries(
        "Done, of the run at hand",
        ask(_newest(names.JOB_PROGRESS), _LEGEND),
        unit="percentunit",
        largest=1,
    )
    yield panel.timeseries(
        "What runs counted",
        ask(
            f"sum by {by(_JOB, _COUNTED)} ({increase(_of(names.JOB_COUNTED))})",
            f"{_LEGEND} {{{{{_COUNTED}}}}}",
        ),
    )


def _lines() -> Iterator[Json]:
    yield panel.row("Lines")
    yield panel.logs(
        "What jobs said",
        ask_lines(
            '{service_name="$service"} | deployment_environment_name=~"$environment"'
            f' | {_JOB}=~"$job"'
        ),
    )
