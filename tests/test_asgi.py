"""The ASGI path, over apps of a few lines."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from tests.asking import Answer, ask, get, raising, scope_of, serving

import obskit
from obskit.asgi import ObskitMiddleware
from obskit.capture import Capture

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_without_init_the_app_is_called_as_if_there_were_no_middleware() -> None:
    answer = get(serving())
    assert answer.body == b"ok"
    assert answer.headers == {}


def test_a_request_is_one_story_under_one_id(obskit_capture: Capture) -> None:
    log = obskit.get_logger("shop")
    answer = get(serving(lambda: log.info("order.placed", order_id=7)), "/orders")
    assert answer.request_id == "00000000000000000000000000000001"
    obskit_capture.assert_one_story("00000000000000000000000000000001")
    assert [line["event"] for line in obskit_capture.lines] == ["order.placed", "GET /orders 200"]


def test_the_span_carries_the_stable_attributes(obskit_capture: Capture) -> None:
    get(serving(), "/a/b?page=2&token=abc", {"Host": "shop.example:8080"})
    span = obskit_capture.spans[0]
    assert (span.name, span.kind) == ("GET", SpanKind.SERVER)
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "url.scheme": "http",
        "url.path": "/a/b",
        "url.query": "page=2&token=[redacted]",
        "server.address": "shop.example",
        "server.port": 8080,
        "client.address": "192.0.2.7",
        "network.protocol.version": "1.1",
        "user_agent.original": "test",
        "http.response.status_code": 200,
        "http.response.body.size": 2,
        "obskit.request.id": "00000000000000000000000000000001",
    }


def test_a_request_without_a_host_is_told_of_by_the_servers_address(
    obskit_capture: Capture,
) -> None:
    asyncio.run(ask(serving(), {**scope_of("/"), "headers": []}))
    assert (obskit_capture.spans[0].attributes or {})["server.address"] == "127.0.0.1"


def test_the_duration_is_recorded_once_with_bounded_attributes(obskit_capture: Capture) -> None:
    app = serving(lambda: obskit_capture.clock.advance(0.25))
    for number in range(50):
        get(app, f"/somewhere/{number}")
    assert obskit_capture.metrics()["http.server.request.duration"] == [
        {
            "attributes": {
                "http.request.method": "GET",
                "url.scheme": "http",
                "http.response.status_code": 200,
                "network.protocol.version": "1.1",
            },
            "count": 50,
            "sum": 12.5,
        }
    ]


def test_requests_under_way_are_counted_while_they_last(obskit_capture: Capture) -> None:
    seen: list[Any] = []
    get(serving(lambda: seen.append(obskit_capture.metrics()["http.server.active_requests"])))
    labels = {"http.request.method": "GET", "url.scheme": "http"}
    assert seen == [[{"attributes": labels, "value": 1}]]
    after = obskit_capture.metrics()["http.server.active_requests"]
    assert after == [{"attributes": labels, "value": 0}]


@pytest.mark.parametrize(
    ("status", "level"), [(204, "info"), (404, "warning"), (503, "error")], ids=str
)
def test_the_level_of_the_access_line_follows_the_status(
    obskit_capture: Capture, status: int, level: str
) -> None:
    get(serving(status=status))
    assert [line["level"] for line in obskit_capture.lines] == [level]


def test_an_answer_of_500_marks_the_span_as_failed(obskit_capture: Capture) -> None:
    get(serving(status=500))
    span = obskit_capture.spans[0]
    assert span.status.status_code is trace.StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "500"


def test_what_the_app_raises_goes_on_and_is_told_once(obskit_capture: Capture) -> None:
    error = ValueError("no such row")
    assert get(serving(raising(error)), "/boom").error is error
    span = obskit_capture.spans[0]
    assert [event.name for event in span.events] == ["exception"]
    assert (span.attributes or {})["error.type"] == "ValueError"
    assert [line["event"] for line in obskit_capture.lines] == [
        "Unhandled exception on /boom",
        "GET /boom 500",
    ]
    assert len(obskit_capture.errors) == 1
    obskit_capture.assert_one_story("00000000000000000000000000000001")


def test_an_app_that_answers_500_and_raises_then_is_one_story_with_the_exception(
    obskit_capture: Capture,
) -> None:
    """As Starlette does."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b"sorry"})
        raise ValueError("no such row")

    answer = get(ObskitMiddleware(app))
    assert answer.request_id == "00000000000000000000000000000001"
    obskit_capture.assert_one_story("00000000000000000000000000000001")
    assert (obskit_capture.spans[0].attributes or {})["error.type"] == "ValueError"
    assert len(obskit_capture.errors) == 1


def test_an_exception_that_the_app_logs_and_raises_is_one_error(obskit_capture: Capture) -> None:
    def fail() -> None:
        try:
            raise KeyError("a")
        except KeyError as error:
            obskit.get_logger().exception("lookup.failed")
            raise RuntimeError("order failed") from error

    get(serving(fail))
    assert len(obskit_capture.errors) == 1
    values = obskit_capture.errors[0]["exception"]["values"]
    assert [value["type"] for value in values] == ["KeyError", "RuntimeError"]
    assert values[-1]["mechanism"]["handled"] is False


def test_the_error_tells_of_the_request_without_its_secrets(obskit_capture: Capture) -> None:
    pytest.importorskip("sentry_sdk", reason="sentry-sdk is not installed")
    get(
        serving(raising(ValueError("no such row"))),
        "/pay?token=abc",
        {"Authorization": "Bearer abc", "Accept": "text/html"},
    )
    request = obskit_capture.errors[0]["request"]
    assert request["method"] == "GET"
    assert request["url"] == "http://shop.example/pay"
    assert request["query_string"] == "token=[redacted]"
    assert request["headers"]["Authorization"] == "[Filtered]"
    assert request["headers"]["Accept"] == "text/html"


def test_the_trace_of_a_caller_is_continued(obskit_capture: Capture) -> None:
    answer = get(serving(), headers={"traceparent": TRACEPARENT})
    span = obskit_capture.spans[0]
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"
    assert answer.request_id == "0af7651916cd43dd8448eb211c80319c-0000000000000001"


def test_a_caller_that_is_not_believed_begins_no_trace_and_names_no_id(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("OBSKIT_TRUST_INBOUND", "never")
    obskit.init("shop", log_format="none")
    capture: Capture = request.getfixturevalue("obskit_capture")
    answer = get(serving(), headers={"traceparent": TRACEPARENT, "X-Request-ID": "mine"})
    assert answer.request_id == "00000000000000000000000000000001"
    span = capture.spans[0]
    assert span.parent is None
    assert [f"{link.context.trace_id:032x}" for link in span.links] == [
        "0af7651916cd43dd8448eb211c80319c"
    ]


def test_a_callers_request_id_is_taken_over(obskit_capture: Capture) -> None:
    assert get(serving(), headers={"X-Request-ID": "order-7.retry_2"}).request_id == (
        "order-7.retry_2"
    )
    obskit_capture.assert_one_story("order-7.retry_2")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(header=st.text(st.characters(max_codepoint=255), max_size=200))
def test_any_request_id_is_taken_over_or_replaced_but_never_passed_on_raw(
    obskit_capture: Capture, header: str
) -> None:
    answered = get(serving(), headers={"X-Request-ID": header}).request_id
    safe = 0 < len(header) <= 128 and all(
        c.isascii() and (c.isalnum() or c in "._-") for c in header
    )
    assert (answered == header) is safe
    assert answered.isascii()


def test_the_request_id_of_the_app_itself_gives_way_and_its_message_stays_as_it_is(
    obskit_capture: Capture,
) -> None:
    start = {"type": "http.response.start", "status": 200, "headers": [(b"X-Request-Id", b"mine")]}

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(start)
        await send({"type": "http.response.body"})

    answer = get(ObskitMiddleware(app))
    assert answer.headers == {"x-request-id": "00000000000000000000000000000001"}
    assert start["headers"] == [(b"X-Request-Id", b"mine")]


def test_what_is_bound_and_current_reaches_the_handler_and_ends_with_the_request(
    obskit_capture: Capture,
) -> None:
    seen: list[str | None] = []

    async def two() -> None:
        for path in ("/first", "/second"):
            await ask(app, scope_of(path))
            seen.append(obskit.request_id())
            assert not trace.get_current_span().get_span_context().is_valid

    async def respond(scope: Any, _receive: Any, send: Any) -> None:
        if scope["path"] == "/first":
            obskit.bind(user_id=1)
        seen.append(obskit.request_id())
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    app = ObskitMiddleware(respond)
    asyncio.run(two())
    first, second = "00000000000000000000000000000001", "00000000000000000000000000000002"
    assert seen == [first, None, second, None]
    users = {line["event"]: line.get("user_id") for line in obskit_capture.lines}
    assert users == {"GET /first 200": 1, "GET /second 200": None}


def test_requests_that_run_at_once_keep_their_fields_apart(obskit_capture: Capture) -> None:
    log = obskit.get_logger("shop")

    async def both() -> list[Answer]:
        turn = [asyncio.Event(), asyncio.Event()]

        async def respond(scope: Any, _receive: Any, send: Any) -> None:
            mine = int(scope["path"][1:])
            obskit.bind(user_id=mine)
            turn[mine].set()
            await turn[1 - mine].wait()
            log.info("seen", path=mine)
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body"})

        app = ObskitMiddleware(respond)
        return list(await asyncio.gather(ask(app, scope_of("/0")), ask(app, scope_of("/1"))))

    answers = asyncio.run(both())
    seen = sorted((one for one in obskit_capture.lines if one["event"] == "seen"), key=str)
    by_path = {line["path"]: (line["user_id"], line["request_id"]) for line in seen}
    assert by_path == {number: (number, answers[number].request_id) for number in (0, 1)}


def test_an_app_within_an_app_is_one_span(obskit_capture: Capture) -> None:
    get(ObskitMiddleware(serving()))
    assert len(obskit_capture.spans) == 1


def test_a_sampler_that_raises_leaves_the_request_alone_and_is_counted(
    obskit_capture: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = obskit.default_runtime.current()
    assert runtime is not None
    assert runtime.server is not None
    monkeypatch.setattr(type(runtime.server.tracer), "start_span", raising(ValueError("no")))
    answer = get(serving())
    assert answer.body == b"ok"
    assert len(answer.request_id) == 32
    assert runtime.ledger.snapshot()["traces"]["dropped"] == {"not_begun": 1}
