"""What probes are told. A probe never runs a check: it reads the latest results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from obskit.checks.model import CheckResult, Status
from obskit.checks.results import Results
from obskit.declaration import Check
from obskit.registry import Registry

#: A status of HTTP and a body for JSON.
Answer = tuple[int, dict[str, Any]]

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
    found = {check.name: results.current(check) for check in wanted}
    ready = all(result is not None and not result.status.is_down for result in found.values())
    body = {"status": "ready" if ready else "not_ready", "checks": _shown(found, results)}
    return (_OK if ready else _UNAVAILABLE), body


def health(registry: Registry, results: Results) -> Answer:
    """How the service is: healthy, degraded or unhealthy; 503 when it is unhealthy.

    Says the status of each check and how old it is, and no message: whoever asks may be a stranger.

    Args:
        registry: The checks.
        results: Their results.
    """
    checks = registry.checks
    found = {check.name: results.current(check) for check in checks.values()}
    overall = overall_health([(checks[name], result) for name, result in found.items()])
    body = {"status": overall, "checks": _shown(found, results)}
    return (_UNAVAILABLE if overall == "unhealthy" else _OK), body


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


def _shown(found: dict[str, CheckResult | None], results: Results) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, result in found.items():
        if result is None:
            shown[name] = {"status": "not_run"}
        else:
            shown[name] = {
                "status": result.status.value,
                "age_seconds": round(results.age(name) or 0.0, 1),
            }
    return shown
