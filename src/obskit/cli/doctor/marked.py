"""One span, line, point and error of the doctor's own, on the way that the service's take."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from inspect import iscoroutinefunction
from typing import Any
from uuid import uuid4

from opentelemetry._logs import SeverityNumber
from opentelemetry.metrics import Observation
from opentelemetry.trace import format_trace_id

from obskit import names
from obskit.cli.alerts.drill import resource
from obskit.clock import SYSTEM_CLOCK
from obskit.config import SIGNALS, Config
from obskit.export import otlp
from obskit.export.budget import within
from obskit.ledger import Ledger
from obskit.telemetry import instruments, logs, metrics, traces
from obskit.telemetry.errors import reporter_of

#: What all that is sent is named.
NAME = "obskit doctor"

_SILENCE = "no answer came in time"


class DoctorError(Exception):
    """Nothing is wrong: `obskit doctor` sends this to see whether it arrives."""


class Marked:
    """Sends one of each, and knows by what it is found again.

    Nothing of it waits on disk, and nothing of the configuration's other ways is used.

    Args:
        config: Where to, and of which service.

    Attributes:
        mark: What the metric's point is marked with.
        trace_id: The trace of the span, the line and the error; 32 hexadecimal digits.
        event_id: The error's.
        heard: What the receiver of errors answered first, or why it did not; None where that cannot be
            heard.
        kept_back: Whether an option of sentry-sdk kept the error from being sent.

    Raises:
        ObskitError: The configuration cannot be used, or wants what is not installed.
        ValueError: An endpoint is no URL, or a header cannot be sent.
    """

    def __init__(self, config: Config) -> None:
        self.mark = secrets.token_hex(8)
        self.event_id = uuid4().hex
        self.trace_id = ""
        self.heard: int | str | None = None
        self.kept_back = False
        self._ledger = Ledger()
        config = _only_sending(config)
        of = resource(config, f"doctor-{self.mark}")
        self._reporter: Any = reporter_of(config)
        self._export = otlp.build(config, self._ledger)
        self._tracer = traces.build(config, of)
        self._logger = logs.build(config, of)
        ways = self._export
        self._meter = metrics.build(config, of, [ways.metrics] if ways.metrics else [])
        if ways.traces:
            self._tracer.add_span_processor(ways.traces)
        if ways.logs:
            self._logger.add_log_record_processor(ways.logs)

    def make(self) -> None:
        """Make one of each. It begins to leave by itself; `flush` waits for that."""
        meter = self._meter.get_meter(NAME)
        instruments.observe(meter, names.CHECK_DURATION, self._points)
        with self._tracer.get_tracer(NAME).start_as_current_span(NAME) as span:
            self.trace_id = format_trace_id(span.get_span_context().trace_id)
            self._write_line()
            if self._reporter is not None:
                self._report()

    def flush(self, signal: str, timeout: float) -> None:
        """Send what there is of a signal, and wait until its receiver has answered.

        Args:
            signal: Of which, or errors.
            timeout: Seconds at most.
        """
        providers: dict[str, Any] = {
            "traces": self._tracer,
            "metrics": self._meter,
            "logs": self._logger,
        }
        if signal == "errors":
            way = partial(self._reporter.flush, timeout)
        else:
            way = partial(providers[signal].force_flush, int(timeout * 1_000))
        # The SDK's own processors know a time-out and do not keep it.
        within(timeout, [way])

    def account(self, signal: str) -> dict[str, Any]:
        """What became of a signal's one record, as the ledger has it."""
        return self._ledger.snapshot()[signal]

    @property
    def reports(self) -> bool:
        """Whether errors are reported."""
        return self._reporter is not None

    def close(self, timeout: float) -> None:
        """End the series, and let go of connections.

        Args:
            timeout: Seconds at most.
        """
        providers: list[Any] = [self._tracer, self._meter, self._logger]
        ways: list[Callable[[], object]] = [one.shutdown for one in providers]
        if self._reporter is not None:
            ways.append(partial(self._reporter.close, timeout))
        within(timeout, ways)
        if self._export.worker:
            self._export.worker.stop()

    def _hear(self, told: int | str | None) -> None:
        if self.heard == _SILENCE:  # what sentry-sdk sends later are reports of its own
            self.heard = told

    def _points(self) -> Iterator[Observation]:
        yield Observation(0.0, {names.CHECK_NAME: NAME, names.DRILL: self.mark})

    def _write_line(self) -> None:
        now = int(SYSTEM_CLOCK.now() * 1e9)
        self._logger.get_logger(NAME).emit(
            timestamp=now,
            observed_timestamp=now,
            severity_number=SeverityNumber.INFO,
            severity_text="INFO",
            body=NAME,
            attributes={names.DRILL: self.mark},
        )

    def _report(self) -> None:
        transport = getattr(getattr(self._reporter, "_client", None), "transport", None)
        if transport is not None:
            self._listen(transport)
        error = DoctorError(f"nothing is wrong: obskit doctor sent this ({self.mark})")
        event, hint = self._reporter.event(error, None, handled=True, logger=NAME)
        event["event_id"] = self.event_id
        self.kept_back = not self._reporter.send((event, hint), None)

    def _listen(self, transport: Any) -> None:
        """Hear what the receiver answers, which sentry-sdk keeps for itself."""
        request = getattr(transport, "_request", None)
        if request is None or iscoroutinefunction(request):
            return
        self.heard = _SILENCE

        def heard(*args: Any, **options: Any) -> Any:
            try:
                answer = request(*args, **options)
            except Exception as error:
                # urllib3 wraps what happened.
                self._hear(type(getattr(error, "reason", error)).__name__)
                raise
            self._hear(getattr(answer, "status", None))
            return answer

        transport._request = heard


def _only_sending(config: Config) -> Config:
    """No sampler leaves the span out, no spool keeps what the doctor sent, no console shows it."""
    ways: dict[str, Any] = {
        f"{signal}_exporter": "otlp" if config.exporter(signal) == "otlp" else "none"
        for signal in SIGNALS
    }
    return replace(
        config, spool_max_bytes=0, traces_sampler="always_on", on_export_error=None, **ways
    )


@contextmanager
def quiet() -> Iterator[None]:
    """While it lasts warnings of the way out stay unsaid: what they tell of is a finding."""
    said = [logging.getLogger(name) for name in ("obskit", "opentelemetry", "sentry_sdk")]
    before = [logger.propagate for logger in said]
    nobody = logging.NullHandler()
    for logger in said:
        logger.propagate = False
        logger.addHandler(nobody)
    try:
        yield
    finally:
        for logger, propagated in zip(said, before, strict=True):
            logger.propagate = propagated
            logger.removeHandler(nobody)
