"""The dashboard of checks: states, values against their limits, and when each was last decided."""

from __future__ import annotations

from collections.abc import Iterator

from obskit import names
from obskit.alerts.checks import CHECK, LIMIT, STATE
from obskit.alerts.grafana import panel
from obskit.alerts.grafana.dashboard import SERVICE_CHOICE, dashboard, variable
from obskit.alerts.grafana.query import (
    CHOSEN_INSTANCE,
    Json,
    ask,
    ask_lines,
    ask_now,
    series,
)
from obskit.alerts.limits import CHECK_VALUE_LIMIT
from obskit.alerts.promql import by, label, metric

UID = "obskit-checks"

# By how bad they are: of a check that several processes decide the worst is shown.
_STATES = {
    0: ("ok", "green"),
    1: ("skipped", "blue"),
    2: ("warning", "orange"),
    3: ("unknown", "purple"),
    4: ("critical", "red"),
}
_LEGEND = f"{{{{{CHECK}}}}}"
_CHOSEN = f'{CHECK}=~"$check"'


def board() -> Json:
    """How the checks of a service stand, and stood."""
    info, value = metric(names.CHECK_INFO), metric(names.CHECK_VALUE)
    check = variable("check", "Check", f"label_values({series(info)}, {CHECK})")
    # Only of those that measure something.
    found = f"label_values({series(value, _CHOSEN)}, {CHECK})"
    measured = variable("measured", "Measured", found, repeats=True)
    return dashboard(
        UID,
        "obskit: checks",
        "The states of checks, what they measured, and when each was last decided.",
        [*SERVICE_CHOICE, check, measured],
        [*_now(), *_states(), *_silence(), *_values(), *_lines()],
    )


def _of(named: names.Metric, *matchers: str) -> str:
    return series(metric(named), CHOSEN_INSTANCE, _CHOSEN, *matchers)


def _state() -> str:
    # A state is 1 for the one that is, 0 for the others: times its number, the largest is the worst.
    each = " or ".join(
        f"{_in_state(name)} * {number}" for number, (name, _) in _STATES.items() if number
    )
    return f"max by {by(CHECK)} ({each})"


def _in_state(name: str) -> str:
    return _of(names.CHECK_STATUS, f'{STATE}="{name}"')


def _age(named: names.Metric) -> str:
    return f"time() - max by {by(CHECK)} ({_of(named)})"


def _now() -> Iterator[Json]:
    yield panel.row("Now")
    for name, color in _STATES.values():
        # A state that no check is in is no series, and still a number.
        found = f"count(max by {by(CHECK)} ({_in_state(name)}) == 1) or vector(0)"
        yield panel.stat(
            name.capitalize(),
            ask_now(found),
            description=f"How many checks are {name}, in one process at least.",
            steps=((None, "gray"), (1, color)),
        )


def _states() -> Iterator[Json]:
    yield panel.state_timeline(
        "States",
        ask(_state(), _LEGEND),
        _STATES,
        description="Of a check that runs in several processes, the worst.",
    )
    yield panel.table(
        "Each check",
        CHECK,
        [
            ("State", ask_now(_state(), table=True), panel.of_states(_STATES)),
            ("Last decided", ask_now(_age(names.CHECK_LAST_RUN), table=True), {"unit": "s"}),
            ("Last ok", ask_now(_age(names.CHECK_LAST_SUCCESS), table=True), {"unit": "s"}),
            (
                "Took",
                ask_now(f"max by {by(CHECK)} ({_of(names.CHECK_DURATION)})", table=True),
                {"unit": "s"},
            ),
        ],
        description="How long ago each was decided, and was ok.",
    )


def _silence() -> Iterator[Json]:
    yield panel.row("Freshness")
    yield panel.timeseries(
        "Since it was last decided",
        ask(_age(names.CHECK_LAST_RUN), _LEGEND),
        description="A check that climbs without falling says nothing any more.",
        unit="s",
        width=12,
    )
    silent = series(LIMIT, _CHOSEN)
    yield panel.timeseries(
        "Silence, as a share of what is allowed",
        ask(
            f"({_age(names.CHECK_LAST_RUN)}) / on {by(CHECK)} max by {by(CHECK)} ({silent})",
            _LEGEND,
        ),
        description="From 1 on an alert fires. The limits come with the rules of alerts.",
        unit="percentunit",
        width=12,
    )


def _values() -> Iterator[Json]:
    of_one = f'{CHECK}="$measured"'
    value = series(metric(names.CHECK_VALUE), CHOSEN_INSTANCE, of_one)
    limit = series(CHECK_VALUE_LIMIT, of_one)
    yield panel.row("Values against their limits")
    yield panel.repeated(
        panel.timeseries(
            "$measured",
            ask(f"max by {by(CHECK)} ({value})", "value"),
            ask(f"max by {by(STATE, 'bound')} ({limit})", f"{{{{{STATE}}}}} ({{{{bound}}}})"),
            description="The limits come with the rules of alerts.",
        ),
        "measured",
    )


def _lines() -> Iterator[Json]:
    yield panel.row("Lines")
    name = label(names.CHECK_NAME)
    yield panel.logs(
        "What checks said",
        ask_lines(
            '{service_name="$service"} | deployment_environment_name=~"$environment"'
            f' | {name}=~"$check"'
        ),
        description="Its trace id leads to what a check did.",
    )
