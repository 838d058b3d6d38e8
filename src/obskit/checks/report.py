"""Results as telemetry: metrics that are observed, and a log record for each result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from opentelemetry.metrics import Meter, Observation

from obskit import names
from obskit.checks.model import Status
from obskit.checks.results import Results, Standing
from obskit.declaration import Check
from obskit.registry import Registry
from obskit.telemetry import loggers
from obskit.telemetry.instruments import observe

LOGGER = "obskit.check"

# A pass each minute is no news; a change is. What is skipped is told by what it depends on.
_LEVELS = {Status.WARNING: 30, Status.CRITICAL: 40, Status.UNKNOWN: 40}


#: The registries that are watched, each with its results and with what this process runs of it.
Watched = Callable[[], Iterable[tuple[Registry, Results, Callable[[Check], bool]]]]


def register_instruments(meter: Meter, watched: Watched) -> None:
    """Observe checks at each collection. Called once for each meter.

    Args:
        meter: What makes the instruments.
        watched: Gives the registries and their results at that moment.
    """

    # Of a check that another process runs, that one tells.
    def held() -> Iterator[tuple[Check, Results]]:
        for registry, results, holds in watched():
            for check in registry.checks.values():
                if holds(check):
                    yield check, results

    def of_each(read: Callable[[Standing], float | None]) -> Iterator[Observation]:
        for check, results in held():
            standing = results.standing(check.name)
            value = read(standing) if standing else None
            if value is not None:
                yield Observation(value, {names.CHECK_NAME: check.name})

    def states() -> Iterator[Observation]:
        for check, results in held():
            now = results.current(check)
            if now is None:
                continue
            for status in Status:
                attributes = {names.CHECK_NAME: check.name, names.CHECK_STATE: status.value}
                yield Observation(int(status is now.status), attributes)

    def declared() -> Iterator[Observation]:
        for check, _ in held():
            yield Observation(1, {names.CHECK_NAME: check.name})

    observe(meter, names.CHECK_STATUS, states)
    observe(meter, names.CHECK_LAST_RUN, lambda: of_each(lambda s: s.result.finished))
    observe(meter, names.CHECK_LAST_SUCCESS, lambda: of_each(lambda s: s.last_success))
    observe(meter, names.CHECK_VALUE, lambda: of_each(lambda s: s.result.value))
    observe(meter, names.CHECK_DURATION, lambda: of_each(lambda s: s.result.duration))
    observe(meter, names.CHECK_INFO, declared)


def log_result(check: Check, standing: Standing, *, passes: bool = False) -> None:
    """Tell of a result in a log record.

    A failure is told each time, a pass or a skip when it begins; those that follow are of level DEBUG.

    Args:
        check: The check.
        standing: How it stands.
        passes: Whether those that follow are told like the first.
    """
    result = standing.result
    level = _LEVELS.get(standing.raw, 20 if standing.changed or passes else 10)
    if not loggers.Named(LOGGER).enabled(level):
        return
    fields: dict[str, Any] = {
        names.CHECK_NAME: check.name,
        names.CHECK_STATE: standing.raw.value,
        names.CHECK_RESULT_DURATION: round(result.duration, 6),
        names.CHECK_SEVERITY: check.severity,
    }
    optional = [
        (names.CHECK_RESULT_MESSAGE, result.message),
        (names.CHECK_RESULT_VALUE, result.value),
        (names.CHECK_RESULT_UNIT, result.unit),
        (names.CHECK_OWNER, check.owner),
        (names.CHECK_RUNBOOK, check.runbook),
        (names.CHECK_RESULT_DETAILS, dict(result.details)),
        (names.CHECK_RESULT_EVIDENCE, list(result.evidence)),
    ]
    fields.update((name, value) for name, value in optional if value not in (None, "", {}, []))
    said = f": {result.message}" if result.message else ""
    event = f"{check.name} is {standing.raw}{said}"
    loggers.active().emit(LOGGER, level, event, fields, event_name=names.EVENT_CHECK)


def log_failure(error: BaseException) -> None:
    """Tell that the schedule itself failed. It goes on.

    Args:
        error: Why.
    """
    loggers.active().emit(LOGGER, 40, "the schedule of checks failed; it goes on", {}, error)
