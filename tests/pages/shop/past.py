"""Yesterday, as the shop's store keeps it: runs of checks and jobs, a silence, deploys."""

from __future__ import annotations

import math
import time
from pathlib import Path

from obskit.state.deploys import Deploy
from obskit.state.opening import open_store
from obskit.state.store import JobRun, Run, Silence, Store

_HOUR = 3_600.0
# Of each check that measures: what it measured about, and from where on it fails.
_MEASURED = {"database": (0.004, 1.0), "orphaned-orders": (2.0, 5.0), "unpaid-orders": (11.0, 50.0)}
_UNITS = {"database": "s", "orphaned-orders": "{order}"}


def lived(folder: Path, more: int = 0) -> str:
    """Make a store that remembers a day, and give its URL.

    Args:
        folder: Where its file is.
        more: How many more checks it remembers.
    """
    url = f"sqlite:///{folder}/state.db"
    store = open_store(url, "shop")
    now = time.time()
    try:
        for name, (usual, critical) in _MEASURED.items():
            _measured(store, name, usual, critical, now, 70)
        for number in range(more):
            _measured(store, f"check-{number:03}", 3.0, 5.0, now, 10)
        _jobs(store, now)
        store.silence(Silence("crm-sync", now + _HOUR, "the CRM moves today", "eve", now))
        for release, ago in (("1.4.2", 30 * _HOUR), ("1.4.3", 5 * _HOUR)):
            store.deploys.mark(Deploy(release, "", now - ago), again=True)
    finally:
        store.close()
    return url


def _measured(
    store: Store, name: str, usual: float, critical: float, now: float, runs: int
) -> None:
    for number in range(runs):
        started = now - 25 * _HOUR + number * 20 * 60
        value = usual * (1 + 0.5 * math.sin(number / 5)) + (critical if number in {31, 32} else 0)
        status = "critical" if value >= critical else "ok"
        store.keep(
            Run(
                check=name,
                status=status,
                damped=status,
                since=now - 24 * _HOUR,
                last_success=None,
                row=1,
                value=round(value, 4),
                unit=_UNITS.get(name, ""),
                message="",
                details={},
                evidence=["order 17 has no customer"] if status == "critical" else [],
                started=started,
                duration=0.012,
            )
        )


def _jobs(store: Store, now: float) -> None:
    store.know_jobs(["nightly-import", "weekly-report"], now - 40 * 24 * _HOUR)
    for day in range(1, 15):
        began = now - day * 24 * _HOUR
        took = 600.0 + 40 * (day % 5)
        store.put_job(
            JobRun(f"import-{day}", "nightly-import", began, "ok", began + took, now + 24 * _HOUR)
        )
    # Heard of later than any test lasts: nobody takes it for lost.
    store.put_job(
        JobRun("now", "nightly-import", now - 60, done=3, total=10, beat=now + 24 * _HOUR)
    )
    began = now - 2 * _HOUR
    store.put_job(
        JobRun(
            "report-1",
            "weekly-report",
            began,
            "failed",
            began + 20,
            message="FileNotFoundError: no such file: report.ods",
            evidence=["report.ods: no such file"],
        )
    )
