"""The path of page views: what browsers are answered there, and what they cannot do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest
from tests.asking import Answer, ask, scope_of
from werkzeug.test import Client, TestResponse

import obskit
from obskit import Registry, asgi, beacon, default_runtime
from obskit.capture import Capture, capturing
from obskit.probes import Probes
from obskit.wsgi import ObskitMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATH = "/-/page-views"
OURS = {"Sec-Fetch-Site": "same-origin"}
VIEW = '{"values":{"lcp":1200}}'


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Page views are wanted, at `PATH`."""
    monkeypatch.setenv("OBSKIT_BEACON_PATH", PATH)
    monkeypatch.setenv("OBSKIT_BEACON_SAMPLE_RATE", "0.25")
    obskit.init("shop", log_format="none")


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    kind = "text/html" if environ["PATH_INFO"] == "/page" else "text/plain"
    start_response("200 OK", [("Content-Type", kind), ("Server-Timing", "db;dur=3")])
    return [b"of the app"]


def client() -> Client:
    made = ObskitMiddleware(app, route=lambda e: e["PATH_INFO"], probes=Probes(Registry()))
    return Client(made)


def send(body: bytes | str = VIEW, **headers: str) -> TestResponse:
    given = {name.replace("_", "-"): value for name, value in headers.items()} or OURS
    return client().post(PATH, data=body, headers=given)


def dropped() -> dict[str, int]:
    found: dict[str, int] = obskit.status()["ledger"]["metrics"]["dropped"]
    return {name: count for name, count in found.items() if name.startswith("page_view")}


def of_the_page(capture: Capture) -> list[dict[str, Any]]:
    return capture.metrics().get("obskit.page.timing", [])


def test_a_view_of_our_own_page_is_counted(on: None) -> None:
    with capturing() as capture:
        response = send()
        (point,) = of_the_page(capture)
    assert (response.status_code, response.json) == (202, {"status": "taken"})
    assert (point["sum"], point["attributes"]) == (1.2, {"obskit.page.moment": "lcp"})


def test_the_request_that_brings_it_leaves_no_span_and_no_access_line(on: None) -> None:
    with capturing() as capture:
        send()
    assert capture.spans == []
    assert [line["event"] for line in capture.lines] == ["page view"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site", "Origin": "http://localhost"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Sec_Fetch_Site": ""},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://[broken"},
        {"Accept": "*/*"},
    ],
    ids=str,
)
def test_who_is_no_page_of_ours_is_refused(headers: dict[str, str], on: None) -> None:
    with capturing() as capture:
        response = send(**headers)
        assert of_the_page(capture) == []
    assert (response.status_code, response.json) == (403, {"status": "of_another_origin"})
    assert dropped() == {"page_view_of_another_origin": 1}


def test_an_older_browser_says_its_origin(on: None) -> None:
    assert send(Origin="http://localhost").status_code == 202
    assert send(Origin="https://LOCALHOST", Host="localhost").status_code == 202


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"", 400, "malformed"),
        (b"{}", 400, "malformed"),
        (b'{"values":{"lcp":-1}}', 400, "malformed"),
        (b"\x00" * 2_048, 400, "malformed"),
        (b" " * 2_049, 413, "too_large"),
        (VIEW.encode() + b" " * 1_000_000, 413, "too_large"),
    ],
    ids=["empty", "without values", "negative", "zeros", "one byte too many", "a million"],
)
def test_a_body_that_is_wrong_is_refused_and_counted(
    body: bytes, status: int, why: str, on: None
) -> None:
    response = send(body)
    assert (response.status_code, response.json) == (status, {"status": why})
    assert dropped() == {f"page_view_{why}": 1}


def test_a_body_without_a_length_is_not_waited_for(on: None) -> None:
    response = client().post(PATH, headers=OURS, environ_overrides={"CONTENT_LENGTH": ""})
    assert response.status_code == 400


def test_a_body_that_breaks_off_is_refused(on: None) -> None:
    class Broken:
        def read(self, _size: int) -> bytes:
            raise OSError("the client is gone")

    overrides = {"wsgi.input": Broken(), "CONTENT_LENGTH": "12"}
    response = client().post(PATH, headers=OURS, environ_overrides=overrides)
    assert (response.status_code, dropped()) == (400, {"page_view_malformed": 1})


def test_a_flood_is_refused_and_counted(on: None) -> None:
    statuses = [send().status_code for _ in range(400)]
    assert set(statuses) == {202, 429}
    assert statuses[:200] == [202] * 200
    assert dropped() == {"page_view_too_many": statuses.count(429)}


def test_other_methods_are_refused(on: None) -> None:
    response = client().put(PATH, data=VIEW, headers=OURS)
    assert (response.status_code, response.json) == (400, {"status": "not_posted"})


def test_the_script_is_found_at_the_path_and_may_be_kept(on: None) -> None:
    response = client().get(PATH)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.headers["Cache-Control"] == "public, max-age=3600"
    assert f'"{PATH}"' in response.text
    assert "Math.random()>=0.25" in response.text
    assert len(response.data) < 2_048


def test_the_tag_holds_the_script_and_the_nonce(on: None) -> None:
    made = beacon.script('"><b>')
    assert made.startswith('<script nonce="&quot;&gt;&lt;b&gt;">(function(')
    assert made.endswith("</script>")
    assert beacon.script().startswith("<script>(function(")
    assert "<" not in made.removeprefix("<script").removesuffix("</script>").replace("i<", "")


def test_a_page_says_its_trace_and_its_route_beside_what_the_app_says(on: None) -> None:
    response = client().get("/page")
    theirs, ours = response.headers.getlist("Server-Timing")
    assert theirs == "db;dur=3"
    assert ours == (
        f'traceparent;desc="00-{response.headers["X-Request-ID"]}-{_span_id(ours)}-03",'
        ' route;desc="/page"'
    )


def _span_id(told: str) -> str:
    return told.split("-")[2]


def test_what_is_no_page_says_nothing(on: None) -> None:
    assert client().get("/data").headers.getlist("Server-Timing") == ["db;dur=3"]


def test_without_the_option_nothing_is_there() -> None:
    obskit.init("shop", log_format="none")
    assert beacon.script() == ""
    response = client().post(PATH, data=VIEW, headers=OURS)
    assert (response.status_code, response.data) == (200, b"of the app")
    assert client().get("/page").headers.getlist("Server-Timing") == ["db;dur=3"]


@pytest.mark.parametrize("path", ["page-views", "/", "/a b", "/<script>", "/a?b", "https://x/y"])
def test_what_is_no_path_is_refused(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSKIT_BEACON_PATH", path)
    with pytest.raises(obskit.ConfigError, match=r"beacon_path is .* use a path such as"):
        obskit.init("shop")


def over_asgi(scope: dict[str, Any], *messages: dict[str, Any]) -> Answer:
    async def page(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"of the app"})

    made = asgi.ObskitMiddleware(
        page, route=lambda scope: str(scope["path"]), probes=Probes(Registry())
    )
    return asyncio.run(ask(made, scope, *messages))


def posted(*parts: bytes) -> Answer:
    messages = [
        {"type": "http.request", "body": part, "more_body": number < len(parts)}
        for number, part in enumerate(parts, 1)
    ]
    return over_asgi(scope_of(PATH, OURS, method="POST"), *messages)


def test_over_asgi_a_view_comes_in_parts(on: None) -> None:
    with capturing() as capture:
        answer = posted(VIEW[:5].encode(), VIEW[5:].encode())
        assert [point["sum"] for point in of_the_page(capture)] == [1.2]
    assert (answer.status, answer.body) == (202, b'{"status":"taken"}')


def test_over_asgi_no_more_is_read_than_shows_that_it_is_too_large(on: None) -> None:
    """The last part never comes: who waited for it would wait for ever."""
    message = {"type": "http.request", "body": b" " * 2_049, "more_body": True}
    assert over_asgi(scope_of(PATH, OURS, method="POST"), message).status == 413


def test_over_asgi_a_browser_that_is_gone_is_refused(on: None) -> None:
    message = {"type": "http.disconnect"}
    assert over_asgi(scope_of(PATH, OURS, method="POST"), message).status == 400


def test_over_asgi_the_script_is_found_and_a_page_says_its_trace(on: None) -> None:
    empty = {"type": "http.request", "body": b""}
    script = over_asgi(scope_of(PATH), empty)
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    page = over_asgi(scope_of("/page"), empty)
    told = page.headers["server-timing"]
    assert (
        told == f'traceparent;desc="00-{page.request_id}-{_span_id(told)}-03", route;desc="/page"'
    )


def test_before_init_the_path_is_the_apps() -> None:
    assert default_runtime.current() is None
    assert send().data == b"of the app"
