"""The product's promise, read back from every backend's own API: one story under one id."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .build import ROOT
from .reading import (
    bugsink_events,
    jaeger_trace,
    loki,
    prometheus,
    prometheus_scalar,
    tags,
)
from .shop import Shop
from .stack import Stack
from .waiting import wait_until

Hop = Callable[[str, float], None]


def events_of(stack: Stack, request_id: str) -> list[dict[str, Any]]:
    """Bugsink's events that carry a request id."""
    events = bugsink_events(stack.bugsink.url, stack.bugsink.token)
    return [event for event in events if dict(event["tags"]).get("request_id") == request_id]


def story_of(stack: Stack, trace_id: str) -> list[dict[str, Any]]:
    """The spans of a request; none before its own is there, which ends last."""
    spans = jaeger_trace(stack.url("jaeger_query_http"), trace_id)
    return spans if any(tags(span)["span.kind"] == "server" for span in spans) else []


def test_one_request_has_one_id_everywhere(stack: Stack, shop: Shop, hop: Hop) -> None:
    """Response header, log line, trace with its SQL, log store."""
    sent = time.monotonic()
    answer = shop.get("/products/1")
    assert answer.status == 200
    request_id = answer.headers["x-request-id"]

    lines = wait_until("a line on the shop's stderr", lambda: shop.lines(request_id))
    hop("request → log line", sent)
    assert {line["trace_id"] for line in lines} == {request_id}  # the trace began here

    spans = wait_until("the trace is in Jaeger", lambda: story_of(stack, request_id))
    hop("request → Jaeger", sent)
    (server,) = [span for span in spans if tags(span)["span.kind"] == "server"]
    children = [span for span in spans if span["references"]]
    assert server["operationName"] == "GET /products/<int:product_id>"
    assert tags(server)["http.response.status_code"] == 200
    assert {tags(child)["db.system.name"] for child in children} == {"sqlite"}
    assert {child["references"][0]["spanID"] for child in children} == {server["spanID"]}
    queries = [tags(child).get("db.query.text", "") for child in children]
    assert [query.partition(" ")[0] for query in queries if query] == ["SELECT"]

    query = f'{{service_name="shop"}} | trace_id="{request_id}"'
    records = wait_until("its logs are in Loki", lambda: loki(stack.url("loki_http"), query))
    hop("request → Loki", sent)
    assert {labels["obskit_request_id"] for labels, _ in records} == {request_id}
    assert {labels["deployment_environment_name"] for labels, _ in records} == {shop.environment}


def test_one_exception_is_one_event_under_the_same_id(stack: Stack, shop: Shop, hop: Hop) -> None:
    """Also when it is raised twice: two requests, two events, one issue."""
    sent = time.monotonic()
    answers = [shop.get("/boom"), shop.get("/boom")]
    assert [answer.status for answer in answers] == [500, 500]
    first, second = (answer.headers["x-request-id"] for answer in answers)
    assert first != second

    (event,) = wait_until("the event is in Bugsink", lambda: events_of(stack, first))
    hop("exception → Bugsink", sent)
    assert dict(event["tags"])["trace_id"] == first
    assert event["contexts"]["trace"]["trace_id"] == first
    assert event["environment"] == shop.environment
    wait_until("so is the second", lambda: events_of(stack, second))
    assert [len(events_of(stack, each)) for each in (first, second)] == [1, 1]

    spans = wait_until("the trace is in Jaeger", lambda: story_of(stack, first))
    (server,) = [span for span in spans if tags(span)["span.kind"] == "server"]
    assert tags(server)["http.response.status_code"] == 500
    assert tags(server)["error"] is True


def test_the_counts_of_all_workers_add_up(stack: Stack, shop: Shop, hop: Hop) -> None:
    """Forty requests over two workers, by route and status; health endpoints are not counted."""
    order = {"product_id": 1, "quantity": 2}
    calls: list[Callable[[], Any]] = [
        *[lambda: shop.get("/")] * 10,
        *[lambda: shop.get("/products/1")] * 10,
        *[lambda: shop.get("/slow")] * 8,  # long enough for the other worker to take its share
        *[lambda: shop.post("/orders", order)] * 4,
        *[lambda: shop.post("/orders", {})] * 3,
        *[lambda: shop.get("/boom")] * 2,
        *[lambda: shop.get("/no/such/page")] * 2,
        *[lambda: shop.get("/nor/this/one")] * 1,
    ]
    sent = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        answers = [future.result() for future in [pool.submit(call) for call in calls]]
    assert len(answers) == 40

    base = stack.url("prometheus_http")
    series = f'http_server_request_duration_seconds_count{{service_name="shop", deployment_environment_name="{shop.environment}"}}'
    wait_until("40 requests are counted", lambda: prometheus_scalar(base, f"sum({series})") == 40.0)
    hop("40 requests → Prometheus", sent)
    by_route = prometheus(base, f"sum by (http_route, http_response_status_code) ({series})")
    assert sorted((*labels.values(), count) for labels, count in by_route if count) == sorted(
        [
            ("200", "/", 10.0),
            ("200", "/products/<int:product_id>", 10.0),
            ("200", "/slow", 8.0),
            ("201", "/orders", 4.0),
            ("422", "/orders", 3.0),
            ("500", "/boom", 2.0),
            ("404", 3.0),  # no route: one series, whatever the path
        ],
        key=str,
    )
    assert len(prometheus(base, f"sum by (instance) ({series})")) == 2


def give_rules(stack: Stack, shop: Shop, folder: Path) -> None:
    """Have Prometheus watch the shop's checks by rules that its author generates."""
    command = [sys.executable, "-m", "obskit", "generate", "alerts", "--app", "shop:app"]
    subprocess.run(
        [*command, "--environment", shop.environment, "-o", str(folder)],
        cwd=ROOT / "examples" / "shop",
        check=True,
        capture_output=True,
        timeout=60,
    )
    (made,) = folder.glob("prometheus/rules/*-checks.yml")
    shutil.copy(made, stack.directory / "prometheus" / "etc" / "rules")
    stack.processes["prometheus"].reload()


def test_a_broken_check_reaches_people_and_so_does_its_recovery(
    stack: Stack, shop: Shop, hop: Hop, tmp_path: Path
) -> None:
    """Check → metric → rule → Alertmanager → webhook, and the resolution the same way."""
    give_rules(stack, shop, tmp_path / "generated")
    base = stack.url("prometheus_http")
    status = f'obskit_check_status{{service_name="shop", deployment_environment_name="{shop.environment}"}}'
    state = f'{status[:-1]}, obskit_check_name="payment-gateway"}} == 1'

    def states() -> set[str]:
        return {labels["obskit_check_state"] for labels, _ in prometheus(base, state)}

    wait_until("the check is ok", lambda: states() == {"ok"})

    broken = time.monotonic()
    shop.break_file.touch()
    wait_until("the check is critical", lambda: states() == {"critical"})
    hop("check broken → Prometheus", broken)
    alert = {
        "alertname": "CheckCritical",
        "service": "shop",
        "deployment_environment_name": shop.environment,
        "obskit_check_name": "payment-gateway",
    }
    (fired, *_) = wait_until(
        "the webhook is told", lambda: stack.webhook.received("firing", **alert), seconds=120
    )
    hop("check broken → webhook", broken)
    assert fired["annotations"]["summary"] == "payment-gateway of shop is critical"

    mended = time.monotonic()
    shop.break_file.unlink()
    wait_until(
        "the webhook is told that it is over",
        lambda: stack.webhook.received("resolved", **alert),
        seconds=60,
    )
    hop("check mended → webhook", mended)
