"""What passes between an ASGI server and an app: streams, clients that leave, websockets."""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import Any

import pytest
from opentelemetry import trace
from tests.asking import Message, ask, connect, get, scope_of

import obskit
from obskit.asgi import ObskitMiddleware
from obskit.capture import Capture

START = {"type": "http.response.start", "status": 200, "headers": []}
LAST = {"type": "http.response.body", "body": b""}
LEFT = {"type": "http.disconnect"}


def part(text: bytes) -> Message:
    return {"type": "http.response.body", "body": text, "more_body": True}


def of_span(capture: Capture, number: int = 0) -> dict[str, Any]:
    return dict(capture.spans[number].attributes or {})


def events(capture: Capture) -> list[str]:
    return [line["event"] for line in capture.lines]


def test_a_streamed_response_is_one_story_to_its_last_byte(obskit_capture: Capture) -> None:
    log = obskit.get_logger("shop")
    ended_after: list[int] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(START)
        for number in range(3):
            log.info("part", number=number)
            await send(part(b"part"))
            ended_after.append(len(obskit_capture.spans))
        await send(LAST)
        ended_after.append(len(obskit_capture.spans))

    answer = get(ObskitMiddleware(app), "/stream")
    assert ended_after == [0, 0, 0, 1]
    obskit_capture.assert_one_story(answer.request_id)
    assert events(obskit_capture) == ["part", "part", "part", "GET /stream 200"]
    assert of_span(obskit_capture)["http.response.body.size"] == 12


def test_what_runs_after_the_response_keeps_the_id_and_is_not_the_responses_time(
    obskit_capture: Capture,
) -> None:
    log = obskit.get_logger("shop")

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(START)
        await send(LAST)
        obskit_capture.clock.advance(60)
        log.info("mail.sent")

    answer = get(ObskitMiddleware(app))
    assert events(obskit_capture) == ["GET / 200", "mail.sent"]
    assert {line["request_id"] for line in obskit_capture.lines} == {answer.request_id}
    (point,) = obskit_capture.metrics()["http.server.request.duration"]
    assert point["sum"] == 0


def test_what_is_raised_after_the_response_is_told_once_and_spoils_no_response(
    obskit_capture: Capture,
) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(START)
        await send(LAST)
        raise ConnectionError("no mail server")

    answer = get(ObskitMiddleware(app), "/orders")
    assert str(answer.error) == "no mail server"
    assert events(obskit_capture) == [
        "GET /orders 200",
        "Unhandled exception after the response of /orders",
    ]
    assert len(obskit_capture.errors) == 1
    assert "error.type" not in of_span(obskit_capture)


def test_a_stream_that_breaks_off_is_a_failed_request(obskit_capture: Capture) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(START)
        await send(part(b"part"))
        raise ConnectionError("database gone")

    get(ObskitMiddleware(app))
    assert of_span(obskit_capture)["error.type"] == "ConnectionError"
    assert len(obskit_capture.errors) == 1


def test_trailers_end_the_response_that_announced_them(obskit_capture: Capture) -> None:
    ended_after: list[int] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({**START, "trailers": True})
        await send(LAST)
        ended_after.append(len(obskit_capture.spans))
        await send({"type": "http.response.trailers", "headers": []})
        ended_after.append(len(obskit_capture.spans))

    get(ObskitMiddleware(app))
    assert ended_after == [0, 1]


def test_a_file_that_the_server_sends_ends_the_response(obskit_capture: Capture) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(START)
        await send({"type": "http.response.pathsend", "path": "/nowhere"})
        assert len(obskit_capture.spans) == 1

    assert get(ObskitMiddleware(app)).error is None


def test_a_client_that_leaves_in_the_middle_of_a_stream_ends_the_story_without_an_error(
    obskit_capture: Capture,
) -> None:
    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(part(b"part"))
        assert await receive() == LEFT

    scope = scope_of("/stream")
    asyncio.run(ask(ObskitMiddleware(app), scope, LEFT))
    assert events(obskit_capture) == ["GET /stream 200"]
    assert obskit_capture.errors == []


def test_a_client_that_leaves_before_the_response_is_a_499_and_no_failure(
    obskit_capture: Capture,
) -> None:
    class ClientDisconnect(Exception):
        """As Starlette names it."""

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        await receive()
        raise ClientDisconnect

    asyncio.run(ask(ObskitMiddleware(app), scope_of("/upload"), LEFT))
    assert events(obskit_capture) == ["GET /upload 499"]
    assert obskit_capture.spans[0].status.status_code is trace.StatusCode.UNSET
    assert obskit_capture.errors == []


def test_a_server_that_raises_since_the_client_is_gone_makes_no_error(
    obskit_capture: Capture,
) -> None:
    async def gone(message: Message) -> None:
        if message["type"] == "http.response.body":
            raise OSError("the client is gone")

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(START)
        await send(part(b"part"))

    served: Any = ObskitMiddleware(app)

    async def serve() -> None:
        with pytest.raises(OSError, match="the client is gone"):
            await served(scope_of("/stream"), asyncio.Event().wait, gone)

    asyncio.run(serve())
    assert events(obskit_capture) == ["GET /stream 200"]
    assert obskit_capture.errors == []


def test_an_app_that_never_answers_is_a_500(obskit_capture: Capture) -> None:
    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        return

    get(ObskitMiddleware(app))
    assert events(obskit_capture) == ["GET / 500"]


def test_a_request_that_is_cancelled_ends_and_leaves_nothing_current(
    obskit_capture: Capture,
) -> None:
    begun = asyncio.Event()

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def serve() -> None:
        task = asyncio.create_task(ask(ObskitMiddleware(app), scope_of("/slow")))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(serve())
    assert events(obskit_capture) == ["GET /slow 499"]
    assert obskit_capture.errors == []


def test_an_app_that_is_closed_from_elsewhere_ends_its_story_and_says_nothing_of_contexts(
    obskit_capture: Capture,
) -> None:
    """As the garbage collector does with a task that a loop has forgotten."""

    class Forever:
        def __await__(self) -> Any:
            yield

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        await Forever()

    running = ObskitMiddleware(app)(scope_of("/lost"), Forever, Forever)  # type: ignore[arg-type]
    Context().run(running.send, None)
    running.close()
    assert events(obskit_capture) == ["GET /lost 499"]


def test_a_response_that_is_sent_from_another_task_is_told_under_its_span(
    obskit_capture: Capture,
) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        async def answer() -> None:
            with obskit.span("inner"):
                await send(START)
                await send(LAST)

        await asyncio.create_task(answer())

    get(ObskitMiddleware(app))
    (access,) = obskit_capture.lines
    assert access["span_id"] == "0000000000000001"


def accepting(*more: Message) -> Any:
    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.send", "text": "pong"})
        for message in more:
            await send(message)

    return ObskitMiddleware(app, route=lambda _scope: "/rooms/{name}")


PING = {"type": "websocket.receive", "text": "ping"}


def test_a_websocket_is_one_span_and_one_line_whatever_is_sent_over_it(
    obskit_capture: Capture,
) -> None:
    ended = {"type": "websocket.disconnect", "code": 1001}
    answer = connect(accepting(), "/rooms/7", [*[PING] * 5, ended])
    assert [message["type"] for message in answer.messages] == [
        "websocket.accept",
        *["websocket.send"] * 5,
    ]
    obskit_capture.assert_one_story(answer.request_id)
    assert [span.name for span in obskit_capture.spans] == ["GET /rooms/{name}"]
    attributes = of_span(obskit_capture)
    assert attributes["url.scheme"] == "ws"
    assert attributes["http.response.status_code"] == 101
    assert attributes["obskit.websocket.close_code"] == 1001
    (line,) = obskit_capture.lines
    assert (line["event"], line["obskit.websocket.close_code"]) == ("GET /rooms/7 101", 1001)


def test_how_long_a_websocket_lasts_is_no_duration_of_a_request(obskit_capture: Capture) -> None:
    connect(accepting(), "/rooms/7", [{"type": "websocket.disconnect", "code": 1000}])
    assert "http.server.request.duration" not in obskit_capture.metrics()
    assert "http.server.active_requests" not in obskit_capture.metrics()


def test_a_websocket_that_the_app_refuses_is_a_403(obskit_capture: Capture) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "websocket.close", "code": 1008})

    connect(ObskitMiddleware(app), "/rooms/7", [])
    assert events(obskit_capture) == ["GET /rooms/7 403"]


def test_a_websocket_that_is_refused_with_a_response_has_its_status_and_an_id(
    obskit_capture: Capture,
) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "websocket.http.response.start", "status": 401, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b"no"})

    answer = connect(ObskitMiddleware(app), "/rooms/7", [])
    assert answer.request_id == "00000000000000000000000000000001"
    assert events(obskit_capture) == ["GET /rooms/7 401"]


def test_what_a_websocket_raises_is_one_error(obskit_capture: Capture) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        raise ValueError("no such room")

    answer = connect(ObskitMiddleware(app), "/rooms/7", [])
    obskit_capture.assert_one_story(answer.request_id)
    assert events(obskit_capture) == ["Unhandled exception on /rooms/7", "GET /rooms/7 500"]
    assert len(obskit_capture.errors) == 1


def test_an_error_within_a_websocket_does_not_wait_for_the_end_of_it(
    obskit_capture: Capture,
) -> None:
    reported: list[int] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        try:
            raise ValueError("bad message")
        except ValueError:
            obskit.get_logger().exception("message.refused")
        reported.append(len(obskit_capture.errors))

    connect(ObskitMiddleware(app), "/rooms/7", [])
    assert reported == [1]
    assert len(obskit_capture.errors) == 1
