"""Whether `opentelemetry-instrumentation-celery` makes the spans already."""

from __future__ import annotations

import sys
from typing import Any

_MODULE = "opentelemetry.instrumentation.celery"


def is_on() -> bool:
    """Whether it does: then its spans are the only ones, and ours would double them."""
    instrumentor: Any = getattr(sys.modules.get(_MODULE), "CeleryInstrumentor", None)
    return instrumentor is not None and bool(instrumentor().is_instrumented_by_opentelemetry)
