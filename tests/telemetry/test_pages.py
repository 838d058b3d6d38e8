"""Page views: what is taken of what a browser says, and what the server tells its script."""

from __future__ import annotations

import math
from typing import Any

import orjson
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.trace import INVALID_SPAN, NonRecordingSpan, SpanContext, TraceFlags

from obskit.capture import StillClock
from obskit.ledger import Ledger
from obskit.telemetry.pages import Pages, View, read
from obskit.telemetry.pipeline import Pipeline, Record

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PAGE = SpanContext(
    0x0AF7651916CD43DD8448EB211C80319C,
    0xB7AD6B7169203331,
    is_remote=True,
    trace_flags=TraceFlags(1),
)


class Taken:
    """What came of page views: records and points."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.clock = StillClock()
        self._reader = InMemoryMetricReader()
        meter = MeterProvider([self._reader], shutdown_on_exit=False).get_meter("test")
        self.pages = Pages(meter, Pipeline([self], Ledger(), clock=self.clock), self.clock)

    def write(self, record: Record) -> None:
        self.records.append(record)

    def points(self) -> set[tuple[str, float, tuple[tuple[str, object], ...]]]:
        data = self._reader.get_metrics_data()
        assert data is not None
        return {
            (metric.name, _sum(point), tuple(sorted((point.attributes or {}).items())))
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
        }

    def exemplars(self) -> set[int | None]:
        data = self._reader.get_metrics_data()
        assert data is not None
        return {
            exemplar.trace_id
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
            for exemplar in point.exemplars
        }


@pytest.fixture
def taken() -> Taken:
    return Taken()


def test_a_view_is_read_as_our_script_sends_it() -> None:
    sent = {"trace": TRACE, "route": "/orders/%3Cid%3E", "values": {"lcp": 1200, "cls": 0.05}}
    assert read(orjson.dumps(sent)) == View({"lcp": 1.2, "cls": 0.05}, "/orders/<id>", PAGE)


def test_a_page_of_which_the_server_told_nothing_is_a_view_too() -> None:
    assert read(b'{"values":{"load":0}}') == View({"load": 0.0}, "", None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"lcp=12",
        b"[]",
        b"null",
        b'"lcp"',
        b"{}",
        b'{"values":{}}',
        b'{"values":[1]}',
        b'{"values":{"lcp":1},"url":"/orders/7"}',
        b'{"values":{"fid":1}}',
        b'{"values":{"lcp":"1"}}',
        b'{"values":{"lcp":true}}',
        b'{"values":{"lcp":null}}',
        b'{"values":{"lcp":-1}}',
        b'{"values":{"lcp":3600001}}',
        b'{"values":{"lcp":NaN}}',
        b'{"values":{"lcp":1e999}}',
        b'{"values":{"cls":1001}}',
        b'{"values":{"lcp":1},"route":7}',
        b'{"values":{"lcp":1},"trace":7}',
        b'{"values":{"lcp":1},"trace":""}',
        b'{"values":{"lcp":1},"trace":"00-zz-b7ad6b7169203331-01"}',
        b'{"values":{"lcp":1},"trace":"01-' + TRACE[3:].encode() + b'"}',
        b'{"values":{"lcp":1},"trace":"' + TRACE.upper().replace("A", "\\u0661").encode() + b'"}',
        b"\xff\xfe",
        b'{"values":' + b'{"lcp":' * 500 + b"1" + b"}" * 501,
    ],
)
def test_what_our_script_does_not_send_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        read(body)


def test_a_page_tells_its_script_its_trace_and_its_route(taken: Taken) -> None:
    told = taken.pages.heading("text/html; charset=utf-8", NonRecordingSpan(PAGE), '/a"b/<id>')
    assert told == f'traceparent;desc="{TRACE}", route;desc="/a%22b/%3Cid%3E"'


@pytest.mark.parametrize("kind", [None, "", "application/json", "text/plain"])
def test_what_is_no_page_tells_nothing(kind: str | None, taken: Taken) -> None:
    assert taken.pages.heading(kind, NonRecordingSpan(PAGE), "/") is None


def test_a_page_without_a_trace_and_a_route_tells_nothing(taken: Taken) -> None:
    assert taken.pages.heading("text/html", INVALID_SPAN, None) is None


def test_moments_and_the_shift_are_histograms_by_the_route_that_is_served(taken: Taken) -> None:
    taken.pages.heading("text/html", INVALID_SPAN, "/orders/<id>")
    taken.pages.record(View({"lcp": 1.2, "inp": 0.2, "cls": 0.05}, "/orders/<id>", None))
    route = ("http.route", "/orders/<id>")
    assert taken.points() == {
        ("obskit.page.timing", 1.2, (route, ("obskit.page.moment", "lcp"))),
        ("obskit.page.timing", 0.2, (route, ("obskit.page.moment", "inp"))),
        ("obskit.page.layout_shift", 0.05, (route,)),
    }


def test_a_route_that_a_browser_makes_up_makes_no_series(taken: Taken) -> None:
    for number in range(50):
        taken.pages.record(View({"lcp": 1.0}, f"/made-up/{number}", None))
    assert taken.points() == {("obskit.page.timing", 50.0, (("obskit.page.moment", "lcp"),))}
    assert all("http.route" not in record.fields for record in taken.records)


def test_a_process_knows_a_thousand_routes_and_no_more(taken: Taken) -> None:
    for number in range(1_000):
        assert taken.pages.heading("text/html", INVALID_SPAN, f"/{number}") is not None
    assert taken.pages.heading("text/html", INVALID_SPAN, "/beyond") is None
    assert taken.pages.heading("text/html", INVALID_SPAN, "/7") == 'route;desc="/7"'


def test_a_view_is_a_record_in_the_trace_of_its_page(taken: Taken) -> None:
    taken.pages.heading("text/html", INVALID_SPAN, "/")
    taken.pages.record(View({"lcp": 1.2, "cls": 0.0}, "/", PAGE))
    (record,) = taken.records
    assert (record.event, record.event_name) == ("page view /", "obskit.page.view")
    assert record.trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert record.span_id == "b7ad6b7169203331"
    assert record.fields == {"obskit.page.lcp": 1.2, "obskit.page.cls": 0.0, "http.route": "/"}
    assert record.on_console is False


def test_a_measurement_leads_to_the_trace_of_its_page(taken: Taken) -> None:
    taken.pages.record(View({"lcp": 1.2}, "", PAGE))
    assert taken.exemplars() == {PAGE.trace_id}


def test_more_views_than_people_make_are_refused_until_time_has_passed(taken: Taken) -> None:
    assert [taken.pages.has_room() for _ in range(201)] == [True] * 200 + [False]
    taken.clock.advance(0.1)
    assert [taken.pages.has_room() for _ in range(6)] == [True] * 5 + [False]
    taken.clock.advance(math.pi * 1e6)
    assert [taken.pages.has_room() for _ in range(201)] == [True] * 200 + [False]


def _sum(point: Any) -> float:
    return float(point.sum)
