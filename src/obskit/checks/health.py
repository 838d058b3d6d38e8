"""What probes are told. A probe never runs a check: it reads the latest results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from obskit.checks import score
from obskit.checks.judge import limits_of
from obskit.checks.model import CheckResult, Status
from obskit.checks.results import Results
from obskit.clock import to_rfc3339
from obskit.declaration import Check
from obskit.registry import Registry

#: A status of HTTP and a body for JSON.
Answer = tuple[int, dict[str, Any]]

#: The tag of checks that health tells of when it is asked for everything; they make nothing unhealthy.
ON_DEMAND = "full"

_OK, _UNAVAILABLE = 200, 503


def livez() -> Answer:
    """The process answers; nothing else counts, so that no dependency restarts it.

    >>> livez()
    (200, {'status': 'alive'})
    """
    return _OK, {"status": "alive"}


def readyz(registry: Registry, results: Results) -> Answer:
    """Whether this process should be sent work: every readiness check has run and is up.

    A warning is still ready.

    Args:
        registry: The checks.
        results: Their results.
    """
    wanted = [check for check in registry.checks.values() if check.readiness]
    found = [(check, results.current(check)) for check in wanted]
    ready = all(result is not None and not result.status.is_down for _, result in found)
    body = {"status": "ready" if ready else "not_ready", "checks": _shown(found, results)}
    return (_OK if ready else _UNAVAILABLE), body


def health(
    registry: Registry,
    results: Results,
    *,
    wanted: Callable[[Check], bool] = lambda check: ON_DEMAND not in check.tags,
    degraded: int = _OK,
) -> Answer:
    """How the service is: healthy, degraded or unhealthy; 503 when it is unhealthy.

    Args:
        registry: The checks.
        results: Their results.
        wanted: Which checks it tells of.
        degraded: The status of HTTP of a service that is degraded.
    """
    found = [(check, results.current(check)) for check in registry.checks.values() if wanted(check)]
    overall = overall_health([pair for pair in found if ON_DEMAND not in pair[0].tags])
    body: dict[str, Any] = {"status": overall, "checks": _shown(found, results)}
    scores = score.overall(found)
    if scores:
        body["scores"] = {group or "overall": round(share, 4) for group, share in scores.items()}
    codes = {"healthy": _OK, "degraded": degraded, "unhealthy": _UNAVAILABLE}
    return codes[overall], body


def overall_health(found: Sequence[tuple[Check, CheckResult | None]]) -> str:
    """The state of a whole from the states of its checks.

    Unhealthy: a check of sev1 or sev2 is critical. Degraded: a check warns, is unknown, has not run
    yet, or is of sev3 and critical. What was skipped is told by what it depends on.

    Args:
        found: Each check with its result, None before its first run.

    >>> overall_health([])
    'healthy'
    """
    known = [(check, result) for check, result in found if result is not None]
    critical = {check.severity for check, result in known if result.status is Status.CRITICAL}
    if critical & {"sev1", "sev2"}:
        return "unhealthy"
    lesser = {Status.WARNING, Status.UNKNOWN}
    if critical or len(known) < len(found) or any(result.status in lesser for _, result in known):
        return "degraded"
    return "healthy"


def _shown(
    found: Sequence[tuple[Check, CheckResult | None]], results: Results
) -> dict[str, dict[str, Any]]:
    shown: dict[str, dict[str, Any]] = {}
    for check, result in found:
        if result is None:
            shown[check.name] = {"status": "not_run"}
            continue
        standing = results.standing(check.name)
        facts = {
            "status": result.status.value,
            "raw_status": result.raw.value if result.raw else None,
            "age_seconds": round(results.age(check.name) or 0.0, 1),
            "response_time_seconds": round(standing.result.duration, 6) if standing else None,
            "since": to_rfc3339(standing.since) if standing else None,
            "message": result.message,
            "value": result.value,
            "unit": result.unit,
            "limits": [limit._asdict() for limit in limits_of(check.judge)] or None,
            "nothing_to_do": result.nothing_to_do or None,
            "severity": check.severity,
            "group": check.group,
            "owner": check.owner,
            "runbook": check.runbook,
        }
        shown[check.name] = {name: fact for name, fact in facts.items() if fact not in (None, "")}
    return shown
