"""Metrics of an SDK provider with a limit to the series of each instrument."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from tests.telemetry.collected import Collected

from obskit.telemetry.metrics import LimitedProvider

#: The attributes of the series for all others.
OTHERS = (("otel.metric.overflow", True),)


class Limited(Collected):
    """A meter provider with a limit, and a reader in memory."""

    def __init__(self, limit: int) -> None:
        self._reader = InMemoryMetricReader()
        options: dict[str, Any] = {"metric_readers": [self._reader], "shutdown_on_exit": False}
        self.provider = LimitedProvider(limit, **options)
        self.meter = self.provider.get_meter("test")


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The warnings of metrics."""
    records = [record for record in caplog.records if record.name == "obskit.metrics"]
    assert all(record.levelno == logging.WARNING for record in records)
    return [record.getMessage() for record in records]
