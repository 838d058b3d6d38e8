"""What is watched of the pipeline. The only Python of it: the steps are shell scripts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import obskit
from obskit import above, below, default_registry, freshness, job
from obskit.checks.library import files, http, postgres, rotation, sql, system, token

DATA = Path(os.environ.get("PIPELINE_DATA", "data"))
DATABASE = os.environ.get("DATABASE_URL", "postgresql:///pipeline")
SITE = os.environ.get("PIPELINE_SITE", "http://127.0.0.1:8080")
LOGS = os.environ.get("OBSKIT_LOG_FOLDER", str(DATA / "logs"))
RUNBOOKS = "https://wiki.example.org/pipeline"
TABLES = ("customers", "orders", "order_lines", "daily_totals")

obskit.init("pipeline", environment="production")


def declare(name: str, subject: Any, every: str = "5m", **given: Any) -> None:
    """A check of the data team; what asks the database waits for it."""
    asks = isinstance(getattr(subject, "database", getattr(subject, "url", None)), str)
    needs = ["postgresql"] if asks and name not in {"postgresql", "nginx"} else []
    given = {"owner": "data", "runbook": f"{RUNBOOKS}#{name}", "depends_on": needs, **given}
    default_registry.add(name, subject, every=every, **given)


def number(name: str, query: str, **given: Any) -> None:
    """A number that the database is asked for."""
    declare(name, sql.Scalar(DATABASE, query), **given)


# Services, the last sync, rows and disk.
declare("postgresql", sql.Scalar(DATABASE, "SELECT 1"), severity="sev1", group="services")
declare("nginx", http.Endpoint(f"{SITE}/health"), severity="sev1", group="services")
declare("disk", system.Disk(str(DATA)), group="services")
for table in TABLES:
    declare(
        f"rows-{table.replace('_', '-')}", sql.RowCount(DATABASE, table), group="rows", unit="{row}"
    )


@freshness("last-sync", every="5m", critical_after="2h", owner="data", depends_on=["postgresql"])
def last_sync() -> object:
    """When a full sync last ended."""
    return sql.Freshness(DATABASE, "syncs", "finished")().value


# The backlog.
HOUR = "now() - interval '1 hour'"
number(
    "backlog-queued",
    "SELECT count(*) FROM backlog WHERE state = 'queued'",
    judge=above(warning=100, critical=1_000),
    unit="{order}",
    group="backlog",
)
declare(
    "backlog-failed",
    sql.Rows(DATABASE, "SELECT order_id, error FROM backlog WHERE state = 'failed'"),
    unit="{order}",
    group="backlog",
)
number(
    "backlog-success",
    f"SELECT avg((state = 'done')::int) FROM backlog WHERE state <> 'queued' AND finished > {HOUR}",
    judge=below(warning=0.95, critical=0.8),
    unit="1",
    group="backlog",
)
number(
    "backlog-seconds",  # p95
    "SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM finished - queued))"
    f" FROM backlog WHERE finished > {HOUR}",
    judge=above(warning=600, critical=3_600),
    unit="s",
    group="backlog",
)

# The provider's API. The minute has room for two calls: three are one too many.
CALLS = "SELECT count(*) FROM api_calls WHERE at > now() - interval"
number(
    "api-calls-minute", f"{CALLS} '1 minute'", every="1m", judge=above(critical=3), unit="{call}"
)
number("api-calls-hour", f"{CALLS} '1 hour'", judge=above(warning=96, critical=120), unit="{call}")
for status in (401, 429):
    number(
        f"api-{status}",
        f"{CALLS} '1 hour' AND status = {status}",
        every="1m",
        judge=above(critical=1),
        unit="{call}",
        severity="sev1" if status == 401 else "sev2",
    )


def refresh() -> None:
    """Ask the provider for a new token, as cron does."""
    step = Path(__file__).parent / "steps" / "token-refresh"
    subprocess.run([step], check=True, capture_output=True, timeout=20)


declare(
    "token",
    token.TimeToLive((DATA / "token").read_text, refresh=refresh, refresh_below="1h"),
    severity="sev1",
    timeout="30s",
)

# The data: each of these is 0. Bulk loads go past the database's own constraints.
declare("foreign-keys", sql.Orphans(DATABASE, "order_lines", "order_id", "orders"), group="data")
declare("null-keys", sql.NullKeys(DATABASE, "orders", ["customer_id"]), group="data")
declare("duplicates", sql.Duplicates(DATABASE, "customers", ["email"]), group="data")
declare(
    "orphans",
    sql.Rows(
        DATABASE,
        "SELECT id FROM orders o"
        " WHERE NOT EXISTS (SELECT FROM order_lines l WHERE l.order_id = o.id)",
    ),
    group="data",
)
declare(
    "empty-answers",
    sql.Rows(DATABASE, "SELECT id, order_id FROM backlog WHERE btrim(answer) = ''"),
    group="data",
)

# How long a full sync takes, and how large the database has become.
number(
    "full-sync-seconds",
    "SELECT extract(epoch FROM coalesce(finished, now()) - started) FROM syncs ORDER BY id DESC LIMIT 1",
    judge=above(warning=240, critical=600),
    unit="s",
)
declare("database-size", postgres.DatabaseSize(DATABASE), judge=above(critical=10e9), unit="By")

# Log files, and what is exported.
declare("logs-rotated", rotation.Rotation(LOGS, most_bytes=105e6, keep="31d"), group="logs")
declare("logs-total", files.FolderSize(LOGS), judge=above(critical=1e9), unit="By", group="logs")


@freshness("metrics-file", every="5m", critical_after="15m", owner="data")
def metrics_file() -> object:
    """When the metrics were last written for those who fetch them."""
    return files.Age(DATA / "metrics_latest.json")().value


# What cron begins, as the file crontab says. Each run says itself that it was there.
def expect(name: str, **when: Any) -> None:
    """A job of the data team."""
    job(name, owner="data", runbook=f"{RUNBOOKS}#{name}", **when)


EVERY = os.environ.get("PIPELINE_BACKLOG_EVERY", "5m")
expect("token-refresh", expect_cron="*/30 * * * *", timezone="UTC")
expect("full-sync", expect_cron="0 * * * *", timezone="UTC", max_runtime="10m")
expect("backlog-worker", expect_every=EVERY, late_after=EVERY)
expect("nightly-tables", expect_cron="0 3 * * *", timezone="UTC", late_after="30m")
expect("checks", expect_every="5m", late_after="10m")
