"""Who makes too many series of a metric is told: which attribute, which values, which line."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from tests.telemetry.limited import OTHERS, Limited, told

from obskit.redaction import rules
from obskit.telemetry.cardinality import overflowed, overflows


def test_the_warning_names_the_attribute_its_values_and_the_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    limited = Limited(10)
    duration = limited.meter.create_histogram("shop.duration")
    paths = ["/a", "/b", "/c", "/c", "/b", "/c", "/d", "/e", "/f", "/g", "/h", "/i"]
    for number, path in enumerate(paths):
        attributes = {"plan": "free" if number % 2 else "paid", "path": path, "status": number % 5}
        duration.record(1, attributes)
    line = test_the_warning_names_the_attribute_its_values_and_the_line.__code__.co_firstlineno
    (warning,) = told(caplog)
    assert warning == (
        "metric shop.duration has reached its limit of 10 series: attribute path has 7 values,"
        " among them '/c', '/b', '/a'. All others are one series, otel.metric.overflow=true."
        f" Measured at {__file__}:{line + 8}"
    )


def test_the_values_of_a_warning_are_short_and_no_secrets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    limited = Limited(3)
    by_name, by_shape, long, odd = map(limited.meter.create_counter, "abcd")
    for number in range(4):
        by_name.add(1, {"password": f"hunter{number}"})
        by_shape.add(1, {"cache": f"redis://:hunter{number}@cache/0"})
        long.add(1, {"text": f"{number}" * 500})
        odd.add(1, {"tags": ["a", str(number)]})
    name, shape, cut, listed = told(caplog)
    assert "password has 3 values, among them '[redacted]', '[redacted]', '[redacted]'." in name
    assert "'redis://:[redacted]@cache/0'" in shape
    assert "hunter" not in name + shape
    assert len(cut) < 500 + len(__file__)
    assert "000…, '111" in cut
    assert "tags has 3 values, among them \"('a', '0')\"" in listed


def test_an_instrument_is_told_of_once_whatever_the_number_of_readers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    limited = Limited(3)
    other = InMemoryMetricReader()
    limited.provider.add_metric_reader(other)
    counter = limited.meter.create_counter("x")
    for number in range(9):
        counter.add(1, {"number": number})
    assert len(told(caplog)) == 1
    assert overflowed(limited.provider) == {"x": 7}
    assert [each.instrument for each in overflows(limited.provider, other)] == ["x"]
    limited.provider.remove_metric_reader(other)
    assert overflows(limited.provider, other) == []


class Measuring(logging.Handler):
    """A handler that measures what it is given, and then raises."""

    def __init__(self, counter: Any) -> None:
        super().__init__()
        self._counter = counter

    def emit(self, record: logging.LogRecord) -> None:
        self._counter.add(1, {"line": record.getMessage()})
        raise OSError("no room")


def test_a_log_handler_may_measure_and_raise() -> None:
    limited = Limited(2)
    counter = limited.meter.create_counter("x")
    handler = Measuring(counter)
    logger = logging.getLogger("obskit.metrics")
    logger.addHandler(handler)
    try:
        for number in range(3):
            counter.add(1, {"number": number})
    finally:
        logger.removeHandler(handler)
    assert limited.values("x") == {(("number", 0),): 1, OTHERS: 3}


def test_a_function_that_redacts_may_measure(caplog: pytest.LogCaptureFixture) -> None:
    limited = Limited(2)
    counter = limited.meter.create_counter("x")

    def redact(name: str, value: Any) -> Any:
        counter.add(1, {"name": name})
        return value

    rules.install(function=redact)
    try:
        for number in range(3):
            counter.add(1, {"number": number})
    finally:
        rules.install()
    assert len(told(caplog)) == 1
    assert sum(limited.values("x").values()) > 3


_HOSTS_TESTS = """
from obskit import metrics

def test_of_few_series(obskit_capture):
    for number in range(1_999):
        metrics.count("few", number=number)

def test_of_many_series(obskit_capture):
    for number in range(2_000):
        metrics.count("many", number=number)

def test_of_a_user(obskit_capture):
    metrics.count("logins", user_id=7)

def test_afterwards(obskit_capture):
    metrics.count("many", number=1)
"""


def test_a_test_under_the_fixture_fails_by_series_without_bounds(tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(_HOSTS_TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--rootdir=."]
    environ = {**os.environ, "COLUMNS": "500"}
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environ
    )
    assert "4 passed, 2 errors" in done.stdout, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    file = tmp_path / "test_shop.py"
    assert (
        "metric many has reached its limit of 2000 series: attribute number has 2000 values, among"
        " them 0, 1, 2. All others are one series, otel.metric.overflow=true."
        f" Measured at {file}:10"
    ) in lines
    assert (
        "metric logins: attribute user_id was left out, which would make a series for each of its"
        f" values; put it on a span or in a log line. Measured at {file}:13"
    ) in lines
