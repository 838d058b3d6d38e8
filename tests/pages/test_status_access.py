"""Who may see the status page, and who may act, in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.config.receiver import Receiver
from tests.pages.chromium import Open
from tests.pages.shop.served import Shop, shop_by_fastapi

CHECK = "check/orphaned-orders"


def test_a_stranger_sees_nothing_of_the_service(shop: Shop, open_window: Open) -> None:
    page = open_window()
    answer = page.goto(shop.status)
    assert answer is not None
    assert answer.status == 403
    assert page.inner_text("body").strip() == "Not allowed"


def test_a_viewer_who_may_not_act_is_offered_nothing_to_do(shop: Shop, open_window: Open) -> None:
    page = open_window(extra_http_headers={"X-User": "bob"})
    page.goto(f"{shop.status}{CHECK}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("orphaned-orders")
    expect(page.get_by_role("button", name="Run now")).to_have_count(0)
    expect(page.get_by_label("Why nobody needs to be told")).to_have_count(0)


def test_a_viewer_who_may_not_act_is_refused_with_the_form_of_another(
    shop: Shop, open_window: Open
) -> None:
    page = open_window(extra_http_headers={"X-User": "ann"})
    page.goto(f"{shop.status}{CHECK}")
    page.set_extra_http_headers({"X-User": "bob"})
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Not done")


@pytest.mark.parametrize("scripted", [True, False])
def test_whoever_types_the_token_comes_to_where_they_wanted_and_may_act_until_they_leave(
    tmp_path: Path, open_window: Open, scripted: bool
) -> None:
    page = open_window(java_script_enabled=scripted)
    with Receiver() as receiver, shop_by_fastapi(receiver, tmp_path, TOKEN="open sesame") as shop:
        page.goto(f"{shop.status}{CHECK}")
        assert "orphaned-orders" not in page.inner_text("body")
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("This is not the token.")).to_be_visible()
        page.get_by_label("Token").fill("open sesame")
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{shop.status}{CHECK}")
        page.get_by_role("button", name="Run now").click()
        expect(page.get_by_text("It was run.")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Token")).to_be_visible()
        page.goto("about:blank")


def test_the_token_of_the_probes_looks_and_does_not_act(tmp_path: Path, open_window: Open) -> None:
    page = open_window()
    with (
        Receiver() as receiver,
        shop_by_fastapi(receiver, tmp_path, OBSKIT_HEALTH_TOKEN="probe") as shop,
    ):
        page.goto(f"{shop.status}{CHECK}")
        page.get_by_label("Token").fill("probe")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("orphaned-orders")
        expect(page.get_by_role("button", name="Run now")).to_have_count(0)
        page.goto("about:blank")


def test_a_page_follows_by_a_stream_under_asgi(tmp_path: Path, open_window: Open) -> None:
    token = {"Authorization": "Bearer open sesame"}
    with Receiver() as receiver, shop_by_fastapi(receiver, tmp_path, TOKEN="open sesame") as shop:
        watching = open_window(extra_http_headers=token)
        watching.goto(shop.status)
        failing = watching.locator(".failing > li", has_text="orphaned-orders")
        expect(failing).to_have_count(0)
        acting = open_window(extra_http_headers=token)
        acting.goto(f"{shop.status}{CHECK}")
        shop.orphan("order 404")
        acting.get_by_role("button", name="Run now").click()
        expect(failing).to_contain_text("order 404")
        for page in (watching, acting):
            page.goto("about:blank")
