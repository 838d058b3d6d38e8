"""Page views of pages that Django makes."""

from __future__ import annotations

import pytest
from django.test import Client

import obskit
from obskit.capture import capturing

PATH = "/-/page-views"
OURS = {"HTTP_SEC_FETCH_SITE": "same-origin"}


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Page views are wanted."""
    monkeypatch.setenv("OBSKIT_BEACON_PATH", PATH)
    obskit.init("shop", log_format="none")


def test_a_page_says_its_trace_and_its_route_and_its_view_is_counted_by_it(
    on: None, client: Client
) -> None:
    with capturing() as capture:
        page = client.get("/products/7/")
        told = page.headers["Server-Timing"]
        view = '{"values":{"lcp":1200},"route":"/products/%3Cint%3Anumber%3E/"}'
        sent = client.post(PATH, view, content_type="text/plain", **OURS)
        (point,) = capture.metrics()["obskit.page.timing"]
    assert told.startswith(f'traceparent;desc="00-{page.headers["X-Request-ID"]}-')
    assert told.endswith(', route;desc="/products/%3Cint%3Anumber%3E/"')
    assert (sent.status_code, sent.json()) == (202, {"status": "taken"})
    assert point["attributes"]["http.route"] == "/products/<int:number>/"


def test_a_body_that_is_too_large_is_refused(on: None, client: Client) -> None:
    sent = client.post(PATH, " " * 2_049, content_type="text/plain", **OURS)
    assert (sent.status_code, sent.json()) == (413, {"status": "too_large"})


def test_the_script_may_be_kept(on: None, client: Client) -> None:
    script = client.get(PATH)
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert script.headers["Cache-Control"] == "public, max-age=3600"
