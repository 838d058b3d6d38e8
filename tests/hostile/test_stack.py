"""A request that is served when hardly any stack is left, or by a host whose own parts raise."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.sampling import Sampler
from tests.hostile.host import answer, running

import obskit
from obskit import context
from obskit.capture import Capture
from obskit.runtime import Runtime
from obskit.wsgi import ObskitMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HEADERS = {
    "PATH_INFO": "/",
    "QUERY_STRING": "token=abc",
    "HTTP_TRACEPARENT": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "HTTP_BAGGAGE": "a=b",
}


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    with running(tmp_path, log_format="none") as runtime:
        yield runtime


def hello(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


def with_frames_left(frames: int, do: Callable[[], Any]) -> Any:
    """Call when so many frames are left to the interpreter's limit."""
    depth, frame = 0, sys._getframe()
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back

    def down(further: int) -> Any:
        return do() if further <= 0 else down(further - 1)

    return down(sys.getrecursionlimit() - depth - frames)


def test_with_hardly_any_frames_left_a_request_is_answered(runtime: Runtime) -> None:
    """What stays current, or open, would be the next request's."""
    app, server = ObskitMiddleware(hello), runtime.server
    assert server is not None
    for frames in range(20, 130):
        said, _, body = with_frames_left(frames, lambda: answer(app, dict(HEADERS)))
        assert (said, body) == ("200 OK", b"ok"), frames
        assert context.current() is None, frames
        assert not trace.get_current_span().get_span_context().is_valid, frames
    assert set(server._active.values()) == {0}


def test_an_app_without_end_fails_by_its_own_error(runtime: Runtime) -> None:
    def endless(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return endless(environ, start_response)

    with pytest.raises(RecursionError) as raised:
        answer(ObskitMiddleware(endless), dict(HEADERS))
    assert raised.value.__context__ is None
    assert context.current() is None
    assert runtime.server is not None
    assert set(runtime.server._active.values()) == {0}


class Raising(SpanProcessor, Sampler):
    """Of the host's own making."""

    def on_start(self, *_: Any, **__: Any) -> None:
        raise RuntimeError("host")

    on_end = should_sample = on_start  # type: ignore[assignment]

    def get_description(self) -> str:
        return ""


@pytest.mark.parametrize("part", ["sampler", "on_start", "on_end"])
def test_a_part_of_the_host_that_raises_costs_its_record_and_no_request(
    part: str, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, raising = runtime.server, Raising()
    assert server is not None
    if part == "sampler":
        monkeypatch.setattr(server.tracer, "sampler", raising)
    else:
        if part == "on_end":
            monkeypatch.setattr(Raising, "on_start", lambda *_, **__: None)
        runtime.providers.tracer.add_span_processor(raising)
    said, headers, body = answer(ObskitMiddleware(hello), dict(HEADERS))
    assert (said, body) == ("200 OK", b"ok")
    assert len(headers["X-Request-ID"]) >= 32
    assert context.current() is None
    assert set(server._active.values()) <= {0}
    begun = {} if part == "on_end" else {"not_begun": 1}
    assert runtime.ledger.snapshot()["traces"]["dropped"] == begun


def test_what_the_app_raises_reaches_the_server_though_telling_fails(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_environ: WSGIEnvironment, _start_response: StartResponse) -> Iterable[bytes]:
        raise ValueError("no such row")

    monkeypatch.setattr(Raising, "on_start", lambda *_, **__: None)
    runtime.providers.tracer.add_span_processor(Raising())
    with pytest.raises(ValueError, match="no such row") as raised:
        answer(ObskitMiddleware(broken), dict(HEADERS))
    assert raised.value.__context__ is None


def test_a_route_that_cannot_be_found_costs_no_request(runtime: Runtime) -> None:
    def route(_environ: Any) -> str:
        raise LookupError

    said, _, body = answer(ObskitMiddleware(hello, route=route), dict(HEADERS))
    assert (said, body) == ("200 OK", b"ok")


@pytest.mark.parametrize("length", ["9" * 5_000, "²", "-1", ""])
def test_a_length_that_is_none_costs_no_request(length: str, runtime: Runtime) -> None:
    def app(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", length)])
        return [b"ok"]

    assert answer(ObskitMiddleware(app), dict(HEADERS))[2] == b"ok"


def test_schemes_and_versions_of_a_caller_make_no_series_of_their_own(
    obskit_capture: Capture,
) -> None:
    """A proxy may hand over what its client says."""
    app = ObskitMiddleware(hello)
    for number in range(50):
        scheme, version = f"scheme{number}", f"HTTP/1.{number + 2}"
        answer(app, {**HEADERS, "wsgi.url_scheme": scheme, "SERVER_PROTOCOL": version})
    metrics = obskit_capture.metrics()
    labels = {"http.request.method": "GET", "url.scheme": "_OTHER"}
    (point,) = metrics["http.server.request.duration"]
    assert point["attributes"] == {**labels, "http.response.status_code": 200}
    assert point["count"] == 50
    assert metrics["http.server.active_requests"] == [{"attributes": labels, "value": 0}]
    assert (obskit_capture.spans[0].attributes or {})["url.scheme"] == "scheme0"


def test_a_request_id_is_there_after_all_of_that(runtime: Runtime) -> None:
    _, headers, _ = answer(ObskitMiddleware(hello), {"PATH_INFO": "/"})
    assert len(headers["X-Request-ID"]) == 32
    assert obskit.request_id() is None
