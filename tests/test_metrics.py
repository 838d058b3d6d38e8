"""Counts, gauges and histograms of the host's own."""

from __future__ import annotations

import logging
import threading
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import metrics as otel_metrics
from tests.monsters import MONSTERS
from tests.telemetry.collected import Collected

from obskit import metrics
from obskit.ledger import Ledger


class Measured(Collected):
    """The host's metrics, collected; and the ledger of what could not be taken."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        metrics.install(self.ledger)
        otel_metrics.set_meter_provider(self.provider)

    @property
    def refused(self) -> object:
        account = self.ledger.snapshot()["metrics"]
        assert account["queued"] == 0
        return account["dropped"]


@pytest.fixture
def measured() -> Measured:
    return Measured()


def test_a_count_adds_up_by_attributes(measured: Measured) -> None:
    metrics.count("orders.placed", unit="{order}", plan="free")
    metrics.count("orders.placed", 2, unit="{order}", plan="free")
    metrics.count("orders.placed", 0.5, unit="{order}", plan="paid", beta=True)
    metrics.count("orders.placed", 0, unit="{order}", plan="paid", beta=True)
    assert measured.values("orders.placed") == {
        (("plan", "free"),): 3,
        (("beta", True), ("plan", "paid")): 0.5,
    }
    metric = measured.read()["orders.placed"]
    assert metric.unit == "{order}"
    assert metric.data.is_monotonic
    assert measured.refused == {}


def test_a_gauge_is_what_was_measured_last(measured: Measured) -> None:
    metrics.gauge("queue.length", 5, unit="{job}")
    metrics.gauge("queue.length", -2.5, unit="{job}")
    assert measured.values("queue.length") == {(): -2.5}
    assert measured.read()["queue.length"].unit == "{job}"


def test_a_histogram_holds_every_measurement(measured: Measured) -> None:
    metrics.histogram("import.duration", 1.5)
    metrics.histogram("import.duration", 2)
    (point,) = measured.read()["import.duration"].data.data_points
    assert (point.count, point.sum, point.min, point.max) == (2, 3.5, 1.5, 2)
    assert measured.read()["import.duration"].unit == "s"


@pytest.mark.parametrize("unit", ["", "By", "{order}"])
def test_a_unit_may_be_given(measured: Measured, unit: str) -> None:
    for use in (metrics.count, metrics.gauge, metrics.histogram):
        use(use.__name__, 1, unit=unit)
    assert {name: each.unit for name, each in measured.read().items()} == dict.fromkeys(
        ("count", "gauge", "histogram"), unit
    )


def test_a_count_and_a_gauge_without_unit_have_the_unit_one(measured: Measured) -> None:
    metrics.count("a")
    metrics.gauge("b", 1)
    assert {each.unit for each in measured.read().values()} == {"1"}


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        (Decimal("1.5"), 1.5),
        (Fraction(1, 2), 0.5),
        (2**53 - 1, 2**53 - 1),
        (2**53, 9007199254740992.0),
        (2**80, 2.0**80),
    ],
)
def test_numbers_of_any_make_are_taken(measured: Measured, value: Any, taken: float) -> None:
    metrics.count("x", value)
    assert measured.values("x") == {(): taken}
    assert type(measured.values("x")[()]) is type(taken)


def test_whole_numbers_never_outgrow_what_can_be_sent(measured: Measured) -> None:
    for _ in range(5):
        metrics.count("x", 2**63 - 1)
        metrics.gauge("y", -(2**70))
    assert measured.values("x") == {(): pytest.approx(5 * 2.0**63)}
    assert measured.values("y") == {(): -(2.0**70)}


@pytest.mark.parametrize(
    "value",
    [None, "5", True, float("nan"), float("inf"), Decimal("nan"), Decimal("sNaN"), 10**400, 1j, []],
    ids=repr,
)
def test_what_is_no_number_is_counted_and_harms_nobody(measured: Measured, value: Any) -> None:
    metrics.count("x", value)
    metrics.gauge("x", value)
    metrics.histogram("x", value)
    assert measured.read() == {}
    assert measured.refused == {"not_a_number": 3}


def test_a_negative_count_or_measurement_is_counted(measured: Measured) -> None:
    metrics.count("x", -1)
    metrics.histogram("y", -0.5)
    assert measured.read() == {}
    assert measured.refused == {"negative": 2}


@pytest.mark.parametrize("name", ["", "a b", "1a", "é", "x" * 256, None, 5, ["a"]])
def test_a_bad_name_is_counted_and_harms_nobody(measured: Measured, name: Any) -> None:
    metrics.count(name)
    assert measured.refused == {"refused_by_the_sdk": 1}


@pytest.mark.parametrize("unit", ["x" * 64, "é", 5])
def test_a_bad_unit_is_counted_and_harms_nobody(measured: Measured, unit: Any) -> None:
    metrics.count("x", unit=unit)
    assert measured.refused == {"refused_by_the_sdk": 1}


@pytest.mark.parametrize("name", MONSTERS)
def test_no_argument_makes_it_raise(measured: Measured, name: str) -> None:
    make: Any = MONSTERS[name]
    metrics.count("x", make(), field=make())
    metrics.gauge("y", 1, field=make())
    metrics.histogram(make(), 1, unit=make())
    metrics.gauge("last", 1)
    assert measured.values("last") == {(): 1}
    assert isinstance(measured.refused, dict)


@given(st.dictionaries(st.text(max_size=5), st.text() | st.integers() | st.floats() | st.none()))
def test_attributes_of_any_kind_can_be_sent(attributes: dict[str, Any]) -> None:
    collected = Collected()
    collected.meter.create_counter("x").add(1, metrics._bounded("x", attributes))
    assert len(collected.values("x")) == 1


def test_attributes_without_bounds_are_left_out_and_counted(measured: Measured) -> None:
    dotted: dict[str, Any] = {"User.ID": 7}
    metrics.count("x", request_id="1", plan="free", **dotted)
    assert measured.values("x") == {(("plan", "free"),): 1}
    assert measured.refused == {"attribute_without_bounds": 1}


@pytest.mark.parametrize(
    "name",
    [
        *("request_id", "trace_id", "span_id", "user_id", "session_id"),
        *("request.id", "trace.id", "span.id", "user.id", "session.id", "obskit.request.id"),
        *("Request-Id", "enduser.id"),
    ],
)
def test_an_attribute_that_is_left_out_is_told_of_once_for_each_metric(
    measured: Measured, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    attributes: dict[str, Any] = {name: "a"}
    for metric in ("x", "x", "y"):
        metrics.count(metric, **attributes)
    assert (measured.values("x"), measured.values("y")) == ({(): 2}, {(): 1})
    code = test_an_attribute_that_is_left_out_is_told_of_once_for_each_metric.__code__
    assert [(record.name, record.levelname) for record in caplog.records] == [
        ("obskit.metrics", "WARNING")
    ] * 2
    assert [record.getMessage() for record in caplog.records] == [
        f"metric {metric}: attribute {name} was left out, which would make a series for each of its"
        " values; put it on a span or in a log line."
        f" Measured at {__file__}:{code.co_firstlineno + 13}"
        for metric in ("x", "y")
    ]


def test_the_warning_of_an_attribute_costs_no_count(measured: Measured) -> None:
    def refuse(_record: logging.LogRecord) -> bool:
        raise OSError("no room")

    logging.getLogger("obskit.metrics").addFilter(refuse)
    metrics.count("x", user_id=7)
    assert measured.values("x") == {(): 1}


def test_names_that_only_begin_alike_are_taken(measured: Measured) -> None:
    metrics.count("x", user_id_kind="guest", request="a")
    assert measured.values("x") == {(("request", "a"), ("user_id_kind", "guest")): 1}
    assert measured.refused == {}


def test_of_more_than_16_attributes_the_first_are_taken(measured: Measured) -> None:
    attributes: dict[str, Any] = {f"a{number:02}": number for number in range(17)}
    metrics.count("x", **attributes)
    del attributes["a16"]
    metrics.count("y", **attributes)
    assert list(measured.values("x")) == [tuple(attributes.items())]
    assert list(measured.values("y")) == [tuple(attributes.items())]
    assert measured.refused == {"too_many_attributes": 1}


def test_values_are_short_plain_and_no_secrets(measured: Measured) -> None:
    metrics.count("x", password="hunter2", long="x" * 300, tags=["a"], none=None, big=2**70)
    (attributes,) = measured.values("x")
    assert dict(attributes) == {
        "password": "[redacted]",
        "long": "x" * 256,
        "tags": "['a']",
        "none": "None",
        "big": str(2**70),
    }


def test_on_a_hosts_provider_all_beyond_the_limit_are_one_series(measured: Measured) -> None:
    for number in range(2_010):
        metrics.count("x", number=number)
    metrics.count("x", number=0)
    metrics.count("y", number=2_005)
    values = measured.values("x")
    assert len(values) == 2_000
    assert values[("otel.metric.overflow", True),] == 11
    assert values[("number", 0),] == 2
    assert measured.values("y") == {(("number", 2_005),): 1}
    assert measured.refused == {}


def test_the_limit_may_be_another(measured: Measured) -> None:
    metrics.install(measured.ledger, 3)
    for number in range(5):
        metrics.count("x", number=number)
    assert len(measured.values("x")) == 3


def test_beyond_1000_instruments_no_more_are_made(measured: Measured) -> None:
    for number in range(1_003):
        metrics.gauge(f"user.m{number}", number)
    metrics.gauge("user.m5", 7)
    assert len(measured.read()) == 1_000
    assert measured.values("user.m5") == {(): 7}
    assert measured.refused == {"too_many_instruments": 3}


def test_a_provider_that_is_set_later_is_used() -> None:
    metrics.install(Ledger())
    metrics.count("x")
    measured = Collected()
    otel_metrics.set_meter_provider(measured.provider)
    metrics.count("x", 2)
    assert measured.values("x") == {(): 2}


def test_after_install_the_provider_of_that_time_is_used(measured: Measured) -> None:
    metrics.count("x")
    other = Collected()
    otel_metrics._internal._METER_PROVIDER = other.provider
    metrics.install(Ledger())
    metrics.count("x", 5)
    assert (measured.values("x"), other.values("x")) == ({(): 1}, {(): 5})


def test_threads_lose_no_count(measured: Measured) -> None:
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait(10)
        for number in range(200):
            metrics.count(f"x.m{number % 20}", plan="free")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [measured.values(f"x.m{number}") for number in range(20)]
    assert found == [{(("plan", "free"),): 80}] * 20
