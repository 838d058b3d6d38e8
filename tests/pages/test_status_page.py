"""The status page of a Flask app under Gunicorn, as an operator uses it."""

from __future__ import annotations

import re
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect
from tests.pages.chromium import Open
from tests.pages.shop.served import Shop

ANN = {"X-User": "ann"}
ORPHANS = "orphaned-orders"


def failed_request(shop: Shop) -> str:
    """Have a request fail, and give its id."""
    with pytest.raises(HTTPError) as failure:
        urlopen(f"{shop.url}/boom/SPRING", timeout=60)
    with failure.value as answer:
        return str(answer.headers["X-Request-ID"])


def loaded_until(page: Page, shown: str) -> None:
    """Load a page again until it shows something: what processes tell of is read now and then."""
    expect(page.locator("main")).to_be_visible()
    for _ in range(60):
        if page.get_by_text(shown).first.is_visible():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"{shown!r} is not shown: {page.inner_text('main')}")


def run_now(page: Page, shop: Shop, value: int) -> None:
    """Run the check of the orphans from its page, which comes to this value."""
    page.goto(f"{shop.status}check/{ORPHANS}")
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_text("It was run.")).to_be_visible()
    expect(page.get_by_text(f"Value: {value} order.")).to_be_visible()


@pytest.mark.parametrize("scripted", [True, False])
def test_an_operator_finds_what_fails_and_runs_and_silences_it(
    shop: Shop, open_window: Open, scripted: bool
) -> None:
    page = open_window(extra_http_headers=ANN, java_script_enabled=scripted)
    run_now(page, shop, 7)
    page.get_by_role("link", name="shop").click()
    failing = page.locator(".failing > li", has_text=ORPHANS)
    expect(failing).to_contain_text("order 17")
    expect(failing).to_contain_text("Owner: data.")
    expect(failing.get_by_role("link", name="Runbook")).to_have_attribute(
        "href", "https://wiki.example/orphans"
    )
    failing.get_by_role("link", name=ORPHANS).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(ORPHANS)
    expect(page.locator(".proof", has_text="order 17").first).to_be_visible()

    page.get_by_label("Why nobody needs to be told").fill("we clean up")
    page.get_by_label("For how long").fill("1h")
    page.get_by_role("button", name="Silence", exact=True).click()
    expect(page.get_by_text("It is silenced")).to_be_visible()
    expect(page.get_by_text("by ann: we clean up")).to_be_visible()
    page.get_by_role("button", name="End the silence").click()
    expect(page.get_by_text("The silence has ended.")).to_be_visible()

    shop.orphan()
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_text("It was run.")).to_be_visible()
    expect(page.get_by_text("Value: 0 order.")).to_be_visible()
    page.goto(shop.status)
    expect(page.locator(".failing > li", has_text=ORPHANS)).to_have_count(0)


def test_a_page_that_is_open_follows_without_being_loaded_again(
    shop: Shop, open_window: Open
) -> None:
    watching = open_window(extra_http_headers=ANN)
    run_now(watching, shop, 7)
    watching.get_by_role("link", name="shop").click()
    failing = watching.locator(".failing > li", has_text=ORPHANS)
    expect(failing).to_contain_text("order 17")
    watching.evaluate("window.wasLoaded = true")
    shop.orphan("order 404")
    run_now(open_window(extra_http_headers=ANN), shop, 1)
    expect(failing).to_contain_text("order 404")
    expect(failing).not_to_contain_text("order 17")
    assert watching.evaluate("window.wasLoaded") is True


def test_what_somebody_has_begun_to_write_stays_until_they_give_it_up(
    shop: Shop, open_window: Open
) -> None:
    writing = open_window(extra_http_headers=ANN)
    writing.goto(f"{shop.status}check/{ORPHANS}")
    reason = writing.get_by_label("Why nobody needs to be told")
    reason.fill("we clean")
    run_now(open_window(extra_http_headers=ANN), shop, 7)
    for _ in range(2):  # it has heard of it, and then it has heard again
        writing.wait_for_event("response", lambda answer: answer.url.endswith("/events"))
    expect(reason).to_have_value("we clean")
    expect(reason).to_be_focused()
    reason.fill("")
    writing.get_by_role("heading", level=1).click()
    expect(writing.locator(".proof", has_text="order 19").first).to_be_visible()


@pytest.mark.parametrize("scripted", [True, False])
def test_a_request_is_found_by_its_id_with_its_error_lines_and_spans(
    shop: Shop, open_window: Open, scripted: bool
) -> None:
    wanted = failed_request(shop)
    page = open_window(extra_http_headers=ANN, java_script_enabled=scripted)
    page.goto(shop.status)
    loaded_until(page, "ZeroDivisionError")
    page.get_by_label("Request id").fill(wanted)
    page.get_by_label("Request id").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Request {wanted}")
    expect(page.get_by_role("heading", name="ZeroDivisionError")).to_be_visible()
    expect(page.locator(".stack")).to_contain_text("return str(25.0 / len(basket))")
    expect(page.get_by_role("region", name="Log lines")).to_contain_text("voucher.redeemed")
    expect(page.get_by_role("region", name="Spans")).to_contain_text("/boom/<voucher>")
    expect(page.get_by_role("link", name=re.compile("^Trace"))).to_have_attribute(
        "href", f"https://jaeger.example/trace/{wanted}"
    )


def test_jobs_operations_budgets_scores_silences_and_deploys_are_on_one_page(
    shop: Shop, open_window: Open
) -> None:
    for card in ("gold", "empty", "gold", "gold", "gold", "gold"):
        with urlopen(f"{shop.url}/pay/{card}", timeout=60) as answer:
            assert answer.read() == card.encode()
    page = open_window(extra_http_headers=ANN)
    page.goto(shop.status)
    loaded_until(page, "declined: 1")
    importing = page.get_by_role("row", name="nightly-import")
    expect(importing.get_by_role("progressbar")).to_have_attribute("value", "3")
    expect(importing).to_contain_text("3 of 10")
    expect(page.get_by_role("row", name="weekly-report")).to_contain_text("failed")
    expect(page.get_by_role("row", name="payment Owner: shop.")).to_contain_text("6 in 10m")
    expect(page.locator(".cards > li", has_text="maps-api")).to_contain_text("48 of 100 in 1h")
    expect(page.get_by_role("region", name="Quality")).to_contain_text("61")
    expect(page.get_by_role("region", name="Quality")).to_contain_text("Error")
    silences = page.locator("section", has=page.get_by_role("heading", name="Silences"))
    expect(silences).to_contain_text("by eve: the CRM moves today")
    deploys = page.locator("section", has=page.get_by_role("heading", name="Deploys"))
    expect(deploys).to_contain_text("1.4.3")


def test_a_check_that_takes_its_time_is_seen_to_end(shop: Shop, open_window: Open) -> None:
    page = open_window(extra_http_headers=ANN)
    page.goto(f"{shop.status}check/patience")
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_text("It runs now.").or_(page.get_by_text("It was run."))).to_be_visible()
    expect(page.locator("#history ~ .scroll tbody tr").first).to_contain_text("ok")
