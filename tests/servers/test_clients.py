"""What a request does at real servers is told by spans under the request's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis
import sqlalchemy
from opentelemetry.trace import SpanKind, StatusCode
from werkzeug.test import Client

from obskit.capture import Capture
from obskit.wsgi import ObskitMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def request(work: Callable[[], object]) -> str:
    """Serve one request that does this work; its id."""

    def app(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        work()
        start_response("200 OK", [])
        return [b""]

    response = Client(ObskitMiddleware(app)).get("/")
    response.close()
    return response.headers["X-Request-ID"]


def test_a_psycopg_query_is_a_child_of_its_request(
    obskit_capture: Capture, postgresql: str
) -> None:
    def work() -> None:
        with psycopg.connect(postgresql) as connection:
            assert connection.execute("SELECT 1 + 1").fetchone() == (2,)

    request_id = request(work)
    obskit_capture.assert_one_story(request_id)
    (query,) = [span for span in obskit_capture.spans if span.kind is SpanKind.CLIENT]
    (server,) = [span for span in obskit_capture.spans if span.kind is SpanKind.SERVER]
    assert query.parent is not None
    assert server.context is not None
    assert query.parent.span_id == server.context.span_id
    assert (query.attributes or {})["db.query.text"] == "SELECT 1 + 1"
    assert (query.attributes or {})["db.system.name"] == "postgresql"


def test_a_failed_sqlalchemy_query_marks_its_span(obskit_capture: Capture, postgresql: str) -> None:
    engine = sqlalchemy.create_engine(postgresql.replace("postgresql:", "postgresql+psycopg:"))

    def work() -> None:
        with engine.connect() as connection, pytest.raises(sqlalchemy.exc.ProgrammingError):
            connection.execute(sqlalchemy.text("SELECT * FROM no_such_table"))

    request_id = request(work)
    engine.dispose()
    obskit_capture.assert_one_story(request_id)
    failed = [span for span in obskit_capture.spans if span.status.status_code is StatusCode.ERROR]
    assert {(span.attributes or {})["db.query.text"] for span in failed} == {
        "SELECT * FROM no_such_table"
    }


def test_a_redis_command_is_a_child_of_its_request_without_its_values(
    obskit_capture: Capture, redis_server: int
) -> None:
    with redis.Redis(port=redis_server) as client:
        request_id = request(lambda: client.set("basket", "hunter2"))
    obskit_capture.assert_one_story(request_id)
    (command,) = [span for span in obskit_capture.spans if span.kind is SpanKind.CLIENT]
    assert command.name == "SET"
    assert "hunter2" not in str(dict(command.attributes or {}))
