"""How a check stands, as the store keeps it, and back."""

from __future__ import annotations

from obskit.checks.model import CheckResult, Status
from obskit.checks.results import Standing
from obskit.clock import Clock
from obskit.declaration import Check
from obskit.state.store import Run


def to_run(check: Check, standing: Standing, lease: int, instance: str) -> Run:
    """What is kept of a decided run.

    Args:
        check: The check.
        standing: How it stands after the run.
        lease: The number of the lease that this process holds for it, or 0.
        instance: The `service.instance.id` of this process.
    """
    result = standing.result
    return Run(
        check=check.name,
        status=standing.raw.value,
        damped=result.status.value,
        since=standing.since,
        last_success=standing.last_success,
        row=result.attempt,
        value=result.value,
        unit=result.unit,
        message=result.message,
        details=dict(result.details),
        evidence=list(result.evidence),
        started=result.started,
        duration=result.duration,
        trace_id=result.trace_id,
        nothing_to_do=result.nothing_to_do,
        lease=lease,
        instance=instance,
        ran=standing.ran.value if standing.ran else "",
        counted=standing.counted.value if standing.counted else "",
    )


def to_standing(run: Run, clock: Clock) -> Standing:
    """How a check stands after a run that is kept, whichever process ran it.

    Args:
        run: The run.
        clock: The time.
    """
    result = CheckResult(
        Status(run.damped),
        run.message,
        run.value,
        run.unit,
        run.details,
        run.evidence,
        run.started,
        run.duration,
        run.trace_id,
        run.row,
        run.nothing_to_do,
        Status(run.status) if run.status != run.damped else None,
    )
    age = max(0.0, clock.now() - result.finished)
    return Standing(
        result,
        run.since,
        run.last_success,
        clock.monotonic() - age,
        ran=Status(run.ran) if run.ran else None,
        counted=Status(run.counted) if run.counted else None,
    )
