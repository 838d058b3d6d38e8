"""Page views of a real browser: what it measures, sends, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests import browser
from tests.checks.given import eventually

flask = pytest.importorskip("flask")

from werkzeug.serving import make_server  # noqa: E402

import obskit  # noqa: E402
import obskit.flask  # noqa: E402
from obskit import Registry, beacon  # noqa: E402
from obskit.capture import Capture, capturing  # noqa: E402

PATH = "/-/page-views"
PAGE = "<!doctype html><head>{script}</head><h1>Basket</h1><button>Buy</button>"
# What is slow enough to be an interaction, and shows something.
SLOW = """document.querySelector('button').onclick = () => {
    const until = performance.now() + 60
    while (performance.now() < until);
    document.body.append('bought')
}
"""
# Told after ours, which has listened for longer.
LISTEN = """window.interacted = new Promise(done => new PerformanceObserver(
    list => list.getEntries().some(entry => entry.interactionId) && done()
).observe({type: 'event', durationThreshold: 16}))"""
POLICY = {"Content-Security-Policy": "default-src 'none'; connect-src 'self'; script-src {allowed}"}


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Page views are wanted."""
    monkeypatch.setenv("OBSKIT_BEACON_PATH", PATH)
    obskit.init("shop", log_format="none")


@contextmanager
def serving(page: str, allowed: str) -> Iterator[str]:
    """A shop whose every basket is this page; where it is."""
    app = flask.Flask("shop")

    def basket(number: int) -> Any:
        headers = {name: text.format(allowed=allowed) for name, text in POLICY.items()}
        return page, 200, headers

    def empty() -> Any:
        return "nothing", 200, {"Content-Type": "text/plain"}

    app.add_url_rule("/baskets/<int:number>", view_func=basket)
    app.add_url_rule("/empty", view_func=empty)

    obskit.flask.init_app(app, registry=Registry())
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def views(capture: Capture) -> list[dict[str, Any]]:
    return [line for line in capture.lines if line["logger"] == "obskit.page"]


def moments(capture: Capture) -> dict[str, Any]:
    points = capture.metrics().get("obskit.page.timing", [])
    return {point["attributes"]["obskit.page.moment"]: point for point in points}


@pytest.mark.skipif(not browser.is_there(), reason="chromium or chromedriver is not installed")
@pytest.mark.parametrize("way", ["in the page", "by its path"])
def test_a_page_view_of_a_browser_is_measured_and_told_in_the_trace_of_the_page(
    way: str, on: None, tmp_path: Path
) -> None:
    """Under a policy that lets nothing else run."""
    script, allowed = beacon.script("n0nce"), "'nonce-n0nce'"
    if way == "by its path":
        script, allowed = f'<script src="{PATH}" defer></script>', "'self'"
    with capturing() as capture, serving(PAGE.format(script=script), allowed) as url:
        with browser.browsing(tmp_path) as window:
            window.open(f"{url}/baskets/7")
            window.run(SLOW + LISTEN)
            window.click("button")
            window.run("return window.interacted")
            assert views(capture) == []
            window.open(f"{url}/empty")
            eventually(lambda: views(capture))
        (view,) = views(capture)
        found = moments(capture)
        (shift,) = capture.metrics()["obskit.page.layout_shift"]
    served = next(span for span in capture.spans if span.name == "GET /baskets/<int:number>")
    assert served.context is not None
    assert view["trace_id"] == f"{served.context.trace_id:032x}"
    assert view["span_id"] == f"{served.context.span_id:016x}"
    assert view["http.route"] == "/baskets/<int:number>"
    assert {"ttfb", "fcp", "lcp", "inp", "dom_interactive", "dom_content_loaded", "load"} == set(
        found
    )
    assert all(
        point["attributes"]["http.route"] == "/baskets/<int:number>" for point in found.values()
    )
    assert [point["count"] for point in found.values()] == [1] * 7
    assert found["ttfb"]["sum"] <= found["dom_interactive"]["sum"] <= found["load"]["sum"]
    assert found["fcp"]["sum"] <= found["lcp"]["sum"]
    assert (shift["count"], shift["attributes"]) == (1, {"http.route": "/baskets/<int:number>"})


@pytest.mark.skipif(not browser.is_there(), reason="chromium or chromedriver is not installed")
def test_a_page_of_another_origin_can_send_nothing(on: None, tmp_path: Path) -> None:
    """As its own page it says so itself, whatever its script wants."""
    with capturing() as capture, serving("<p>page</p>", "'none'") as url:
        elsewhere = url.replace("127.0.0.1", "localhost")
        with browser.browsing(tmp_path) as window:
            window.open(f"{elsewhere}/empty")
            body = "JSON.stringify({values: {lcp: 1}})"
            assert window.run(f"return navigator.sendBeacon('{url}{PATH}', {body})") is True
            eventually(lambda: dropped() == {"page_view_of_another_origin": 1})
            assert window.run(f"return navigator.sendBeacon('{elsewhere}{PATH}', {body})") is True
            eventually(lambda: len(views(capture)) == 1)
        assert moments(capture)["lcp"]["count"] == 1


def dropped() -> dict[str, int]:
    found: dict[str, int] = obskit.status()["ledger"]["metrics"]["dropped"]
    return {name: count for name, count in found.items() if name.startswith("page_view")}
