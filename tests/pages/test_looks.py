"""How each page looks: in light and dark, on a phone, by the keyboard, to axe; and what it weighs."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.config.receiver import Receiver
from tests.pages.chromium import Open, told
from tests.pages.looks import examine
from tests.pages.shop.developed import Developed
from tests.pages.shop.served import Shop, busy, shop_by_fastapi

# How long the first byte took, and after it the first paint, milliseconds.
PAINTED = """() => new Promise(done => new PerformanceObserver(list => {
  const [paint] = list.getEntriesByName('first-contentful-paint')
  const [load] = performance.getEntriesByType('navigation')
  if (paint) done([load.responseStart - load.requestStart, paint.startTime - load.responseStart])
}).observe({type: 'paint', buffered: true}))"""


@pytest.mark.parametrize(
    ("path", "until", "name"),
    [
        ("", "declined", "status"),
        ("?status=critical", "orphaned-orders", "status-found"),
        ("check/orphaned-orders", "Value: 7 order", "status-check"),
        ("check/orphaned-orders?explain=1", "Value: 7 order", "status-check-explained"),
        ("check/crm-sync", "the CRM moves today", "status-check-silenced"),
        ("job/nightly-import", "Runs", "status-job"),
        ("job/unheard-of", "No job has this name.", "status-not-found"),
    ],
)
def test_a_page_of_the_status_is_for_everybody(
    shop: Shop, open_window: Open, path: str, until: str, name: str
) -> None:
    busy(shop)
    page = open_window(extra_http_headers={"X-User": "ann"})
    page.goto(f"{shop.status}check/orphaned-orders")
    page.get_by_role("button", name="Run now").click()
    page.goto(shop.status + path)
    told(page, until)
    examine(page, shop.status + path, name)


def test_the_page_of_a_request_is_for_everybody(shop: Shop, open_window: Open) -> None:
    url = f"{shop.status}request/{busy(shop)}"
    page = open_window(extra_http_headers={"X-User": "ann"})
    page.goto(url)
    told(page, "float division by zero")
    examine(page, url, "status-request")


@pytest.mark.parametrize("path", ["", "?status=ok", "check/check-007"])
def test_a_page_of_five_hundred_checks_is_small(
    tmp_path: Path, open_window: Open, path: str
) -> None:
    page = open_window(extra_http_headers={"Authorization": "Bearer open sesame"})
    given = {"TOKEN": "open sesame", "MORE_CHECKS": "500"}
    with Receiver() as receiver, shop_by_fastapi(receiver, tmp_path, **given) as shop:
        page.goto(shop.status)  # what is made once
        answer = page.goto(shop.status + path)
        assert answer is not None
        weight = len(answer.body())
        byte, paint = page.evaluate(PAINTED)
        print(f"\n/{path}: {weight} B, painted {paint:.0f} ms after the first byte ({byte:.0f} ms)")
        assert weight < 100_000
        page.goto("about:blank")


def test_the_form_to_sign_in_is_for_everybody(tmp_path: Path, open_window: Open) -> None:
    page = open_window()
    with Receiver() as receiver, shop_by_fastapi(receiver, tmp_path, TOKEN="open sesame") as shop:
        examine(page, shop.status, "status-sign-in", skips=False)
        page.goto("about:blank")


@pytest.mark.parametrize(
    ("path", "until", "name"),
    [
        ("", "GET /boom/LOOKS", "dev"),
        ("?text=nothing+at+all", "Nothing matches.", "dev-nothing-found"),
        ("checks", "orders-validity", "dev-checks"),
        ("metrics", "http.server.request.duration", "dev-metrics"),
        ("loose", "Outside of requests", "dev-outside"),
    ],
)
def test_a_page_of_obskit_dev_is_for_everybody(
    dev: Developed, open_window: Open, path: str, until: str, name: str
) -> None:
    page = open_window()
    dev.ask("/boom/LOOKS", status=500)
    dev.ask("/orders/5")
    page.goto(dev.url + path)
    told(page, until)
    examine(page, dev.url + path, name)


@pytest.mark.parametrize(
    ("asked", "status", "until", "name"),
    [
        ("/orders/4", 200, "N+1: ×4", "dev-story"),
        ("/boom/STORY", 500, "Sentry event", "dev-story-failed"),
    ],
)
def test_a_story_of_obskit_dev_is_for_everybody(
    dev: Developed, open_window: Open, asked: str, status: int, until: str, name: str
) -> None:
    page = open_window()
    wanted = dev.ask(asked, status)
    page.goto(f"{dev.url}?id={wanted}")
    told(page, asked)
    page.get_by_role("link", name=f"GET {asked}").click()
    page.goto(page.url)
    told(page, until)
    examine(page, page.url, name)
    if status >= 500:
        page.get_by_role("link", name="The whole stack of error 1").click()
        expect(page.get_by_role("link", name="The story it belongs to")).to_be_visible()
        examine(page, page.url, "dev-error")
