"""What is watched of the quests, beside the requests to them."""

import os
import sys
from typing import Any

from django.conf import settings

from obskit import above, below, changed, check, default_registry, job, operation
from obskit.checks.library import command, files, http
from obskit.checks.library.log_folder import PatternCount, Quantile, Share
from obskit.checks.measurement import Measurement
from obskit.objectives import slo
from quests.management.commands.audit_participants import issues
from quests.models import Application, Audit, Participant, Quest

HOUR = float(os.environ.get("QUESTS_HOUR", "3600"))  # seconds: a demonstration has short ones
SLOW = os.environ.get("QUESTS_SLOW", "5s")
ADDRESS = os.environ.get("QUESTS_URL", "http://127.0.0.1:8000")
LINES = settings.OBSKIT["log_folder"]
FIVE_MINUTES, QUARTER, DAILY, WEEKLY = max(HOUR / 12, 1), max(HOUR / 4, 1), "0 6 * * *", "0 7 * * 1"
MANAGE = [sys.executable, str(settings.HERE / "manage.py")]
RUNBOOK = "https://wiki.example.org/quests"
REQUEST, DURATION = '"logger":"obskit.access"', "http.server.request.duration"

# fmt: off
slo(availability=0.995, latency="95% < 2s", owner="quests")
approval = operation("application-approval", max_error_ratio=0.05, slow_after=SLOW, window="1h", owner="quests")
assignment = operation("quest-assignment", max_error_ratio=0.03, window="1h", owner="quests")
report = job("health-report", expect_cron=DAILY, timezone="UTC", late_after="1h", severity="sev3")


def add(name: str, subject: Any, *, group: str, **how: Any) -> None:
    """Declare a check."""
    if "cron" in how:
        how |= {"tags": ["full", *how["tags"]], "timeout": "1m", "timezone": "UTC"}
    default_registry.add(name, subject, owner="quests", group=group, **how)


def lines(name: str, pattern: str, judge: Any = None, *, window: float = HOUR, level: str = "debug", **how: Any) -> None:
    """Declare a check of how often a pattern occurs, in a window that slides."""
    subject = PatternCount(LINES, pattern, window, level)
    add(name, subject, judge=judge, **{"group": "logs", "every": QUARTER, **how})


@check("database", every=FIVE_MINUTES, severity="sev1", readiness=True, owner="quests",
       group="service", runbook=RUNBOOK)
def database() -> None:
    """The database answers, from a table: for SELECT 1 SQLite does not even open its file."""
    Quest.objects.exists()


def integrity() -> Measurement:
    found = list(issues())
    return Measurement(len(found), "{issue}", evidence=found)


def model_counts() -> Measurement:
    counts = {each.__name__: each.objects.count() for each in (Quest, Application, Participant)}
    told = ", ".join(f"{name}: {count}" for name, count in counts.items())
    return Measurement(sum(counts.values()), "{row}", told, counts)


def of_last_audit(field: str) -> Any:
    return lambda: getattr(Audit.objects.order_by("pk").last(), field, None)


PAGED = {"severity": "sev1", "runbook": RUNBOOK}
ASKED = {"tags": ["full", "daily", "monthly"]}  # of /health?full=true and of reviews: they make nothing unhealthy
add("service", http.Endpoint(f"{ADDRESS}/health/quick/"), group="service", every=FIVE_MINUTES, quiet_at_start="10s", **PAGED)
lines("critical-lines", "", level="critical", every=FIVE_MINUTES, **PAGED)
lines("database-errors", r"OperationalError|InterfaceError|DatabaseError|is locked", group="service", every=FIVE_MINUTES)

lines("slow-operations", "operation.slow", above(critical=11), group="performance")
add("error-share", Share(LINES, '"http.response.status_code":5', of=REQUEST, window=HOUR), every=QUARTER, judge=changed("28d", critical=1.5), group="performance", **ASKED)
add("response-time", Quantile(LINES, DURATION, of=REQUEST, window=HOUR), unit="s", every=QUARTER, judge=changed("28d", critical=3.0), group="performance", **ASKED)

add("integrity", integrity, every=HOUR, judge=above(critical=1), group="data", depends_on=["database"], **PAGED)
add("model-counts", model_counts, every=HOUR, group="data", depends_on=["database"])
lines("approvals-failed", "Application approval failed", above(critical=4))
lines("assignments-failed", "Quest assignment failed")
lines("transactions-rolled-back", "Transaction rolled back")
lines("status-reverted", "Reverted application status")
for name, part, whole, limit in (
    ("approval-failures", "approval failed", "Application approv", above(critical=0.05)),
    ("assignment-failures", "assignment failed", "Quest assign", above(critical=0.03)),
    ("transaction-success", "n approved", "n approved|rolled back", below(warning=0.95)),
):
    add(name, Share(LINES, part, of=whole, window=HOUR), every=QUARTER, judge=limit, group="quests")

AUDIT = command.Output([*MANAGE, "audit_participants"], r"(\d+) issues|^ISSUE", (0, 1), "50s")
add("audit", AUDIT, cron=DAILY, judge=above(critical=1), severity="sev3", group="data", tags=["daily"])
for name, field, unit in (("audit-found", "found", "{issue}"), ("audit-resolved", "resolved", "{issue}"), ("consistency", "score", "1")):
    add(name, of_last_audit(field), every=HOUR, group="data", unit=unit, **ASKED)
add("last-audit", of_last_audit("at"), every=HOUR, group="data", warning_after="25h", critical_after="49h", **ASKED)
lines("activity", "/apply/ 201", below(warning=1), window=24 * HOUR, severity="sev3", group="quests", **ASKED)

SECURITY = {"group": "security", "tags": ["security"], "window": 24 * HOUR}
lines("failed-logins", "login.failed", above(warning=10), **SECURITY)
lines("forged-requests", "django.security.csrf", above(warning=1), **SECURITY)
lines("privileged-acts", '"logger":"audit"', above(warning=500), **SECURITY)
WEEK, BOTH = {"cron": WEEKLY, "group": "monitoring"}, ["weekly", "security"]
CHAIN = command.ExitCode([*MANAGE, "obskit", "audit", "verify"], timeout="50s")
add("permissions", files.Permissions(settings.LOGS, pattern="*", recursive=True), tags=BOTH, **WEEK)
add("audit-chain", CHAIN, tags=BOTH, **WEEK)
add("rotation", files.Count(LINES, "*.log-*[!z]"), judge=above(warning=5), tags=["weekly"], **WEEK)
