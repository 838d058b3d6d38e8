"""What comes in from the CRM, and what is computed of it. Cron runs it: `python imports.py events`."""

from __future__ import annotations

import os
import sys
from typing import Any

from store import ask, cache, crm, finished, insert

import obskit
import obskit.audit
from obskit import current_run, job

obskit.init("volunteers")

log = obskit.get_logger("volunteers.imports")
CHICAGO = {"timezone": "America/Chicago", "late_after": "30m", "max_runtime": "30m"}

event_sync = job("event-sync", expect_every="1h", late_after="1h", owner="data")
communications = job("communications-sync", expect_cron="30 2 * * *", owner="data", **CHICAGO)
nightly_import = job("nightly-import", expect_cron="0 3 * * *", owner="data", **CHICAGO)
roster_import = job("roster-import", owner="data")
hour = os.environ.get("VOLUNTEERS_HOUR", "1h")
cache_refresh = job("cache-refresh", expect_every=hour, late_after=hour, owner="web")


def take(source: str, table: str) -> bool:
    """Take what is new in a source. A row that lacks something fails the run; the others are taken."""
    run, rows = current_run(), ask(f"SELECT * FROM {source}", crm)
    whole = [row for row in rows if None not in row.values()]
    known = {row["id"] for row in ask(f"SELECT id FROM {table}")}
    new = [row for row in whole if row["id"] not in known]
    if new:
        insert(table, *new)
    run.progress(len(whole), len(rows))
    run.count(rows=len(new), refused=len(rows) - len(whole))
    if len(whole) < len(rows):
        run.fail(f"{len(rows) - len(whole)} of {len(rows)} {source} lack something")
        return False
    finished(source)
    if not new:
        run.nothing_to_do(f"nothing new among {len(rows)} {source}")
    obskit.audit.record("import.completed", actor="cron", target=source, rows=len(new))
    log.info("Import completed", source=source, rows=len(new))
    return True


def dashboard() -> dict[str, Any]:
    """The numbers of the dashboard."""
    hours = ask("SELECT sum(hours) AS hours FROM participations WHERE status = 'Attended'")
    return {**hours[0], "events": ask("SELECT status, count(*) AS events FROM events GROUP BY 1")}


def refresh() -> None:
    """Compute the dashboard, so that nobody waits for it."""
    cache.set("dashboard", dashboard())
    finished("dashboard")


JOBS = {
    "events": event_sync(lambda: take("events", "events")),
    "communications": communications(lambda: take("communications", "communications")),
    "sessions": nightly_import(lambda: take("sessions", "participations")),
    "roster": roster_import(lambda: take("roster", "students")),
    "dashboard": cache_refresh(refresh),
}

if __name__ == "__main__":
    sys.exit(any(JOBS[name]() is False for name in sys.argv[1:]))
