"""A check that begins to fail, as an event of Sentry: one issue for each check."""

from __future__ import annotations

from typing import Any

from obskit import names
from obskit.checks.model import Status
from obskit.checks.results import Standing
from obskit.declaration import Check, Severity

_FAILING = frozenset({Status.WARNING, Status.CRITICAL, Status.UNKNOWN})
_LEVELS: dict[Severity, str] = {"sev1": "fatal", "sev2": "error", "sev3": "warning"}


def event(check: Check, standing: Standing) -> dict[str, Any] | None:
    """The event of a check whose status, damped, has just become one that fails; None of any other.

    Args:
        check: The check.
        standing: How it stands.
    """
    result = standing.result
    if not standing.changed or result.status not in _FAILING:
        return None
    said = f": {result.message}" if result.message else ""
    tags = {
        names.CHECK_NAME: check.name,
        names.CHECK_STATE: result.status.value,
        names.CHECK_SEVERITY: check.severity,
        names.CHECK_OWNER: check.owner,
        "trace_id": result.trace_id,
    }
    extra = {
        "evidence": list(result.evidence),
        "details": dict(result.details),
        "value": result.value,
        "unit": result.unit,
        "runbook": check.runbook,
    }
    return {
        "level": _LEVELS[check.severity],
        "logger": "obskit.check",
        "message": f"{check.name} is {result.status}{said}",
        "fingerprint": ["obskit.check", check.name],
        "tags": {name: tag for name, tag in tags.items() if tag},
        "extra": {name: fact for name, fact in extra.items() if fact not in (None, "", [], {})},
    }
