"""What a drill sends: telemetry that is made up, from an instance of its own, with a mark on each point."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricsData
from opentelemetry.sdk.resources import Resource

from obskit import names
from obskit.cli.alerts.stories import Story
from obskit.config import Config
from obskit.export.answer import Answer
from obskit.export.encoding import Encoder
from obskit.export.encoding.request import assemble
from obskit.export.transport import Transport
from obskit.redaction import leaving
from obskit.telemetry import instruments, metrics
from obskit.version import version

# Seconds for a request, and from one to the next.
_TIMEOUT = 5.0
_INTERVAL = 2.0


class Drill:
    """Tells a story again and again.

    Args:
        config: Where to, and of which service.
        story: What is told.
        mark: What each point is marked with.
        now: The time.

    Attributes:
        answer: What the collector last answered, or None.

    Raises:
        ValueError: The endpoint is no URL, or a header cannot be sent.
    """

    def __init__(self, config: Config, story: Story, mark: str, now: Callable[[], float]) -> None:
        self.answer: Answer | None = None
        self._story = story
        self._mark = {names.DRILL: mark}
        self._now = now
        self._fails = True
        self._sent = float("-inf")
        self._transport = Transport(config.metrics, f"obskit/{version()}")
        self._encoder = Encoder(leaving)
        self._reader = InMemoryMetricReader()
        self._meters = metrics.build(config, resource(config, f"drill-{mark}"), [self._reader])
        meter = self._meters.get_meter("obskit.drill")
        self._recorded = [
            (instruments.instrument(meter, metric), values)
            for metric, values in story.recorded.items()
        ]
        for metric in story.observed(0.0, True):
            instruments.observe(meter, metric, self._points(metric))
        self._record()

    def send(self) -> None:
        """Tell how it stands now, if it is time to."""
        now = self._now()
        if not 0 <= now - self._sent < _INTERVAL:
            self._sent = now
            self.answer = self._post(ended=False)

    def mend(self) -> None:
        """From now on it is well, and is told so at once."""
        if self._fails:
            self._fails = False
            self._record()
        self._sent = float("-inf")
        self.send()

    def close(self) -> None:
        """Say that it is well, and that no series goes on."""
        self.mend()
        self._post(ended=True)
        self._meters.shutdown()
        self._transport.close()

    def _points(self, metric: names.Metric) -> Callable[[], Iterator[Observation]]:
        def points() -> Iterator[Observation]:
            for attributes, value in self._story.observed(self._now(), self._fails)[metric]:
                yield Observation(value, {**attributes, **self._mark})

        return points

    def _record(self) -> None:
        for instrument, (failing, well) in self._recorded:
            attributes, value, many = failing if self._fails else well
            for _ in range(many):
                instrument.record(value, {**attributes, **self._mark})

    def _post(self, *, ended: bool) -> Answer:
        collected: Any = self._reader.get_metrics_data() or MetricsData([])
        parts = [
            (
                self._encoder.scope(of_resource.resource, of_scope.scope),
                self._encoder.metric(metric, ended=ended)[0],
            )
            for of_resource in collected.resource_metrics
            for of_scope in of_resource.scope_metrics
            for metric in of_scope.metrics
        ]
        return self._transport.post(assemble(parts), _TIMEOUT)


def resource(config: Config, instance: str) -> Resource:
    """What made-up telemetry is of: the service, and an instance that is none of its processes.

    Args:
        config: Says which service.
        instance: The instance.
    """
    environment = config.environment
    of_service = {
        names.SERVICE_NAME: config.service,
        names.SERVICE_INSTANCE_ID: instance,
        **({names.DEPLOYMENT_ENVIRONMENT_NAME: environment} if environment else {}),
    }
    return Resource({**config.resource_attributes, **of_service})
