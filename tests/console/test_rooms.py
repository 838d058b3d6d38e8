"""What the pages show: the overview, a check, a job, a request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed")

from tests.console.browser import browser, header, parsed
from tests.console.given import BOB, NOW, many, overview, remembering, rows, run, scored, service

from obskit.config import Config
from obskit.exceptions import StoreError
from obskit.overview.model import Overview, ProcessView, QuotaView
from obskit.state.memory import MemoryStore
from obskit.state.store import JobRun, Run


def test_the_overview_says_what_fails_since_when_whose_it_is_and_what_to_do() -> None:
    words = parsed(browser().get()).words
    assert "shop is unhealthy" in words
    assert (
        "✖ critical rows check, sev2 19 rows are orphaned Since 1h ago. row 7 row=8"
        " Owner: data. Runbook ✖ critical payment operation, sev2" in words
    )
    assert "30 of 100 runs failed, p95 1.5s, in the last 10m Owner: shop." in words
    assert "90 of 100 used, empty in 12m" in words
    assert "the store of jobs cannot be read" in words


def test_the_overview_shows_something_of_everything() -> None:
    words = parsed(browser(of=service(store=remembering(overview()))).get()).words
    for shown in (
        "from 19m ago: ok 73.7 %, critical 26.3 %",
        "warning since 1m, critical in 29m",
        "participants 90 % Good 90 % Overall: 90 %",
        "import: took 1m40s to 16m40s, last 1m40s",
        "3 of 10",
        "declined: 30",
        "mails: 90 of 100 used, 90 %",
        "9s ago KeyError 'sku' /orders Request",
        "Silenced, ends in 1h, by eve: we move it",
        "logs: accepted 9, dropped queue_full 1",
        "1.4.3 live 1m30s ago",
    ):
        assert shown in words


@pytest.mark.parametrize("is_on", [True, False])
def test_where_processes_tell_nothing_the_page_says_what_to_do(is_on: bool) -> None:
    config = Config(service="shop", console=is_on)
    words = parsed(browser(of=service(config=config)).get()).words
    assert ("set OBSKIT_CONSOLE=true." in words) is not is_on


def test_of_a_budget_that_is_used_up_nothing_is_left() -> None:
    used = QuotaView("mails", 100, 175, 3_600.0, 0.0, severity="sev1")
    words = parsed(browser(of=service(lambda: replace(overview(), quotas=[used]))).get()).words
    assert "✖ critical mails budget, sev1 175 of 100 used" in words
    assert "175 of 100 in 1h: nothing is left" in words
    assert "empty in" not in words


def test_of_each_signal_the_page_says_where_it_goes_and_whether_anybody_is_there() -> None:
    away = {"exporter": "otlp", "endpoint": "http://c:4318", "protocol": "grpc", "reached": False}
    ways = {"traces": away, "metrics": {**away, "reached": True}, "logs": {"exporter": "none"}}
    told = [ProcessView(7, "i-7", NOW - 60, NOW - 1, exporters=ways)]
    words = parsed(browser(of=service(lambda: replace(overview(), processes=told))).get()).words
    assert "traces: otlp http://c:4318, not reached metrics: otlp http://c:4318 logs: nowhere" in (
        words
    )


def test_a_check_is_shown_with_its_values_limits_and_evidence_of_each_failure() -> None:
    store = MemoryStore()
    store.keep(run(ago=120, value=3.0, unit="{row}"))
    failed: dict[str, Any] = {
        "status": "critical",
        "evidence": ["row 7"],
        "details": {"table": "orders"},
    }
    store.keep(run(ago=60, value=19.0, unit="{row}", message="too many", **failed))
    words = parsed(browser(of=service(store=store)).get("/check/rows")).words
    assert "warning from 10 row upward, critical from 15 row upward" in words
    assert (
        "2025-12-31 23:59:00 UTC ✖ critical 19 row 12ms too many row 7 table: orders"
        " 2025-12-31 23:58:00 UTC ✓ ok 3 row" in words
    )


def test_a_score_is_told_in_percent_wherever_it_stands() -> None:
    past = [run("names-complete", ago, value=ago / 200, unit="1") for ago in (180.0, 120.0)]
    store = remembering(replace(overview(), checks=[replace(scored(), history=past)]))
    asked = browser(of=service(store=store))
    front, own = (parsed(asked.get(path)).words for path in ("/", "/check/names-complete"))
    assert "names-complete 90 % Good" in front
    assert "names-complete: 60 % to 90 %, last 60 %" in front
    assert "Value: 90 % Good." in own
    assert "✓ ok 60 % 12ms" in own
    for told in (front, own):
        assert "0.9" not in told
        assert "0.6" not in told


def test_the_past_is_read_of_the_checks_that_are_shown_alone_and_at_once() -> None:
    asked: list[tuple[float, int, list[str]]] = []

    class Asked(MemoryStore):
        def recent(self, since: float, most_each: int, checks: Any = None) -> dict[str, list[Run]]:
            asked.append((since, most_each, checks))
            return super().recent(since, most_each, checks)

    big = many(120)
    browser(of=service(lambda: big, store=Asked())).get("/?page=5")
    assert asked == [(NOW - 86_400.0, 20, [f"check-{number}" for number in range(100, 120)])]


@pytest.mark.parametrize(
    ("problems", "told"),
    [
        ([], "What fails now Nothing. Checks"),
        (["no store"], "What fails now Nothing that is known: not everything can be read. Checks"),
    ],
)
def test_nothing_fails_is_not_said_of_what_cannot_be_read(problems: list[str], told: str) -> None:
    seen = Overview("shop", "live", NOW, "healthy", problems=problems)
    assert told in parsed(browser(of=service(lambda: seen)).get()).words


def test_a_past_that_cannot_be_read_leaves_the_page_as_it_is() -> None:
    class Broken(MemoryStore):
        def recent(self, *_: Any) -> dict[str, list[Run]]:
            raise StoreError("the state in db:5432 cannot be used: it does not answer")

    found = browser(of=service(store=Broken())).get()
    assert found.status == 200
    assert "19 rows are orphaned" in parsed(found).words


def test_history_is_paged_back_to_its_begin() -> None:
    store = MemoryStore()
    for n in range(120):
        store.keep(run(ago=120.0 - n, message=f"run {n}."))
    asked, target, seen = browser(of=service(store=store)), "/check/rows", []
    while target:
        page = parsed(asked.get(target))
        seen += [word for word in page.words.split() if word.endswith(".") and word[:-1].isdigit()]
        after = [each for each in page.all("a") if each.get("rel") == "next"]
        target = f"/check/rows{after[0]['href']}" if after else ""
    assert seen == [f"{n}." for n in reversed(range(120))]


def test_history_that_is_asked_for_with_no_moment_begins_with_the_newest() -> None:
    assert browser().get("/check/rows?until=soon").status == 200


def test_alerts_of_a_check_are_explained() -> None:
    words = parsed(browser().get("/check/rows?explain=1")).words
    assert "CheckCritical when the process that decided the check last says" in words
    assert "severity warning" in words


def test_a_job_is_shown_with_its_runs() -> None:
    store, job = MemoryStore(), overview().jobs[0]
    for one in job.runs:
        store.put_job(one)
    words = parsed(browser(of=service(store=store)).get("/job/import")).words
    assert "✖ failed 1m40s 0 the file is not there rows: 7 no such file" in words


def test_how_long_all_kept_runs_of_a_job_took_is_drawn_on_its_page() -> None:
    store = MemoryStore()
    for number in range(5):
        began = NOW - 86_400.0 * (5 - number)
        store.put_job(JobRun(str(number), "import", began, "ok", began + 60.0 * (number + 1)))
    words = parsed(browser(of=service(store=store)).get("/job/import")).words
    assert "import: took 1m to 5m, last 5m" in words


def test_a_request_is_told_with_its_error_its_lines_and_its_spans() -> None:
    words = parsed(browser().get("/request/r-1")).words
    assert "POST /orders 200 ms ✖ failed" in words
    assert "ZeroDivisionError division by zero shop.py:7 in charge 1 / 0 basket []" in words
    assert "Caused by KeyError 'sku' Traceback File x" in words
    assert "100.0 ms info order.placed order_id=7" in words
    assert "SELECT 1: 50.0 ms, 50.0 ms after the begin" in words
    assert "2 more spans, lines and errors are not shown." in words


def test_the_form_for_a_request_leads_to_its_page() -> None:
    found = browser().get("/request?id=+r%2F1+")
    assert (found.status, header(found, "Location")) == (303, "/status/request/r%2F1")


def test_an_id_that_is_no_text_leads_to_a_page_too() -> None:
    found = browser().get("/request?id=\ud800")
    assert (found.status, header(found, "Location")) == (303, "/status/request/%3F")


@pytest.mark.parametrize(("next_run", "told"), [(NOW, "due now."), (NOW + 60, "next in 1m.")])
def test_a_check_says_when_it_runs_next(next_run: float, told: str) -> None:
    seen = replace(overview(), checks=[replace(rows(), next_run=next_run)])
    words = parsed(browser(of=service(lambda: seen)).get("/check/rows")).words
    assert f"every 1m, {told}" in words


def test_links_lead_where_the_configuration_says() -> None:
    config = Config(
        service="shop",
        sentry_url="https://sentry.example/{event_id}/",
        trace_url="https://jaeger.example/trace/{trace_id}",
    )
    asked = browser(of=service(config=config))
    found = [each.get("href") for each in parsed(asked.get()).all("a")]
    assert f"https://sentry.example/{'e' * 32}/" in found
    assert "https://jaeger.example/trace/af8b0288828c5d287a1e4c266537eef5" in found
    request = [each.get("href") for each in parsed(asked.get("/request/r-1")).all("a")]
    assert "https://jaeger.example/trace/af8b0288828c5d287a1e4c266537eef5" in request
    assert f"https://sentry.example/{'e' * 32}/" in request


def test_a_runbook_that_is_no_url_of_the_web_is_no_link() -> None:
    shown = replace(overview(), checks=[replace(rows(), runbook="javascript:alert(1)")])
    page = parsed(browser(of=service(lambda: shown)).get())
    assert "Runbook: javascript:alert(1)" in page.words
    links = [str(each.get("href")) for each in page.all("a")]
    assert [each for each in links if "javascript" in each] == []


def test_a_viewer_who_may_not_act_sees_no_form_for_it() -> None:
    page = parsed(browser(BOB).get("/check/rows"))
    assert [each.get("method") for each in page.all("form")] == ["get"]


def test_moments_that_no_calendar_shows_are_shown_all_the_same() -> None:
    latest = run(value=float("nan"), since=float("inf"))
    shown = replace(rows(), latest=replace(latest, started=1e300), next_run=float("inf"))
    shown = replace(shown, critical_at=-5.0, warning_at=NOW, history=[latest])
    asked = browser(of=service(lambda: replace(overview(), checks=[shown])))
    assert (asked.get().status, asked.get("/check/rows").status) == (200, 200)
