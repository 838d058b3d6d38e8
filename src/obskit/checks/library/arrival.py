"""A span's way to its store: how long it takes from this process through all that is between."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    format_span_id,
    format_trace_id,
)

from obskit import names
from obskit.checks.judge import Above, above
from obskit.checks.library.http import Endpoint
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status
from obskit.duration import Duration, format_duration, parse_duration
from obskit.export.processors import Spans
from obskit.redaction import describe, redact_url

#: What the span is named.
NAME = "obskit arrival"
_PAUSE = 0.5
# It takes no longer to say whether a span is there.
_LOOK = 5.0
_NOT_YET = 404
_LOGIN = frozenset({401, 403})
_Account = Mapping[str, Any]


@dataclass(frozen=True)
class Arrival:
    """How long a span takes from this process until it can be read in Jaeger, in seconds.

    One span is sent as all others are: it waits for its batch, and nothing is flushed. So the delay
    that is measured is that of the service's own spans, the time that a collector waits for its
    decision on a trace included; the collector's profile for tail sampling keeps it. Give the
    declaration a `timeout` that is longer than this one, and `every` one that is not shorter.

    Args:
        jaeger: The URL of Jaeger's API, as its page has it; a user and password in it are its login.
        timeout: When it is given up: critical, with the hop that did not show it.

    Raises:
        ValueError: The URL is no address of HTTP, or the time-out no span of time.

    >>> Arrival("http://jaeger:16686").default_judge(17.2).state
    'ok'
    """

    # A batch waits five seconds in the process, and a trace ten for its decision.
    default_judge: ClassVar[Above] = above(warning=20, critical=40)
    default_scope: ClassVar[str] = "fleet"

    jaeger: str = field(repr=False)
    timeout: Duration = "50s"

    def __post_init__(self) -> None:
        """Refuse what could never be asked."""
        Endpoint(self.jaeger, timeout=self.timeout)

    def __call__(self) -> Measurement | CheckResult:
        """Send one, and look until it is there.

        Returns:
            The seconds that it took; critical, where it did not come in time. Unknown, where this
            process sends no spans.
        """
        most = parse_duration(self.timeout)
        sent = _send()
        began, before = time.monotonic(), _account()
        if sent is None:
            return CheckResult.unknown(
                "this process sends no spans, or its sampler left this one out: run the check where"
                " obskit.init was called, without isolate, with a sampler that is parentbased_…"
            )
        trace_id = format_trace_id(sent.trace_id)
        details = {"trace_id": trace_id}
        seconds = 0.0
        while True:
            patience = min(_LOOK, max(_PAUSE, most - seconds))
            said, is_final = self._look(trace_id, format_span_id(sent.span_id), patience)
            seconds = time.monotonic() - began
            if not said:
                return Measurement(seconds, "s", "it can be read", details)
            if is_final or seconds + _PAUSE >= most:
                break
            time.sleep(_PAUSE)
        hops = [_left(before, _account()), said]
        waited = format_duration(round(seconds, 1))
        return CheckResult(
            Status.CRITICAL,
            f"a span could not be read {waited} after it was sent: {'; '.join(hops)}",
            seconds,
            "s",
            details,
            evidence=hops,
        )

    def _look(self, trace_id: str, span_id: str, patience: float) -> tuple[str, bool]:
        """What Jaeger says in place of the span, empty where it has it, and whether that is all."""
        url = f"{self.jaeger.partition('?')[0].rstrip('/')}/api/traces/{trace_id}"
        try:
            answer = Endpoint(url, expect_text=span_id, timeout=patience)()
        except OSError as error:
            return f"Jaeger was not reached: {describe(error)}", False
        if isinstance(answer, Measurement):
            return "", True
        status = answer.details["status"]
        if status == _NOT_YET or status in range(200, 300):
            return f"{redact_url(self.jaeger)} does not have it: look at what is in between", False
        if status in _LOGIN:
            return f"Jaeger answered {status}: give user and password in its URL", True
        return f"Jaeger answered {status}: see its log", False


def _send() -> SpanContext | None:
    """Send a span of the run's own trace; None where this process keeps it to itself."""
    run = trace.get_current_span().get_span_context()
    # As if the run were kept: a ratio of traces says nothing of how long they take.
    kept = SpanContext(run.trace_id, run.span_id, False, TraceFlags(TraceFlags.SAMPLED))
    above = trace.set_span_in_context(NonRecordingSpan(kept)) if run.is_valid else Context()
    tracer = trace.get_tracer("obskit")
    span = tracer.start_span(NAME, above, attributes={names.CHECK_NAME: NAME})
    leaves = span.is_recording() and span.get_span_context().trace_flags.sampled
    span.end()
    return span.get_span_context() if leaves else None


def _account() -> _Account | None:
    """What became of this process' spans; None where they leave by another way than obskit's."""
    processor = getattr(trace.get_tracer_provider(), "_active_span_processor", None)
    ways = getattr(processor, "_span_processors", ())
    return next((way.account for way in ways if isinstance(way, Spans)), None)


def _left(before: _Account | None, after: _Account | None) -> str:
    """Whether what had been taken at first has left the process."""
    if before is None or after is None:
        return "this process cannot say whether it was taken: its spans leave by a way of the host's own"
    dropped = sum(after["dropped"].values()) - sum(before["dropped"].values())
    if dropped:
        return f"this process dropped {dropped} spans since: {', '.join(after['dropped'])}"
    if after["spooled"] > before["spooled"]:
        return (
            "this process keeps it on disk: its receiver does not take it (obskit doctor endpoints)"
        )
    if after["accepted"] - after["queued"] < before["accepted"]:
        return (
            "it has not left this process: its receiver does not answer (obskit doctor endpoints)"
        )
    return "this process' receiver took it"
