"""What the shop watches. Its checks read files of the working directory, so that others can break them."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from obskit import above, check, default_registry, freshness, job, operation, quota
from obskit.checks.measurement import Measurement

#: Beside this the orders stand that nobody owns, one a line.
ORPHANS = Path("orphans")

payment = operation(
    "payment", max_error_ratio=0.01, max_p95="2s", min_runs=5, severity="sev1", owner="shop"
)
search = operation("search", max_p95="500ms", min_runs=5, owner="shop")
maps = quota("maps-api", limit=100, per="1h", owner="shop")
nightly_import = job("nightly-import", expect_every="24h", max_runtime="1h", owner="data")
report = job("weekly-report", expect_every="7d", owner="office")


@check("database", every="10s", group="database", severity="sev1", owner="data")
def database() -> float:
    """The database answers."""
    return 0.004


@check(
    "orphaned-orders",
    every="1h",
    group="database",
    judge=above(warning=1, critical=5),
    unit="{order}",
    owner="data",
    runbook="https://wiki.example/orphans",
)
def orphaned_orders() -> Measurement:
    """Orders without a customer."""
    orphans = ORPHANS.read_text().splitlines()
    return Measurement(len(orphans), evidence=orphans)


@check("unpaid-orders", every="10s", group="orders", judge=above(warning=10, critical=50))
def unpaid_orders() -> int:
    """Orders that have waited for their payment for more than a day."""
    return 14


@check("patience", every="1h", group="orders", timeout="30s")
def patience() -> bool:
    """Takes longer than anybody waits for."""
    time.sleep(3)
    return True


@freshness(
    "crm-sync", every="10s", group="sync", warning_after="90m", critical_after="3h", owner="data"
)
def crm_sync() -> datetime:
    """When customers were last taken over."""
    return datetime.now(timezone.utc) - timedelta(minutes=100)


_SCORES = {
    ("customers", "completeness"): 0.97,
    ("customers", "validity"): 0.88,
    ("orders", "completeness"): 0.995,
    ("orders", "validity"): 0.61,
}
for (entity, dimension), share in _SCORES.items():
    default_registry.add(
        f"{entity}-{dimension}",
        lambda share=share: share,  # type: ignore[misc]
        every="10s",
        group=entity,
        dimension=dimension,
        score=True,
        owner="data",
    )
for number in range(int(os.environ.get("MORE_CHECKS", "0"))):
    default_registry.add(
        f"check-{number:03}",
        lambda: 3,
        every="1m",
        group=f"group-{number % 8}",
        judge=above(critical=5),
    )
