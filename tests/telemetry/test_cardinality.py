"""Series beyond the limit of an instrument are one series."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import View
from opentelemetry.sdk.resources import Resource
from tests.telemetry.collected import Collected
from tests.telemetry.limited import OTHERS, Limited, told

from obskit.capture import Capture
from obskit.config import load
from obskit.telemetry.cardinality import limit_series, overflowed, overflows
from obskit.telemetry.metrics import build, forget_parent


def test_the_sdk_has_no_limit_of_its_own() -> None:
    """Where this fails the SDK has learnt it, and can be asked to do this instead."""
    collected = Collected()
    counter = collected.meter.create_counter("x")
    for number in range(2_001):
        counter.add(1, {"number": number})
    assert len(collected.values("x")) == 2_001


def test_the_limit_is_that_of_the_configuration() -> None:
    assert load(environ={}).metric_cardinality_limit == 2_000
    limited = Limited(1)
    limited._reader = InMemoryMetricReader()
    config = load(environ={"OBSKIT_METRIC_CARDINALITY_LIMIT": "3"})
    counter = build(config, Resource({}), [limited._reader]).get_meter("t").create_counter("x")
    for number in range(5):
        counter.add(1, {"number": number})
    assert len(limited.values("x")) == 3


def test_the_series_for_all_others_counts_within_the_limit() -> None:
    limited = Limited(4)
    counter = limited.meter.create_counter("x")
    for number in range(3):
        counter.add(1, {"number": number})
    assert set(limited.values("x")) == {(("number", number),) for number in range(3)}
    assert overflowed(limited.provider) == {}
    for number in range(10):
        counter.add(1, {"number": number})
    assert limited.values("x") == {
        **{(("number", number),): 2 for number in range(3)},
        OTHERS: 7,
    }
    assert overflowed(limited.provider) == {"x": 7}


def test_under_a_limit_of_one_everything_is_one_series(caplog: pytest.LogCaptureFixture) -> None:
    limited = Limited(1)
    counter = limited.meter.create_counter("x")
    counter.add(1)
    counter.add(1, {"a": 1})
    assert limited.values("x") == {OTHERS: 2}
    (line,) = told(caplog)
    assert line.startswith("metric x has reached its limit of 1 series. All others are")


@pytest.mark.parametrize(
    ("kind", "method", "others"),
    [
        ("counter", "add", 12),
        ("up_down_counter", "add", 12),
        ("gauge", "set", 5),
        ("histogram", "record", 12),
    ],
)
def test_every_synchronous_instrument_is_limited(kind: str, method: str, others: int) -> None:
    limited = Limited(4)
    measure = getattr(getattr(limited.meter, f"create_{kind}")("x"), method)
    for number in range(6):
        measure(number, {"number": number})
    values = limited.values("x")
    assert len(values) == 4
    assert values[OTHERS] == others


@pytest.mark.parametrize(
    ("kind", "others"), [("counter", 12), ("up_down_counter", 12), ("gauge", 5)]
)
def test_every_asynchronous_instrument_is_limited(
    kind: str, others: int, caplog: pytest.LogCaptureFixture
) -> None:
    """It has the same series at each collection, and is told of by where its callback stands."""
    limited = Limited(4)

    def observe(_options: Any) -> Iterable[Observation]:
        return [Observation(number, {"number": number}) for number in range(6)]

    getattr(limited.meter, f"create_observable_{kind}")("x", [functools.partial(observe)])
    getattr(limited.meter, f"create_observable_{kind}")("y", [observe])
    for _ in range(2):
        values = limited.values("x")
        assert len(values) == 4
        assert values[OTHERS] in {others, 3 + 4 + 5}
    first, second = told(caplog)
    assert first.startswith("metric x ")
    assert second.endswith(f" Measured at {__file__}:{observe.__code__.co_firstlineno}")


def test_a_reader_that_comes_later_begins_anew() -> None:
    limited = Limited(3)
    counter = limited.meter.create_counter("x")
    for number in range(9):
        counter.add(1, {"number": number})
    later = InMemoryMetricReader()
    limited.provider.add_metric_reader(later)
    counter.add(1, {"number": 8})
    assert overflows(limited.provider, later) == []
    for number in range(3):
        counter.add(1, {"number": number})
    (overflow,) = overflows(limited.provider, later)
    assert (overflow.attribute, overflow.distinct, overflow.values) == (
        "number",
        3,
        ("8", "0", "1"),
    )
    assert overflowed(limited.provider) == {"x": 9}


def test_after_a_fork_the_child_counts_anew(caplog: pytest.LogCaptureFixture) -> None:
    limited = Limited(3)
    counter = limited.meter.create_counter("x")
    for number in range(5):
        counter.add(1, {"number": number})
    forget_parent(limited.provider)
    assert overflowed(limited.provider) == {}
    assert limited.values("x") == {}
    for number in range(10, 14):
        counter.add(1, {"number": number})
    assert limited.values("x") == {(("number", 10),): 1, (("number", 11),): 1, OTHERS: 2}
    assert overflowed(limited.provider) == {"x": 2}
    assert len(told(caplog)) == 2


def test_a_host_may_measure_with_the_attribute_itself() -> None:
    limited = Limited(3)
    counter = limited.meter.create_counter("x")
    counter.add(1, {"otel.metric.overflow": True})
    for number in range(3):
        counter.add(1, {"number": number})
    counter.add(1, {"otel.metric.overflow": True})
    assert limited.values("x") == {(("number", 0),): 1, OTHERS: 4}


def test_threads_lose_no_measurement() -> None:
    limited = Limited(50)
    counter = limited.meter.create_counter("x")
    barrier = threading.Barrier(4)

    def work(first: int) -> None:
        barrier.wait(10)
        for number in range(100):
            counter.add(1, {"number": first + number})

    threads = [threading.Thread(target=work, args=(first * 50,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    values = limited.values("x")
    assert len(values) == 50
    assert sum(values.values()) == 400
    assert overflowed(limited.provider) == {"x": values[OTHERS]}


_ATTRIBUTES = st.dictionaries(
    st.text(max_size=3),
    st.text(max_size=3) | st.integers() | st.booleans() | st.lists(st.text(max_size=2)),
    max_size=3,
)


@given(st.lists(_ATTRIBUTES, max_size=12), st.integers(1, 6))
def test_there_are_never_more_series_and_nothing_is_lost(measured: Any, limit: int) -> None:
    limited = Limited(limit)
    counter = limited.meter.create_counter("x")
    for attributes in measured:
        counter.add(1, attributes)
    metric = limited.read().get("x")
    points = metric.data.data_points if metric else ()
    assert len(points) <= limit
    assert sum(point.value for point in points) == len(measured)


def test_series_that_there_were_before_stay() -> None:
    collected = Collected()
    counter = collected.meter.create_counter("x")
    for number in range(5):
        counter.add(1, {"number": number})
    for _ in range(2):
        limit_series(collected.provider, 3)
    counter.add(1, {"number": 4})
    counter.add(1, {"number": 7})
    values = collected.values("x")
    assert (len(values), values[(("number", 4),)], values[OTHERS]) == (6, 2, 1)


def test_only_the_instruments_of_one_meter_may_be_limited() -> None:
    collected = Collected()
    limit_series(collected.provider, 2, "ours")
    for scope in ("ours", "theirs"):
        counter = collected.provider.get_meter(scope).create_counter(scope)
        for number in range(5):
            counter.add(1, {"number": number})
    assert (len(collected.values("ours")), len(collected.values("theirs"))) == (2, 5)
    assert overflowed(collected.provider) == {"ours": 4}


def test_a_view_of_the_host_is_limited_by_what_it_keeps() -> None:
    collected = Collected()
    options: dict[str, Any] = {"metric_readers": [collected._reader], "shutdown_on_exit": False}
    collected._reader = options["metric_readers"][0] = InMemoryMetricReader()
    view = View(instrument_name="x", attribute_keys={"plan"})
    provider = MeterProvider(views=[view], **options)
    limit_series(provider, 3)
    counter = provider.get_meter("test").create_counter("x")
    for number in range(9):
        counter.add(1, {"plan": "free", "number": number})
    assert collected.values("x") == {(("plan", "free"),): 9}


@pytest.mark.parametrize("provider", [None, object()])
def test_a_provider_that_is_not_the_sdks_is_left_as_it_is(provider: Any) -> None:
    limit_series(provider, 3)
    assert overflowed(provider) == {}


def test_10_000_random_urls_are_one_series(obskit_capture: Capture) -> None:
    flask = pytest.importorskip("flask", reason="Flask is not installed")
    from werkzeug.test import create_environ

    import obskit.flask
    from obskit.registry import Registry

    app = flask.Flask("shop")
    obskit.flask.init_app(app, registry=Registry())
    environ = create_environ()
    for number in range(10_000):
        path = f"/{number * 7_919 % 65_536:04x}/{number}"
        body = app.wsgi_app({**environ, "PATH_INFO": path}, lambda *_: lambda _: None)
        getattr(body, "close", lambda: None)()
    (point,) = obskit_capture.metrics()["http.server.request.duration"]
    assert point["count"] == 10_000
    assert point["attributes"]["http.response.status_code"] == 404
