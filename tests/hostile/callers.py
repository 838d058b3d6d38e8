"""Callers who send a header of another value with each request."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from tests.faults import faulty
from tests.hostile.host import PATIENCE, answer, balanced, running

import obskit
from obskit.wsgi import ObskitMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

#: What a caller decides of an environ.
NAMES = (
    *("HTTP_TRACEPARENT", "HTTP_TRACESTATE", "HTTP_BAGGAGE", "HTTP_X_REQUEST_ID"),
    *("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED"),
    *("HTTP_HOST", "HTTP_USER_AGENT", "HTTP_COOKIE", "HTTP_AUTHORIZATION"),
    *("PATH_INFO", "SCRIPT_NAME", "QUERY_STRING", "REQUEST_METHOD", "REMOTE_ADDR"),
    *("SERVER_PROTOCOL", "SERVER_NAME", "wsgi.url_scheme"),
)
_HEADERS = [name for name in NAMES if name.startswith("HTTP_")]
_BETWEEN_LOOKS = 4_000


def hello(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    obskit.get_logger("shop").info("hello")
    start_response("200 OK", [])
    return [b"ok"]


def check_memory(values: int, folder: Path) -> None:
    """Send so many distinct values; fails unless memory stays as it was after the first.

    Args:
        values: How many.
        folder: For everything that is written.
    """
    app, me, sizes = ObskitMiddleware(hello), psutil.Process(), []
    with faulty() as server:
        address = f"http://127.0.0.1:{server.port}"
        with running(folder, log_format="none", **{"otlp.endpoint": address}) as runtime:
            for number in range(values // len(_HEADERS) + 1):
                # As baggage is written: of what is none OpenTelemetry tells, and pytest keeps each line.
                headers = {name: f"{name}={number}" for name in _HEADERS}
                assert answer(app, {"PATH_INFO": f"/{number}", **headers})[0] == "200 OK"
                if number % _BETWEEN_LOOKS == _BETWEEN_LOOKS - 1:
                    runtime.flush(PATIENCE)
                    server.requests.clear()
                    sizes.append(me.memory_info().rss)
            ledger = runtime.ledger.snapshot()
    assert sizes[-1] - sizes[0] < 32 * 1_048_576
    assert balanced(ledger) == dict.fromkeys(ledger, True)
