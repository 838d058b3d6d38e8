"""Keeps what a store does out of the host's traces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context as otel_context
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY


@contextmanager
def untraced() -> Iterator[None]:
    """As long as the `with` lasts, instrumented clients make no spans in this thread."""
    quiet = otel_context.set_value(_SUPPRESS_INSTRUMENTATION_KEY, True)
    token = otel_context.attach(quiet)
    try:
        yield
    finally:
        otel_context.detach(token)
