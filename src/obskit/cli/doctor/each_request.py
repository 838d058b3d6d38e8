"""What each request pays for: functions and patterns of the host's own, what is sampled and written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from obskit.cli.doctor.patient import Finding, Patient
from obskit.clock import SYSTEM_CLOCK
from obskit.config import Config
from obskit.redaction import describe

# Seconds that a call for each value, or for each span, may take; obskit itself takes about a tenth.
_MUCH = 100e-6
# A pattern sees a text of the last size at most, and seldom one so large.
_SIZES = (64, 128, 256, 512, 1_024, 2_048, 4_096)
_TEXT = "GET /orders/17?page=2 took 12.5 ms for ada; " * 94
_MUCH_OF_A_TEXT = 2e-3
_CALLS = 5


def diagnose(patient: Patient) -> Iterator[Finding]:
    """What makes each request of a service slower than it need be.

    Args:
        patient: The service; its app has been imported.
    """
    config = patient.config
    if config.redact is not None:
        yield from _of_calls("redact", partial(config.redact, "page", "2"), "each value")
    for pattern in config.redact_patterns:
        yield from _of_pattern(pattern)
    yield from _of_options(config)
    yield from _of_provider()


def _of_pattern(pattern: str) -> Iterator[Finding]:
    search = re.compile(pattern).search
    # From the smallest on: what takes long for one may never end for the next.
    for size in _SIZES:
        took = _seconds(partial(search, _TEXT[:size]))
        if took > _MUCH_OF_A_TEXT:
            yield Finding(
                f"the pattern {pattern!r} takes {_microseconds(took)} for a text of {size} characters",
                "say it more simply in OBSKIT_REDACT_PATTERNS, or begin it with fixed characters",
            )
            return


def _of_options(config: Config) -> Iterator[Finding]:
    if config.profile_slow_requests is not None:
        yield Finding(
            "each request is sampled for its profile: one that computes may take several times as long",
            "unset OBSKIT_PROFILE_SLOW_REQUESTS when the cause is found (docs/profiles.md)",
            mild=True,
        )
    if config.log_level == "DEBUG":
        yield Finding(
            "every line of DEBUG is written, those of all libraries too",
            "set OBSKIT_LOG_LEVEL=INFO, and DEBUG for a single logger by OBSKIT_LOG_LEVELS",
            mild=True,
        )
    if (
        config.sentry_dsn
        and config.sentry_traces_sample_rate
        and config.exporter("traces") == "otlp"
    ):
        yield Finding(
            f"Sentry traces {config.sentry_traces_sample_rate:.0%} of requests, which have spans already",
            "set SENTRY_TRACES_SAMPLE_RATE=0, unless somebody looks at those",
            mild=True,
        )


def _of_provider() -> Iterator[Finding]:
    """A provider that the app has made by itself: its processors and its sampler."""
    provider: Any = trace.get_tracer_provider()
    active = getattr(provider, "_active_span_processor", None)
    for processor in getattr(active, "_span_processors", ()):
        if isinstance(processor, SimpleSpanProcessor):
            yield Finding(
                "the app adds a SimpleSpanProcessor: each request waits until each of its spans is sent",
                "take a BatchSpanProcessor there",
            )
    sampler = getattr(provider, "sampler", None)
    if sampler is not None:
        name = type(sampler).__name__
        yield from _of_calls(name, partial(sampler.should_sample, None, 1, "GET"), "each span")


def _of_calls(name: str, call: Callable[[], object], often: str) -> Iterator[Finding]:
    try:
        took = _seconds(call)
    except Exception as error:  # the host's own code
        yield Finding(f"{name} fails: {describe(error)}", "mend it", mild=True)
        return
    if took > _MUCH:
        yield Finding(
            f"{name} takes {_microseconds(took)}, and is called for {often}",
            "have it do less: look up what it needs once, and ask nobody over the network",
        )


def _seconds(call: Callable[[], object]) -> float:
    """What a call takes, of several the least: others have the processor too."""
    least = float("inf")
    for _ in range(_CALLS):
        began = SYSTEM_CLOCK.monotonic()
        call()
        least = min(least, SYSTEM_CLOCK.monotonic() - began)
    return least


def _microseconds(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} µs"
