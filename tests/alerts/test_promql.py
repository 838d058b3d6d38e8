"""How Prometheus writes what obskit names."""

from __future__ import annotations

import re

import pytest

from obskit import names
from obskit.alerts.promql import Wanted, by, in_template, label, metric, number, quote, select, span
from obskit.names import Kind, Metric


@pytest.mark.parametrize(
    ("name", "kind", "unit", "expected"),
    [
        ("shop.wait", "histogram", "s", "shop_wait_seconds"),
        ("shop.size", "gauge", "By", "shop_size_bytes"),
        ("shop.orders", "counter", "{order}", "shop_orders_total"),
        ("shop.busy", "counter", "s", "shop_busy_seconds_total"),
        ("shop.share", "gauge", "1", "shop_share_ratio"),
        ("shop.share", "counter", "1", "shop_share_total"),
        ("shop.state", "up_down_counter", "1", "shop_state"),
        ("shop.value", "gauge", "", "shop_value"),
        ("shop.a-b c", "gauge", "", "shop_a_b_c"),
    ],
)
def test_a_metric_is_called_as_the_collector_writes_it(
    name: str, kind: Kind, unit: str, expected: str
) -> None:
    assert metric(Metric(name, kind, unit, "Told.")) == expected


def test_the_parts_of_a_histogram_end_its_name() -> None:
    assert metric(names.OPERATION_DURATION, "count") == "obskit_operation_duration_seconds_count"


def test_an_attribute_is_a_label_without_dots() -> None:
    assert label(names.DEPLOYMENT_ENVIRONMENT_NAME) == "deployment_environment_name"


def test_what_would_end_a_value_is_escaped() -> None:
    assert quote('a "b" \\ \n c') == '"a \\"b\\" \\\\ \\n c"'


def test_a_selector_demands_a_value_one_of_several_or_a_pattern() -> None:
    demands: dict[str, Wanted] = {
        "job": "shop",
        "code": ["a-b", "c.d"],
        "status": re.compile("5.."),
    }
    assert select("up", demands) == 'up{job="shop", code=~"a-b|c\\\\.d", status=~"5.."}'


def test_nothing_is_demanded_by_an_empty_selector() -> None:
    assert select("up", {}) == "up{}"


def test_labels_stand_in_parentheses() -> None:
    assert by() == "()"
    assert by("a", "b") == "(a, b)"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0s"),
        (0.0001, "1ms"),
        (0.0015, "2ms"),
        (59.999, "59s999ms"),
        (60, "1m"),
        (5_400, "1h30m"),
        (86_400, "1d"),
        (604_800 + 60.5, "1w1m500ms"),
    ],
)
def test_a_span_of_time_is_written_in_whole_milliseconds_never_shorter(
    seconds: float, expected: str
) -> None:
    assert span(seconds) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (150.0, "150"),
        (0.1, "0.1"),
        (-3, "-3"),
        (1e9, "1000000000"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
    ],
)
def test_a_number_is_written_as_it_is_read(value: float, expected: str) -> None:
    assert number(value) == expected


def test_an_expression_in_a_template_cannot_end_its_quotes() -> None:
    assert in_template('up{job="a`b"}') == '`up{job="ab"}`'
