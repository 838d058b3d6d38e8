"""Results and declarations as JSON."""

from __future__ import annotations

import json
import math
from typing import Any

from obskit.checks.health import overall_health
from obskit.checks.model import CheckResult
from obskit.cli.check import scores
from obskit.cli.check.round import Found
from obskit.cli.check.table import write
from obskit.cli.state import Silences
from obskit.clock import to_rfc3339
from obskit.declaration import Check
from obskit.state.store import Silence


def write_json(shown: Any) -> None:
    """Write JSON to the output."""
    write([json.dumps(shown, indent=2)])


def round_as_json(found: Found, silences: Silences) -> dict[str, Any]:
    """All that a round came to."""
    shown: dict[str, Any] = {
        "status": overall_health(found),
        "checks": [result_as_json(*each, silences) for each in found],
    }
    scored = scores.as_json(found)
    return shown | ({"scores": scored} if scored else {})


def result_as_json(check: Check, result: CheckResult, silences: Silences) -> dict[str, Any]:
    """All of a result."""
    return {
        "name": check.name,
        "status": result.status.value,
        "message": result.message,
        "value": result.value,
        "unit": result.unit,
        "details": dict(result.details),
        "evidence": list(result.evidence),
        "started": to_rfc3339(result.started),
        "duration_seconds": round(result.duration, 6),
        "severity": check.severity,
        "group": check.group,
        "owner": check.owner,
        "runbook": check.runbook,
        "silence": silence_as_json(silences.get(check.name)),
    }


def silence_as_json(silence: Silence | None) -> dict[str, Any] | None:
    """All of a silence."""
    if silence is None:
        return None
    return {
        "check": silence.check,
        "until": to_rfc3339(silence.until),
        "reason": silence.reason,
        "author": silence.author,
        "begun": to_rfc3339(silence.begun),
    }


def declaration_as_json(check: Check, silences: Silences) -> dict[str, Any]:
    """All of a declaration."""
    return {
        "name": check.name,
        "kind": check.kind,
        "description": check.description,
        "every_seconds": check.every if math.isfinite(check.every) else None,
        "cron": check.cron.expression if check.cron else None,
        "on": check.on,
        "timeout_seconds": check.timeout,
        "severity": check.severity,
        "owner": check.owner,
        "runbook": check.runbook,
        "readiness": check.readiness,
        "scope": check.scope,
        "group": check.group,
        "tags": sorted(check.tags),
        "unit": check.unit,
        "depends_on": list(check.depends_on),
        "declared": str(check.place),
        "silence": silence_as_json(silences.get(check.name)),
    }
