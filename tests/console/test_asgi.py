"""The status page as an ASGI app."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import MutableMapping
from textwrap import dedent
from typing import Any

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed")

from opentelemetry import trace
from tests.asking import ask, get, scope_of
from tests.checks.given import PATIENCE, eventually
from tests.console.browser import console
from tests.console.given import ANN, BOB, overview, service

from obskit.asgi import ObskitMiddleware
from obskit.capture import Capture
from obskit.console import Console
from obskit.console.asgi import Application
from obskit.overview.model import Overview


@pytest.mark.parametrize("path", ["/status/", "/"], ids=["whole", "within"])
@pytest.mark.parametrize("root", ["/status", "/status/"])
def test_the_page_is_answered_whether_or_not_the_path_has_its_prefix(path: str, root: str) -> None:
    answer = get(Application(console()), path, root_path=root)
    assert answer.error is None
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b'href="/status/check/rows"' in answer.body


def test_the_top_is_sent_while_nobody_has_looked_yet_and_a_page_that_is_kept_at_once() -> None:
    sent: list[bytes] = []
    seen_before: list[int] = []

    def look() -> Overview:
        seen_before.append(len(sent))
        return overview()

    async def ask_twice() -> None:
        page = Application(console(of=service(look)))
        for _ in range(2):
            await page(scope_of("/"), nothing, tell)

    async def nothing() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    async def tell(message: MutableMapping[str, Any]) -> None:
        sent.append(message["body"] if "body" in message else repr(message["headers"]).encode())

    asyncio.run(ask_twice())
    start, top, rest, again, whole = sent
    # The start and the top.
    assert seen_before == [2]
    assert b"content-length" not in start
    assert top.endswith(b'<p class="brand"><a href="/">shop</a></p>')
    assert (whole.startswith(top), whole.endswith(b"</html>"), rest) == (
        True,
        True,
        whole[len(top) :],
    )
    assert str(len(whole)).encode() in again


def test_a_proxy_is_told_not_to_wait_for_the_rest() -> None:
    page = Application(console())
    assert get(page, "/").headers["x-accel-buffering"] == "no"
    answer = get(page, "/")
    assert answer.headers["content-length"] == str(len(answer.body))
    assert "x-accel-buffering" not in answer.headers


def test_a_path_that_begins_as_the_prefix_does_is_within_it() -> None:
    assert get(Application(console()), "/check/rows", root_path="/che").status == 200


def test_the_query_is_read() -> None:
    answer = get(Application(console()), "/request?id=r-1", root_path="/status")
    assert (answer.status, answer.headers["location"]) == (303, "/status/request/r-1")


def test_the_cookie_of_a_login_over_https_never_travels_without() -> None:
    shown = service()
    page = Application(Console(access="s3cret", service=lambda: shown))
    form = {"type": "http.request", "body": b"token=s3cret"}
    for scheme, is_secure in (("https", True), ("http", False)):
        scope = scope_of("/login", method="POST", scheme=scheme)
        answer = asyncio.run(ask(page, scope, form))
        assert (answer.status, "; Secure" in answer.headers["set-cookie"]) == (303, is_secure)


def test_a_form_is_read_in_its_parts() -> None:
    shown = service()
    page = Application(Console(access="s3cret", service=lambda: shown))
    parts: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"token=s3", "more_body": True},
        {"type": "http.request", "body": b"cret"},
    ]
    answer = asyncio.run(ask(page, scope_of("/login", method="POST"), *parts))
    assert answer.status == 303


def test_who_tries_too_often_is_known_by_the_address() -> None:
    shown = service()
    page = Application(Console(access="s3cret", service=lambda: shown))

    def guess(address: str) -> int:
        scope = {**scope_of("/login", method="POST"), "client": (address, 7)}
        body = {"type": "http.request", "body": b"token=x"}
        return asyncio.run(ask(page, scope, body)).status

    assert [guess("192.0.2.1") for _ in range(11)] == [401] * 10 + [429]
    assert guess("192.0.2.2") == 401


def test_of_a_form_that_is_too_large_no_more_is_read() -> None:
    asked: list[int] = []

    async def receive() -> dict[str, Any]:
        asked.append(1)
        return {"type": "http.request", "body": b"x" * 8_192, "more_body": True}

    async def send(_message: Any) -> None: ...

    asyncio.run(Application(console())(scope_of("/login", method="POST"), receive, send))
    assert len(asked) == 2


def test_the_access_of_the_host_is_asked_off_the_loop_with_the_scope() -> None:
    asked: list[tuple[str, str]] = []

    def look(scope: Any) -> Any:
        asked.append((scope["path"], threading.current_thread().name))
        return ANN

    shown = service()
    get(Application(Console(access=look, service=lambda: shown)), "/")
    assert asked == [("/", "obskit-console-page")]
    eventually(lambda: "obskit-console-page" not in {each.name for each in threading.enumerate()})


@pytest.mark.parametrize("in_time", [True, False], ids=["the loop goes on", "the loop has ended"])
def test_an_answer_that_nobody_waits_for_any_more_is_no_error(in_time: bool) -> None:
    asked, go_on = threading.Event(), threading.Event()
    complaints: list[object] = []

    def look(_scope: Any) -> Any:
        asked.set()
        go_on.wait(60)
        return ANN

    async def leave() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        page = Application(Console(access=look, service=lambda: shown))
        asking = asyncio.ensure_future(ask(page, scope_of("/")))
        await asyncio.to_thread(asked.wait, 60)
        asking.cancel()
        if in_time:
            go_on.set()
            await asyncio.to_thread(gone)
            await asyncio.sleep(0)

    def gone() -> None:
        eventually(
            lambda: "obskit-console-page" not in {each.name for each in threading.enumerate()}
        )

    shown = service()
    asyncio.run(leave())
    go_on.set()
    gone()
    assert complaints == []


def test_where_no_thread_can_be_begun_it_is_answered_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert get(Application(console()), "/").status == 200


def test_what_the_login_of_the_host_does_leaves_no_telemetry(obskit_capture: Capture) -> None:
    def look(_scope: Any) -> Any:
        with trace.get_tracer("host").start_as_current_span("SELECT user"):
            return ANN

    shown = service()
    page = Application(Console(access=look, service=lambda: shown))
    assert [get(app, "/").status for app in (page, ObskitMiddleware(page))] == [200, 200]
    assert list(obskit_capture.spans) == []


def test_requests_of_the_page_leave_no_telemetry(obskit_capture: Capture) -> None:
    app = ObskitMiddleware(Application(console(BOB)))
    for path in ("/", "/nowhere", "/check/rows"):
        assert get(app, path).request_id
    assert (list(obskit_capture.spans), list(obskit_capture.lines)) == ([], [])


def test_a_websocket_is_refused() -> None:
    scope = scope_of("/events", kind="websocket")
    answer = asyncio.run(ask(Application(console()), scope, {"type": "websocket.connect"}))
    assert answer.messages == [{"type": "websocket.close", "code": 1000}]


def test_alone_it_answers_the_lifespan_of_its_server() -> None:
    incoming = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    answer = asyncio.run(ask(Application(console()), {"type": "lifespan"}, *incoming))
    assert [each["type"] for each in answer.messages] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


def test_a_login_of_the_host_that_hangs_holds_up_no_exit() -> None:
    program = """
        import asyncio, threading
        from tests.asking import ask, scope_of
        from tests.console.given import service
        from obskit.console import Console
        from obskit.console.asgi import Application

        asked, shown = threading.Event(), service()

        def look(_scope):
            asked.set()
            threading.Event().wait()

        async def leave():
            page = Application(Console(access=look, service=lambda: shown))
            asking = asyncio.ensure_future(ask(page, scope_of("/")))
            await asyncio.to_thread(asked.wait)
            asking.cancel()

        asyncio.run(leave())
    """
    command = [sys.executable, "-c", dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, "")
