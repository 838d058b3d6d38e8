"""How a trace goes on from one service to the next."""

from __future__ import annotations

import pytest
from opentelemetry import baggage, propagate
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from obskit.exceptions import ConfigError
from obskit.telemetry import propagators

HERE = baggage.set_baggage(
    "plan",
    "free",
    set_span_in_context(
        NonRecordingSpan(SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(1)))
    ),
)
TRACE = {"traceparent": "00-00000000000000000000000000000abc-0000000000000def-01"}


def sent() -> dict[str, str]:
    """The headers of a request that this service makes."""
    headers: dict[str, str] = {}
    propagate.inject(headers, HERE)
    return headers


@pytest.mark.parametrize(
    ("names", "headers"),
    [
        (("tracecontext",), TRACE),
        (("baggage",), {"baggage": "plan=free"}),
        (("tracecontext", "baggage"), {**TRACE, "baggage": "plan=free"}),
        (("none",), {}),
        ((), {}),
    ],
)
def test_what_is_told_to_the_next_service_is_what_was_chosen(
    names: tuple[str, ...], headers: dict[str, str]
) -> None:
    propagators.install(names)
    assert sent() == headers


def test_every_one_that_is_not_installed_is_named() -> None:
    propagators.install(("tracecontext",))
    with pytest.raises(ConfigError) as raised:
        propagators.install(("b4", "none", "baggage", "jager"))
    assert [problem.partition(": use ")[0] for problem in raised.value.problems] == [
        "propagators holds 'b4' (OTEL_PROPAGATORS)",
        "propagators holds 'jager' (OTEL_PROPAGATORS)",
    ]
    assert sent() == TRACE
