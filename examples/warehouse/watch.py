"""What is watched of the warehouse, beside the requests to it and the jobs of etl.py."""

from __future__ import annotations

import math
import os
import time
from typing import Any

import etl
import psycopg
from store import TABLES, URL

from obskit import above, below, check, default_registry, job, operation
from obskit.checks.library import cache, container, postgres, sql, system
from obskit.objectives import slo

EVERY = os.environ.get("WAREHOUSE_CHECK_EVERY", "1m")
LONG = os.environ.get("WAREHOUSE_LONG_QUERY", "30s")
IDLE = os.environ.get("WAREHOUSE_IDLE_TRANSACTION", "5m")
DISK = os.environ.get("WAREHOUSE_DISK", "/")
CGROUPS = os.environ.get("WAREHOUSE_CGROUPS", "/sys/fs/cgroup")
RUNBOOKS = "https://wiki.example.org/warehouse"

slo(availability=0.999, latency="95% < 2s", owner="web")
dashboard = operation(
    "dashboard", max_error_ratio=0.05, max_p95="2s", window="10m", min_runs=20, owner="web"
)
daily_report = job(
    "daily-report", expect_cron="0 8 * * *", timezone="Europe/Berlin", owner="data", severity="sev3"
)


class Kept(dict[Any, Any]):
    """Values that are gone after a minute."""

    def get(self, key: Any, default: Any = None) -> Any:
        """Look one up."""
        value, until = super().get(key, (default, math.inf))
        return value if time.monotonic() < until else default

    def set(self, key: Any, value: Any) -> None:
        """Keep one."""
        self[key] = value, time.monotonic() + 60


class Results(cache.CountsLookups, Kept):
    """The rows of dashboards; how often they are there is counted."""


def add(name: str, subject: Any, *, group: str, **how: Any) -> None:
    """Declare a ready-made check."""
    of_database = {"tags": ["daily"]} if group == "database" else {}
    if group in {"database", "etl", "business"}:
        of_database["depends_on"] = ["database"]
    default_registry.add(
        name, subject, **{"every": EVERY, "owner": "data", "group": group, **of_database, **how}
    )


def number(name: str, query: str, unit: str, **how: Any) -> None:
    """Declare a measurement that is a query."""
    add(name, sql.Scalar(URL, query), group=how.pop("group", "database"), unit=unit, **how)


@check("database", every=EVERY, timeout="5s", severity="sev1", readiness=True, owner="data",
       group="database", tags=["daily"], runbook=f"{RUNBOOKS}/database")  # fmt: skip
def database() -> None:
    """PostgreSQL answers."""
    with psycopg.connect(URL, connect_timeout=3) as connection:
        connection.execute("SELECT 1")


# Stale from 25 hours on; what cannot be asked is unknown, and not stale.
number(
    "etl-age",
    "SELECT CASE WHEN count(*) = 3 THEN min(newest) END"
    " FROM (SELECT max(finished_at) AS newest FROM loads GROUP BY source) AS of_each",
    "",
    group="etl",
    tags=["daily"],
    warning_after="24h",
    critical_after="25h",
    unknown_on=(Exception,),
)
add("view-age", postgres.MaterializedViewAge(URL, etl.VIEW), group="database",
    warning_after="24h", critical_after="25h")  # fmt: skip
add(
    "connections", postgres.Connections(URL), group="database", judge=above(warning=80, critical=95)
)
add("long-queries", postgres.LongQueries(URL, LONG), group="database")
add("idle-in-transaction", postgres.IdleInTransaction(URL, IDLE), group="database")
add("table-sizes", postgres.TableSizes(URL), group="database")
for state in ("active", "idle", "idle in transaction"):
    number(
        f"connections-{state.replace(' ', '-')}",
        f"SELECT count(*) FROM pg_stat_activity WHERE state = '{state}'",
        "{connection}",
    )
for table in (*TABLES, etl.VIEW):
    number(f"size-{table.replace('_', '-')}", f"SELECT pg_total_relation_size('{table}')", "By")
number(
    "index-use",
    "SELECT 100.0 * sum(idx_scan) / nullif(sum(idx_scan + seq_scan), 0) FROM pg_stat_user_tables",
    "%",
)

number("users-of-today", "SELECT count(DISTINCT person) FROM views"
       " WHERE viewed_at >= current_date", "{user}", group="business")  # fmt: skip
number("alerts-low-stock", "SELECT count(*) FROM products WHERE stock < 10", "{product}",
       group="business", judge=above(warning=1), severity="sev3")  # fmt: skip
number("alerts-below-cost", "SELECT count(*) FROM products WHERE price < cost", "{product}",
       group="business", judge=above(warning=1))  # fmt: skip

add("cache-hit-rate", cache.HitRate(Results.lookups, least_lookups=20), group="api",
    scope="process", severity="sev3", tags=["full"], judge=below(warning=50))  # fmt: skip
add("cpu", system.Cpu(), group="host", severity="sev3", tags=["full"])
add("memory", system.Memory(), group="host")
add("disk", system.Disk(DISK), group="host", judge=above(warning=85, critical=90))
for name, subject in (("memory", container.Memory(CGROUPS)), ("cpu", container.Cpu(CGROUPS)),
                      ("pids", container.Pids(CGROUPS))):  # fmt: skip
    add(f"container-{name}", subject, group="container", tags=["full"])
