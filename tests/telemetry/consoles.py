"""A console that a test can read."""

from __future__ import annotations

import io
import re
import sys
from typing import Any

import pytest
from hypothesis import strategies as st

from obskit.telemetry.console import Console
from obskit.telemetry.pipeline import Record

ANY_TEXT = st.text(st.characters(codec=None), max_size=80)
COLORS = re.compile("\x1b\\[[0-9]+m")


class Stream(io.StringIO):
    """A stream that may be a terminal, and of any encoding."""

    def __init__(self, *, encoding: str = "utf-8", terminal: bool = False) -> None:
        super().__init__()
        self._encoding = encoding
        self._terminal = terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._terminal


def record(**changes: Any) -> Record:
    given: dict[str, Any] = {
        "timestamp": 1_767_225_600.000001,
        "level": 20,
        "logger": "shop.orders",
        "event": "order.placed",
        "fields": {"order_id": 7},
        "request_id": "request-1",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "span_id": "b7ad6b7169203331",
        "failure": None,
        "event_name": None,
        "on_console": True,
        "to_backend": True,
    }
    return Record(**given | changes)


def written(
    monkeypatch: pytest.MonkeyPatch,
    one: Record,
    format: str = "json",
    *,
    stream: Any = None,
    limit: int = 65_536,
    service: dict[str, Any] | None = None,
) -> str:
    stream = Stream() if stream is None else stream
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        Console(format, "stderr", limit, service).write(one)
    return str(stream.getvalue())
