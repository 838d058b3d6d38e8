"""What the tests of the status page are given: a service with something of everything, and a browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from obskit.checks.results import Results
from obskit.checks.runner import Runner
from obskit.config import Config
from obskit.console import Viewer
from obskit.console.service import Service
from obskit.declaration import Limit
from obskit.operations.lateness import Standing
from obskit.overview.model import (
    CheckView,
    ErrorView,
    HostView,
    JobView,
    OperationView,
    Overview,
    ProcessView,
    QuotaView,
)
from obskit.registry import Registry
from obskit.state.deploys import Deploy
from obskit.state.memory import MemoryStore
from obskit.state.store import JobRun, Run, Silence, Store
from obskit.stories.signals import Error, Frame, Line, Raised, Span
from obskit.stories.story import Story

#: 2026-01-01 00:00:00 UTC.
NOW = 1_767_225_600.0
TRACE = "af8b0288828c5d287a1e4c266537eef5"
ANN = Viewer("ann", may_act=True)
BOB = Viewer("bob")


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time


def run(check: str = "rows", ago: float = 60.0, **given: Any) -> Run:
    """A kept run of a check, ok but for what is given."""
    status = given.get("status", "ok")
    usual: dict[str, Any] = {
        "status": status,
        "damped": status,
        "since": NOW - 3_600,
        "last_success": None,
        "row": 1,
        "value": None,
        "unit": "",
        "message": "",
        "details": {},
        "evidence": [],
        "duration": 0.012,
    }
    return Run(check=check, started=NOW - ago, **(usual | given))


def rows() -> CheckView:
    """A check that measures, and is critical."""
    history = [
        run(ago=60.0 * (20 - n), value=float(n), status="ok" if n < 15 else "critical")
        for n in range(20)
    ]
    latest = run(
        value=19.0,
        unit="{row}",
        status="critical",
        message="19 rows are orphaned",
        evidence=["row 7", {"row": 8}],
        details={"table": "orders"},
        trace_id=TRACE,
    )
    return CheckView(
        "rows",
        "critical",
        latest,
        [*history, latest],
        owner="data",
        runbook="https://wiki.example/rows",
        description="Orphaned rows.",
        group="database",
        schedule="every 1m",
        next_run=NOW + 60,
        limits=[Limit("warning", "upper", 10.0), Limit("critical", "upper", 15.0)],
        unit="{row}",
    )


def crm() -> CheckView:
    """A freshness that warns."""
    latest = run("crm", value=5_400.0, unit="s", status="warning", message="1h30m old")
    return CheckView(
        "crm",
        "warning",
        latest,
        [latest],
        group="sync",
        schedule="every 5m",
        warning_at=NOW - 60,
        critical_at=NOW + 1_740,
        unit="s",
        silence=Silence("crm", NOW + 3_600, "we move it", "eve", NOW - 60),
    )


def scored() -> CheckView:
    """A score."""
    latest = run("names-complete", value=0.9, unit="1")
    return CheckView(
        "names-complete",
        "ok",
        latest,
        [latest],
        group="participants",
        dimension="completeness",
        is_score=True,
        score="Good",
        unit="1",
    )


def job() -> JobView:
    """A job that goes on, and whose runs are known."""
    last = JobRun("b", "import", NOW - 30, done=3, total=10, beat=NOW)
    ended = JobRun(
        "a",
        "import",
        NOW - 7_200,
        "failed",
        NOW - 7_100,
        message="the file is not there",
        evidence=["no such file"],
        counts={"rows": 7},
        trace_id=TRACE,
    )
    earlier = JobRun("0", "import", NOW - 90_000, "ok", NOW - 89_000)
    stands = Standing(
        "failed", "failed: the file is not there, 1h58m ago", NOW + 3_600, last, ended, NOW - 89_000
    )
    return JobView(
        "import",
        stands,
        [earlier, ended, last],
        [1_000.0, 100.0],
        "sev1",
        "data",
        "https://wiki.example/import",
        "The nightly import.",
        600.0,
    )


def operation() -> OperationView:
    """An operation that fails too often."""
    return OperationView(
        "payment",
        100,
        30,
        1.5,
        max_error_ratio=0.01,
        max_p95=2.0,
        reasons={"declined": 30},
        owner="shop",
        runbook="https://wiki.example/pay",
        description="Somebody pays.",
    )


def error() -> ErrorView:
    """An error of late."""
    return ErrorView(NOW - 9, "KeyError", "'sku'", "/orders", "r-1", TRACE, "e" * 32)


def overview() -> Overview:
    """Something of everything."""
    return Overview(
        "shop",
        "live",
        NOW,
        "unhealthy",
        checks=[rows(), crm(), scored()],
        jobs=[job()],
        operations=[operation()],
        quotas=[QuotaView("mails", 100, 90, 3_600.0, 720.0, owner="shop", runbook="mail.md")],
        scores={"participants": 0.9, "": 0.9},
        errors=[error()],
        processes=[
            ProcessView(
                7,
                "i-1",
                NOW - 90,
                NOW - 2,
                "1.4.3",
                {"logs": {"accepted": 9, "dropped": {"queue_full": 1}}},
                {"traces": {"endpoint": "http://collector:4318", "reached": True}},
            )
        ],
        hosts=[HostView("web-1", "warning", NOW - 2, 3, 1, 1)],
        silences=[Silence("crm", NOW + 3_600, "we move it", "eve", NOW - 60)],
        deploys=[Deploy("1.4.3", "live", NOW - 90)],
        problems=["the store of jobs cannot be read"],
    )


def story() -> Story:
    """A request that failed."""
    frame = Frame("shop.py", 7, "charge", "1 / 0", True, {"basket": "[]"})
    raised = Raised("ZeroDivisionError", "division by zero", (frame,))
    cause = Raised("KeyError", "'sku'", (), "Traceback\n  File x")
    asked = {"http.request.method": "POST", "url.path": "/orders"}
    top = Span(TRACE, "a" * 16, "", "POST /orders", "server", NOW, NOW + 0.2, "shop")
    top = replace(top, failed=True, status_message="division by zero", attributes=asked)
    query = Span(TRACE, "b" * 16, "a" * 16, "SELECT", "client", NOW + 0.05, NOW + 0.1, "shop")
    spans = (top, replace(query, attributes={"db.query.text": "SELECT 1"}))
    line = Line(NOW + 0.1, "info", "order.placed", trace_id=TRACE, service="shop")
    lines = (replace(line, attributes={"order_id": 7}),)
    reported = (Error("sentry", NOW + 0.15, (cause, raised), event_id="e" * 32, trace_id=TRACE),)
    return Story(TRACE, spans, lines, reported, cut=2)


def declared() -> Registry:
    """Two checks that can be run."""
    registry = Registry()
    registry.add("rows", lambda: 3, every="1m", scope="process")
    registry.add("crm", lambda: True, every="1m", scope="process")
    return registry


class Acts:
    """What was put on record."""

    def __init__(self) -> None:
        self.all: list[tuple[str, str, str]] = []

    def __call__(self, event: str, *, actor: str, target: str, **_: Any) -> None:
        self.all.append((event, actor, target))


def service(
    look: Callable[[], Overview] = overview,
    *,
    find: Callable[[str], Story | None] = lambda wanted: story() if wanted == "r-1" else None,
    registry: Registry | None = None,
    store: Store | None = None,
    config: Config | None = None,
    record: Any = None,
    clock: Clock | None = None,
) -> Service:
    """A service that stands still."""
    registry, clock = registry or declared(), clock or Clock()
    return Service(
        registry,
        config or Config(service="shop"),
        store or MemoryStore(clock),
        clock,
        look,
        find,
        Runner(registry, Results(clock), clock).run,
        lambda _check: True,
        record or Acts(),
    )


def remembering(seen: Overview) -> MemoryStore:
    """A store that holds the past of the first checks, as many as a page shows."""
    store = MemoryStore()
    for check in seen.checks[:25]:
        for each in check.history[-20:]:
            store.keep(replace(each, check=check.name))
    return store


def many(count: int, **given: Any) -> Overview:
    """So many checks, all of them with a day of runs."""
    history = [run(ago=86_400 - 1_440.0 * n, value=float(n % 7)) for n in range(60)]
    checks = [
        replace(rows(), name=f"check-{n:03}", group=f"group-{n % 8}", history=history, **given)
        for n in range(count)
    ]
    return replace(overview(), checks=checks)
