"""What goes through Django's connections: SQLite's own, in memory."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client
from opentelemetry.trace import SpanKind, StatusCode

import obskit
from obskit.capture import Capture


def queries(capture: Capture) -> list[Any]:
    """The spans of queries."""
    return [span for span in capture.spans if span.kind is SpanKind.CLIENT]


def execute(sql: str, *values: Any) -> None:
    """Execute a statement as a view does that does without the ORM."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_a_query_is_told_below_its_request(client: Client, obskit_capture: Capture) -> None:
    client.get("/users/")
    (query,) = queries(obskit_capture)
    (server,) = [span for span in obskit_capture.spans if span.kind is SpanKind.SERVER]
    assert server.context is not None
    assert query.parent.span_id == server.context.span_id
    assert query.name == "SELECT auth_user"
    assert dict(query.attributes) == {
        "db.system.name": "sqlite",
        "db.operation.name": "SELECT",
        "db.collection.name": "auth_user",
        "db.query.summary": "SELECT auth_user",
        "db.query.text": 'SELECT COUNT(*) AS "__count" FROM "auth_user" WHERE "auth_user"."username" = %s',
    }


def test_values_that_stand_in_a_statement_are_not_told(obskit_capture: Capture) -> None:
    with obskit.span("report"):
        execute("SELECT 1 FROM auth_user WHERE password = 'hunter2' AND id = 4711")
    assert [query.attributes["db.query.text"] for query in queries(obskit_capture)] == [
        "SELECT ? FROM auth_user WHERE password = ? AND id = ?"
    ]


def test_a_query_outside_a_trace_makes_no_span_and_is_measured(obskit_capture: Capture) -> None:
    assert User.objects.count() == 0
    assert obskit_capture.spans == []
    (point,) = obskit_capture.metrics()["db.client.operation.duration"]
    assert point == {
        "attributes": {
            "db.system.name": "sqlite",
            "db.operation.name": "SELECT",
            "db.collection.name": "auth_user",
        },
        "count": 1,
        "sum": 0.0,
    }


def test_a_query_that_fails_is_told_and_raises_what_django_raises(obskit_capture: Capture) -> None:
    with obskit.span("report"), pytest.raises(OperationalError, match="no such table: baskets"):
        execute("SELECT a FROM baskets")
    (query,) = queries(obskit_capture)
    assert query.status.status_code is StatusCode.ERROR
    assert query.attributes["error.type"] == "django.db.utils.OperationalError"
    (point,) = obskit_capture.metrics()["db.client.operation.duration"]
    assert point["attributes"]["error.type"] == "django.db.utils.OperationalError"


@pytest.mark.parametrize(("seconds", "told"), [(0.5, ["db.query.slow"]), (0.25, [])])
def test_a_slow_query_is_a_line(seconds: float, told: list[str], obskit_capture: Capture) -> None:
    connection.ensure_connection()
    connection.connection.create_function("wait", 1, obskit_capture.clock.advance)
    execute("SELECT wait(%s)", seconds)
    assert [line["event"] for line in obskit_capture.lines] == told
    for line in obskit_capture.lines:
        assert line["level"] == "warning"
        assert line["db.query.text"] == "SELECT wait(%s)"
        assert line["db.client.operation.duration"] == 0.5
        assert line["database"] == "default"


def test_a_statement_that_is_repeated_in_one_request_is_a_line(
    client: Client, obskit_capture: Capture
) -> None:
    response = client.get("/one-by-one/")
    (line,) = [line for line in obskit_capture.lines if line["event"] == "db.query.repeated"]
    assert line["times"] == 12
    assert line["db.query.text"].endswith('WHERE "auth_user"."id" = %s LIMIT ?')
    assert line["request_id"] == response.headers["X-Request-ID"]
    obskit_capture.lines.clear()
    client.get("/users/")
    assert [line["event"] for line in obskit_capture.lines] == ["GET /users/ 200"]


def test_many_rows_are_one_span_with_their_number(obskit_capture: Capture) -> None:
    with obskit.span("import"), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE row (a)")
        cursor.executemany("INSERT INTO row VALUES (%s)", [(1,), (2,), (3,)])
        cursor.execute("DROP TABLE row")
    found = [
        (query.name, query.attributes.get("db.operation.batch.size"))
        for query in queries(obskit_capture)
    ]
    assert found == [("CREATE row", None), ("INSERT row", 3), ("DROP row", None)]


def test_an_asynchronous_query_is_told_below_what_asks_for_it(obskit_capture: Capture) -> None:
    async def ask() -> None:
        with obskit.span("report"):
            await User.objects.acount()

    async_to_sync(ask)()
    assert [(span.name, span.parent is None) for span in obskit_capture.spans] == [
        ("SELECT auth_user", False),
        ("report", True),
    ]


def test_a_line_that_a_driver_writes_leaves_the_process(obskit_capture: Capture) -> None:
    """What keeps drivers from telling of a query again keeps no line from its way out."""
    log = obskit.get_logger("shop")
    connection.ensure_connection()
    connection.connection.create_function("tell", 0, lambda: log.info("told") or 1)
    with obskit.span("report"):
        execute("SELECT tell()")
    (query,) = queries(obskit_capture)
    (line,) = obskit_capture.lines
    assert line["span_id"] == f"{query.context.span_id:016x}"


def test_before_init_queries_go_their_way() -> None:
    assert User.objects.count() == 0
