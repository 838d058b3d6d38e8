"""What is watched, beside the requests and the jobs."""

from __future__ import annotations

import os
from datetime import datetime
from functools import partial
from typing import Any

from flask import Flask
from imports import cache_refresh, event_sync, nightly_import
from store import DATA, FILE, LOGS, Cache, ask, cache, engine

from obskit import CheckResult, Issue, above, below, default_registry
from obskit.checks.library import cache as caches
from obskit.checks.library import http, log_folder, sql, sqlite
from obskit.checks.measurement import Measurement
from obskit.objectives import slo
from obskit.operations.history import Completion, MeanDuration, SuccessRate
from obskit.operations.operation import DeclaredOperation

SITE = os.environ.get("VOLUNTEERS_URL", "http://127.0.0.1:8000")
EVERY = os.environ.get("VOLUNTEERS_CHECK_EVERY", "5m")
GROWTH_OVER = os.environ.get("VOLUNTEERS_GROWTH_OVER", "7d")
WINDOW = os.environ.get("VOLUNTEERS_WINDOW", "1h")
IN_TIME = above(critical=float(os.environ.get("VOLUNTEERS_REFRESH_IN", "300")))
WIKI = "https://wiki.example.org/volunteers"
SWITCHES = ("EMAIL_DELIVERY", "EMAIL_ALLOW_LIST")
FRESH = {"events": "2h", "communications": "24h", "dashboard": "2h", "sessions": "24h",
         "roster": "14d"}  # fmt: skip

slo(availability=0.995, latency="95% < 2s", owner="web")


def add(name: str, subject: Any, group: str, *tags: str, **how: Any) -> None:
    """Declare a check, by default at the usual time and of the data team."""
    when = {} if how.keys() & {"on", "cron"} else {"every": EVERY}
    page = {"runbook": f"{WIKI}/{name}"} if how.get("severity") == "sev1" else {}
    given = {"owner": "data", "group": group, "tags": tags, **when, **page, **how}
    default_registry.add(name, subject, **given)


def foreign_rows(app: Flask) -> CheckResult:
    """No teacher is shown another's students, in what the app really answers."""
    shown = []
    for teacher in ask("SELECT id FROM teachers"):
        client = app.test_client()
        with client.session_transaction() as session:
            session["teacher"] = teacher["id"]
        shown += [
            f"teacher {teacher['id']} sees student {row['id']} of teacher {row['teacher_id']}"
            for row in client.get("/students").get_json()
            if row["teacher_id"] != teacher["id"]
        ]
    if shown:
        return CheckResult.critical(f"{len(shown)} rows are shown to others", evidence=shown)
    return CheckResult.ok()


def statuses() -> Measurement:
    """The share of the commonest status of participations, and how often each is there."""
    found = ask("SELECT status, count(*) AS times FROM participations GROUP BY 1 ORDER BY 2 DESC")
    counts = {str(row["status"]): row["times"] for row in found}
    share = 100 * max(counts.values(), default=0) / max(1, sum(counts.values()))
    return Measurement(round(share, 1), "%", details=counts)


def synced(source: str) -> datetime | None:
    """When a source was last read whole."""
    at = ask("SELECT max(finished_at) AS at FROM syncs WHERE source = :source", source=source)
    return datetime.fromisoformat(at[0]["at"]) if at[0]["at"] else None


def switched(switch: str) -> CheckResult:
    """Whether something of mail is switched on, with the page where that is done."""
    made = CheckResult.ok if os.environ.get(switch, "on") == "on" else CheckResult.warning
    return made(os.environ.get(switch, "on"), details={"page": f"{SITE}/admin/email/settings"})


def mails(page: str, where: str) -> Measurement:
    """How many mails there are, with the page that shows them."""
    count = ask(f"SELECT count(*) AS mails FROM emails WHERE state = '{page}' {where}")[0]["mails"]
    return Measurement(count, "{mail}", details={"page": f"{SITE}/admin/email/{page}"})


def data_issues() -> list[Issue]:
    """What is not right, row by row."""
    found = ask("SELECT * FROM issues")
    return [Issue(row["level"], row["subject"], row["dimension"]) for row in found]


def watch_app(app: Flask, dashboard: DeclaredOperation) -> None:
    """What needs the app: no teacher is shown another's students, nor asks for them."""
    sev1: dict[str, Any] = {"severity": "sev1", "owner": "web"}
    add("foreign-rows", partial(foreign_rows, app), "privacy", "now", "daily", **sev1)
    denied = log_folder.PatternCount(LOGS, '"access.denied"', window=WINDOW)
    add("access-denied", denied, "privacy", "now", "daily", unit="{request}", **sev1)
    add("app", http.Endpoint(f"{SITE}/livez"), "health", "now", "daily", **sev1)
    add("database", sql.Scalar(engine, "SELECT 1 FROM teachers"), "health", "now", "daily", **sev1)
    add("cache", caches.RoundTrip(cache), "health", "now", "daily", owner="web")
    # The lookups and requests of the process that serves: it alone can tell of them.
    hits = caches.HitRate(Cache.lookups, least_lookups=10)
    add("cache-hit-rate", hits, "cache", judge=below(critical=90), scope="process")
    add("dashboard-errors", dashboard.health, "cache", scope="process")


# How the cache is refreshed.
add("cache-refresh", cache_refresh.health, "cache", "daily")
add("cache-success", SuccessRate(cache_refresh), "cache", "daily", judge=below(critical=95))
add("cache-duration", MeanDuration(cache_refresh), "cache", "daily", judge=IN_TIME)

# Six questions to the data after each import, and how imports go.
AFTER: dict[str, Any] = {"on": "job:nightly-import"}
for view in ("completed-yet-scheduled", "attended-without-hours", "events-without-participation"):
    wrong = sql.Rows(engine, f"SELECT * FROM {view.replace('-', '_')}")
    add(view, wrong, "import", "import", "weekly", unit="{row}", **AFTER)
WITHIN = "datetime({}) > datetime('now', '-30 days')"
LAST = "(SELECT * FROM participations ORDER BY recorded_at DESC LIMIT 100)"
recent = sql.Scalar(engine, f"SELECT sum({WITHIN.format('recorded_at')}) FROM {LAST}")
add("recent-activity", recent, "import", "import", judge=below(warning=10), **AFTER)
add("statuses", statuses, "import", "import", judge=above(warning=98), **AFTER)
completed = f"SELECT count(*) FROM events WHERE status = 'Completed' AND {WITHIN.format('ends_at')}"
completions = sql.Scalar(engine, completed)
add("recently-completed", completions, "import", "import", judge=below(warning=0), **AFTER)
add("nightly-import", nightly_import.health, "import", "import", "daily", "weekly")
add("import-completion", Completion(nightly_import), "import", "import", "weekly")
add("event-sync", event_sync.health, "import", "daily")
for source, late in FRESH.items():
    sync = partial(synced, source)
    add(f"{source}-freshness", sync, "freshness", "hourly", "weekly", critical_after=late)

# Whether mail is sent, to whom, and what becomes of it.
TODAY = "AND datetime(changed_at) > datetime('now', '-1 day')"
for switch in SWITCHES:
    add(switch.lower().replace("_", "-"), partial(switched, switch), "email", "daily")
add("email-queue", partial(mails, "queued", ""), "email", "daily", judge=above(warning=50))
add("email-failures", partial(mails, "failed", TODAY), "email", "daily", judge=above(warning=1))

# A score for each entity and dimension, and every issue.
for entity in ("volunteers", "organizations", "events", "students", "teachers"):
    for dimension in ("business-rules", "completeness", "types", "relationships"):
        of = f"FROM quality WHERE entity = '{entity}' AND dimension = '{dimension}'"
        share, placed = sql.Scalar(engine, f"SELECT avg(is_right) {of}"), {"dimension": dimension}
        add(f"{entity}-{dimension}", share, entity, "quality", "weekly", score=True, **placed)
add("data-issues", data_issues, "quality", "quality", "weekly", severity="sev1")

# The database as a file, and its slow queries.
CHICAGO = {"timezone": "America/Chicago", "timeout": "2m"}
WEEKLY, MONTHLY = {"cron": "0 4 * * 0", **CHICAGO}, {"cron": "0 4 1 * *", **CHICAGO}
growth = sqlite.Growth(FILE, DATA / "growth.json", over=GROWTH_OVER)
slow = log_folder.PatternCount(LOGS, '"db.query.slow"', window=WINDOW)
add("integrity", sqlite.Integrity(FILE), "sqlite", "weekly", **WEEKLY)
add("size", sqlite.Size(FILE), "sqlite", "daily", "weekly", judge=above(warning=500e6))
add("growth", growth, "sqlite", "weekly", judge=above(warning=50e6))
add("vacuum", sqlite.FreePages(FILE), "sqlite", "weekly", **MONTHLY)
add("slow-queries", slow, "sqlite", "daily", "weekly", judge=above(warning=1))
