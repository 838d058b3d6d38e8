"""Both ways into Prometheus, written and scraped: the same series, and how each of them ends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from . import otlp
from .reading import prometheus
from .stack import Stack
from .waiting import wait_until

# The project's own is five minutes, which no test waits for. Still longer than the second that
# lies between two exports here, as the project's is longer than the minute of an application.
EXPIRATION = "3s"
NO_RECORDED_VALUE = 1


@dataclass(frozen=True)
class Sender:
    """A service with one check, and a Prometheus that has its metrics by one of the ways.

    Attributes:
        stack: Prometheus, and a collector.
        service: Its name.
    """

    stack: Stack
    service: str

    def send(self, flags: int = 0) -> None:
        """One export of the check's status, in two series."""
        states = [
            otlp.number(float(state == "ok"), {"obskit.check.name": "rows", "state": state})
            for state in ("ok", "critical")
        ]
        for point in states:
            point["flags"] = flags
        status = otlp.cumulative_sum("obskit.check.status", "1", states, monotonic=False)
        resource = {
            "service.name": self.service,
            "service.instance.id": "instance-1",
            "deployment.environment.name": "production",
        }
        otlp.send_metrics(self.stack.url("collector_otlp_http"), resource, [status])

    def found(self, window: str = "") -> list[tuple[dict[str, str], float]]:
        """Its series in Prometheus: now, or the last values within a window."""
        series = f'obskit_check_status{{service_name="{self.service}"}}'
        expression = f"last_over_time({series}[{window}])" if window else series
        return prometheus(self.stack.url("prometheus_http"), expression)

    def begin(self) -> None:
        """Send, and wait until both series are there."""
        self.send()
        wait_until("both series are in Prometheus", lambda: len(self.found()) == 2)


@pytest.fixture(scope="module", params=["written", "scraped"])
def way(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Prometheus is configured as the project has it; what is scraped stands in its file."""
    with Stack(tmp_path_factory.mktemp(request.param)) as stack:
        stack.start("prometheus")
        start_collector(stack, scraped=request.param == "scraped")
        yield stack


@pytest.fixture
def sender(way: Stack, request: pytest.FixtureRequest) -> Sender:
    """A service of this test's own."""
    return Sender(way, request.function.__name__)


def start_collector(stack: Stack, *, scraped: bool) -> None:
    if not scraped:
        stack.start("collector")
        return
    stack.start(
        "collector",
        env={"OTELCOL_METRICS_EXPORTERS": "[prometheus]"},
        config=[f"yaml:exporters::prometheus::metric_expiration: {EXPIRATION}"],
    )
    targets = stack.directory / "prometheus" / "etc" / "targets" / "applications.yml"
    targets.write_text(json.dumps([{"targets": [stack.addresses.reach["collector_scrape"]]}]))
    base = stack.url("prometheus_http")
    wait_until("it is scraped", lambda: prometheus(base, 'up{job="applications"} == 1'))


def test_a_series_has_the_same_labels_either_way(sender: Sender) -> None:
    """Job and instance are the application's, not the collector's."""
    sender.begin()
    common = {
        "__name__": "obskit_check_status",
        "job": sender.service,
        "instance": "instance-1",
        "service_name": sender.service,
        "deployment_environment_name": "production",
        "obskit_check_name": "rows",
    }
    assert sorted(sender.found(), key=str) == sorted(
        [({**common, "state": "ok"}, 1.0), ({**common, "state": "critical"}, 0.0)], key=str
    )


def test_a_series_that_is_sent_again_and_again_is_always_there(sender: Sender) -> None:
    """For longer than a silent one is shown."""
    sender.begin()
    for _ in range(5):
        time.sleep(1.0)
        sender.send()
        assert len(sender.found()) == 2


@pytest.mark.parametrize("way", ["scraped"], indirect=True)
def test_a_scraped_series_of_a_sender_that_was_killed_ends(sender: Sender) -> None:
    """Without a word of its sender; its last value can still be read."""
    sender.begin()
    wait_until("both have ended", lambda: sender.found() == [])
    assert len(sender.found(window="1h")) == 2


def test_the_series_of_a_sender_that_ended_well_end_with_it(sender: Sender) -> None:
    """Long before Prometheus would forget them; their last values can still be read."""
    sender.begin()
    sender.send(NO_RECORDED_VALUE)
    wait_until("both have ended", lambda: sender.found() == [])
    assert len(sender.found(window="1h")) == 2
