"""A runtime of a test's own, configured by nothing but what the test says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from obskit.config import load
from obskit.runtime import Runtime


@contextmanager
def running(**given: Any) -> Iterator[Runtime]:
    """A runtime that has started, and is forgotten at the end."""
    given = {"service": "shop", "log_format": "none", **given}
    runtime = Runtime(load(given, environ={}, folder=Path("/nowhere")))
    runtime.start()
    try:
        yield runtime
    finally:
        runtime.forget()
