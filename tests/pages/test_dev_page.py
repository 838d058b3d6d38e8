"""`obskit dev` in the browser, with two services that talk to each other."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from tests.dev import given
from tests.dev.page.browser import browsing
from tests.pages.chromium import Open, told
from tests.pages.shop.developed import Developed


def test_requests_appear_while_the_page_is_open(dev: Developed, open_window: Open) -> None:
    page = open_window()
    page.goto(dev.url)
    expect(page.get_by_text("Live.")).to_be_visible()
    page.evaluate("window.wasLoaded = true")
    dev.ask("/pay/live")
    row = page.get_by_role("row", name="GET /pay/live")
    expect(row).to_contain_text("200")
    dev.ask("/boom/LIVE", status=500)
    # Its error may come before the spans of the other: whose record comes first is below.
    expect(page.get_by_role("row", name="GET /boom/LIVE")).to_contain_text("500")
    assert page.evaluate("window.wasLoaded") is True


def test_a_request_appears_only_where_the_search_wants_it(
    dev: Developed, open_window: Open
) -> None:
    page = open_window()
    page.goto(f"{dev.url}?status=5xx&text=WANTED")
    expect(page.get_by_text("Live.")).to_be_visible()
    dev.ask("/pay/WANTED")
    dev.ask("/boom/WANTED", status=500)
    expect(page.locator("#stories tr")).to_have_count(1)
    expect(page.locator("#stories tr")).to_contain_text("GET /boom/WANTED")


def test_how_much_is_kept_and_who_sends_are_told_while_the_page_is_open(open_window: Open) -> None:
    with browsing() as sender:
        page = open_window()
        page.goto(f"http://127.0.0.1:{sender.receiver.port}{sender.root}?route=orders")
        expect(page.get_by_text("Live.")).to_be_visible()
        expect(page.get_by_text("0 stories kept, 0.0 MB.")).to_be_visible()
        sender.received(given.server())
        expect(page.get_by_text("1 story kept, 0.0 MB.")).to_be_visible()
        expect(page.get_by_text("Nothing matches.")).to_be_visible()
        orders = {"http.request.method": "GET", "url.path": "/orders/1"}
        for number in (2, 3):
            sender.received(
                given.server(trace_id=f"{number:032x}", service="depot", attributes=orders)
            )
        expect(page.get_by_text("3 stories kept, 0.0 MB.")).to_be_visible()
        expect(page.locator("#stories tr")).to_have_count(2)
        expect(page.get_by_text("Nothing matches.")).to_have_count(0)
        expect(page.get_by_label("Service").locator("option")).to_have_text(["any", "depot"])


@pytest.mark.parametrize("scripted", [True, False])
def test_stories_are_found_by_route_status_service_text_and_id(
    dev: Developed, open_window: Open, scripted: bool
) -> None:
    page = open_window(java_script_enabled=scripted)
    word = f"SEARCH-{scripted}"
    wanted = dev.ask(f"/boom/{word}", status=500)
    dev.ask(f"/pay/{word}")
    dev.ask("/orders/2")
    page.goto(f"{dev.url}?text={word}")
    told(page, f"GET /pay/{word}")
    told(page, f"GET /boom/{word}")
    rows = page.locator("#stories tr")
    for label, value in (("Route", "/boom"), ("Status", "5xx"), ("Id", wanted)):
        page.goto(dev.url)
        page.get_by_label(label, exact=True).fill(value)
        page.get_by_label("Text").fill(word)
        page.get_by_role("button", name="Search").click()
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text(f"GET /boom/{word}")
    page.goto(f"{dev.url}?route=%2Forders%2F2")
    told(page, "depot")
    page.get_by_label("Service").select_option("depot")
    page.get_by_label("Text").fill(word)
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("Nothing matches.")).to_be_visible()


def test_a_slash_goes_to_the_search(dev: Developed, open_window: Open) -> None:
    page = open_window()
    page.goto(dev.url)
    page.keyboard.press("/")
    expect(page.get_by_label("Text")).to_be_focused()
    expect(page.get_by_label("Text")).to_have_value("")


@pytest.mark.parametrize("scripted", [True, False])
def test_a_trace_across_two_services_is_one_story_with_its_n_plus_1(
    dev: Developed, open_window: Open, scripted: bool
) -> None:
    page = open_window(java_script_enabled=scripted)
    dev.ask("/orders/5")
    page.goto(f"{dev.url}?route=%2Forders%2F5")
    told(page, "N+1: ×5")
    page.get_by_role("link", name="GET /orders/5").first.click()
    told(page, "stock.low")
    text = page.inner_text("main")
    assert "across shop, depot" in text
    order = [
        text.index(part)
        for part in ("order.wanted", "GET /products/<int:count>", "N+1: ×5", "stock.low")
    ]
    assert order == sorted(order)
    statement = page.get_by_role("row", name="SELECT ? AS sold").last
    expect(statement).to_contain_text("N+1: ×5")
    depot = page.locator("summary", has_text="GET /products/<int:count>")
    depot.click()
    expect(page.get_by_text("/products/5").last).to_be_visible()


@pytest.mark.parametrize("scripted", [True, False])
def test_an_error_is_told_with_its_stack_and_locals(
    dev: Developed, open_window: Open, scripted: bool
) -> None:
    page = open_window(java_script_enabled=scripted)
    word = f"LOCALS-{scripted}"
    dev.ask(f"/boom/{word}", status=500)
    page.goto(f"{dev.url}?status=failed&text={word}")
    told(page, f"GET /boom/{word}")
    page.get_by_role("link", name=f"GET /boom/{word}").click()
    told(page, "ZeroDivisionError: float division by zero")
    told(page, "Sentry event")
    frame = page.locator(".frame").first
    expect(frame).to_contain_text("return str(25.0 / len(basket))")
    expect(frame.locator(".attributes")).to_contain_text(re.compile(rf"voucher\s*'?{word}"))
    expect(frame.locator(".attributes")).to_contain_text("basket")
    page.get_by_role("link", name="The whole stack of error 1").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("ZeroDivisionError")
    expect(page.locator(".frame").first).to_contain_text("return str(25.0 / len(basket))")


def test_checks_and_metrics_of_both_services_are_shown(dev: Developed, open_window: Open) -> None:
    page = open_window()
    page.goto(dev.url)
    page.get_by_role("link", name="Checks").click()
    told(page, "orders-validity")
    expect(page.get_by_role("row", name="crm-sync").first).to_contain_text("warning")
    dev.ask("/pay/gold")
    page.get_by_role("link", name="Metrics").click()
    page.get_by_label("Name").fill("http.server.request.duration")
    page.get_by_role("button", name="Search").click()
    told(page, "/pay/<card>")
