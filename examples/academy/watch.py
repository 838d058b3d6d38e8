"""What is watched of the academy, beside the requests to it."""

from __future__ import annotations

import os
from typing import Any

import store
from store import URL

import obskit
import obskit.sqlalchemy
from obskit import above, changed, check, default_registry, job, operation
from obskit.checks.library import container, http, pool, postgres, sql, unusual
from obskit.objectives import slo

EVERY = os.environ.get("ACADEMY_CHECK_EVERY", "1m")
WINDOW = os.environ.get("ACADEMY_WINDOW", "5m")
SITE = os.environ.get("ACADEMY_URL", "http://127.0.0.1:8000")
PROVIDER = os.environ.get("ACADEMY_PROVIDER", "http://127.0.0.1:8001")
CGROUPS = os.environ.get("ACADEMY_CGROUPS", "/sys/fs/cgroup")
BACKUPS = os.environ.get("ACADEMY_BACKUPS", "/backups") + "/academy-*.dump"
#: Bytes that the plan of the database allows.
STORAGE = float(os.environ.get("ACADEMY_STORAGE", "10e9"))
PLANS = {"month": (12, 1), "year": (120, 12)}
RUNBOOKS = "https://wiki.example.org/academy"

obskit.init("academy")  # first: then the engine's queries are spans, and its pool is measured
engine = store.open_engine()
obskit.sqlalchemy.observe(engine, slow="1s")

slo(availability=0.999, owner="web", runbook=f"{RUNBOOKS}/errors")
lesson = operation("lesson", max_p95="2s", window=WINDOW, owner="web")
login = operation("login", max_error_ratio=0.1, window=WINDOW, owner="web")
payment = operation("payment", max_error_ratio=0.03, window=WINDOW, min_runs=10, severity="sev1",
                    owner="web", runbook=f"{RUNBOOKS}/payment")  # fmt: skip
job("backup", expect_cron="0 4 * * *", timezone="Europe/Berlin", late_after="1h", owner="web")


@check("database", every=EVERY, timeout="5s", severity="sev1", readiness=True, owner="web",
       group="service", runbook=f"{RUNBOOKS}/database")  # fmt: skip
def database() -> None:
    """PostgreSQL answers."""
    store.ask(engine, "SELECT 1")


# Twice: the first time may be before it is known that the database is down.
@check("authentication", every=EVERY, severity="sev1", depends_on=["database"], owner="web",
       failures_before_alert=2, group="service", runbook=f"{RUNBOOKS}/authentication")  # fmt: skip
def authentication() -> bool:
    """Who has the right password is let in, and nobody with a wrong one."""
    right = store.verify(engine, store.PROBE, store.PASSWORD)
    return right is not None and store.verify(engine, store.PROBE, "wrong") is None


def add(name: str, subject: Any, group: str, **how: Any) -> None:
    """Declare a ready-made check."""
    how = {"every": EVERY, "owner": "web", "group": group, **how}
    if group in {"database", "business", "activity"}:  # the same for all instances
        how = {"depends_on": ["database"], "scope": "fleet", **how}
    default_registry.add(name, subject, **how)


full = above(warning=80, critical=95)
add("frontend", http.Endpoint(SITE, expect_text="<h1>Academy</h1>"), "service")
# Told of where everything is asked for, and no reason to call the academy ill.
provider = http.Endpoint(f"{PROVIDER}/status")
add("payment-provider", provider, "service", severity="sev3", tags=["full"])
add("memory", container.Memory(CGROUPS), "platform", judge=full)
add("cpu", container.Cpu(CGROUPS), "platform", judge=full)
add("pool", pool.Use(engine), "service", severity="sev3")
add("storage", postgres.DatabaseSize(URL), "database", severity="sev1", runbook=f"{RUNBOOKS}/storage",
    judge=above(warning=0.8 * STORAGE, critical=0.95 * STORAGE))  # fmt: skip
restores = postgres.RestoreTest(URL, BACKUPS, "SELECT count(*) FROM users")
add("backup-restores", restores, "database", every="7d", timeout="15m", tags=["full"])

# The sixty minutes that end now, and every such hour before: the hour of the clock would miss a
# burst across it.
HOURS = """
SELECT {who} AS who, floor(extract(epoch FROM now() - at) / 3600)::int AS hours_ago, {what} AS number
FROM activity WHERE at > now() - interval '28 days' GROUP BY 1, 2"""
KINDS = HOURS.format(who="kind", what="count(*)")
USERS = HOURS.format(who="'user ' || user_id", what="count(*)")
ACTIVE = HOURS.format(who="'active users'", what="count(DISTINCT user_id)")
often, seldom = changed("28d", warning=4.0), changed("28d", warning_below=0.5)
add("unusual-activity", unusual.Hours(URL, f"{KINDS} UNION ALL {USERS}", often, 20), "activity")
add("active-users-drop", unusual.Hours(URL, ACTIVE, seldom, 3), "activity")


def number(name: str, query: str, unit: str, **how: Any) -> None:
    """Declare a number of the trade."""
    add(name, sql.Scalar(URL, query), "business", unit=unit, severity="sev3", tags=["daily"], **how)


DAY, MONTH = "> now() - interval '1 day'", "> now() - interval '30 days'"
ACTIVE_USERS = "SELECT count(DISTINCT user_id) FROM activity WHERE at"
number("daily-active-users", f"{ACTIVE_USERS} {DAY}", "{user}")
number("monthly-active-users", f"{ACTIVE_USERS} {MONTH}", "{user}")
number("registrations", f"SELECT count(*) FROM users WHERE registered_at {DAY}", "{user}")
number("completions", f"SELECT count(*) FROM completions WHERE at {DAY}", "{course}")
PAYING = "FROM subscriptions WHERE ended_at IS NULL"
number("active-subscriptions", f"SELECT count(*) {PAYING}", "{subscription}")
number("recurring-revenue", f"SELECT sum(price / months) {PAYING}", "{EUR}")
number("failed-payments", f"SELECT count(*) FROM payments WHERE failed AND at {DAY}", "{payment}")
number("conversion", "SELECT 1.0 * count(user_id) / nullif(count(*), 0) FROM users"
       f" LEFT JOIN subscriptions ON user_id = id WHERE registered_at {MONTH}", "1")  # fmt: skip
number("churn", f"SELECT 1.0 * count(*) FILTER (WHERE ended_at {MONTH}) / nullif(count(*), 0)"
       f" FROM subscriptions WHERE coalesce(ended_at, 'infinity') {MONTH}", "1",
       judge=above(warning=0.1))  # fmt: skip
