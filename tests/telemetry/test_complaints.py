"""What OpenTelemetry writes of callers' wrong headers is bounded, and what is held back is counted."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.hostile.host import answer, lines, running

from obskit.telemetry import complaints
from obskit.wsgi import ObskitMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
HOSTILE = {
    "not the format": {"HTTP_BAGGAGE": "x"},
    "many members": {"HTTP_BAGGAGE": "x," * 180},
    "no token": {"HTTP_BAGGAGE": "a b=1"},
    "too long": {"HTTP_BAGGAGE": "a=" + "x" * 9_000},
    "not ASCII": {"HTTP_BAGGAGE": "a=\xff"},
    "state": {"HTTP_TRACEPARENT": TRACEPARENT, "HTTP_TRACESTATE": "A=1"},
    "long state": {"HTTP_TRACEPARENT": TRACEPARENT, "HTTP_TRACESTATE": "a=1," * 9_000},
}


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which stands still."""
    moment = [7.0]
    monkeypatch.setattr(complaints, "monotonic", lambda: moment[0])
    return moment


def hello(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"ok"]


def written(capture: pytest.CaptureFixture[str]) -> list[str]:
    """What OpenTelemetry's loggers wrote to the console."""
    found = lines(capture.readouterr().err)
    return [line["event"] for line in found if line["logger"].startswith("opentelemetry")]


@pytest.mark.parametrize("kind", HOSTILE)
def test_wrong_headers_make_one_line(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = ObskitMiddleware(hello)
    with running(tmp_path):
        for _ in range(20):
            assert answer(app, {"PATH_INFO": "/", **HOSTILE[kind]})[0] == "200 OK"
    assert len(written(capsys)) == 1


def test_1_000_wrong_headers_of_every_kind_make_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app, kinds = ObskitMiddleware(hello), list(HOSTILE.values())
    with running(tmp_path):
        for number in range(1_000):
            answer(app, {"PATH_INFO": "/", **kinds[number % len(kinds)]})
    assert len(written(capsys)) == 1


def test_a_minute_later_a_line_says_how_many_were_not_written(
    now: list[float], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = ObskitMiddleware(hello)
    with running(tmp_path):
        for value in ("a%", "b", "c"):
            answer(app, {"PATH_INFO": "/", "HTTP_BAGGAGE": value})
        now[0] += 60
        for value in ("d%s", "e"):
            answer(app, {"PATH_INFO": "/", "HTTP_BAGGAGE": value})
    assert written(capsys) == [
        "Baggage list-member `a%` doesn't match the format",
        "Baggage list-member `d%s` doesn't match the format (2 more such lines were not written)",
    ]


def test_the_hosts_own_handlers_are_given_no_more(tmp_path: Path) -> None:
    given: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            given.append(record.name)

    handler, app = Keeping(), ObskitMiddleware(hello)
    logging.getLogger("opentelemetry").addHandler(handler)
    with running(tmp_path, log_format="none"):
        for _ in range(9):
            answer(app, {"PATH_INFO": "/", "HTTP_BAGGAGE": "x"})
    assert given == ["opentelemetry.baggage.propagation"]


def test_beginning_again_adds_no_second_filter(tmp_path: Path) -> None:
    for number in range(2):
        with running(tmp_path / str(number), log_format="none"):
            pass
    assert len(logging.getLogger("opentelemetry.baggage.propagation").filters) == 1
