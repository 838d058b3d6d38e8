"""How a check stands, as the store keeps it, and back."""

from __future__ import annotations

from obskit.checks.model import CheckResult, Status
from obskit.checks.results import Standing
from obskit.clock import Clock
from obskit.declaration import Check
from obskit.state.store import Run, Store


def to_run(check: Check, standing: Standing, lease: int, instance: str, host: str = "") -> Run:
    """What is kept of a decided run.

    Args:
        check: The check.
        standing: How it stands after the run.
        lease: The number of the lease that this process holds for it, or 0.
        instance: The `service.instance.id` of this process.
        host: What this host is called where several share the store.
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
        host=host if check.scope == "host" else "",
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


def latest_here(store: Store, host: str) -> dict[str, Run]:
    """The latest run of each check, of those that each host runs the one of this host.

    Args:
        store: What is kept.
        host: What this host is called where several share the store.

    Raises:
        StoreError: It cannot be read.
    """
    latest = store.latest()
    if not host:
        return latest
    own = {run.check: run for run in store.hosts.latest(0.0, host)}
    return {**own, **{name: run for name, run in latest.items() if not run.host}}
