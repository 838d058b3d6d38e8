"""What the tests of the way out share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from obskit.config.otlp import Otlp
from obskit.export.transport import Transport


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Transport]]:
    """Makes transports that are closed after the test, in a world without proxies."""
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)
    made: list[Transport] = []

    def one(endpoint: str, **options: Any) -> Transport:
        made.append(Transport(Otlp(endpoint=endpoint, **options), "obskit/1"))
        return made[-1]

    yield one
    for each in made:
        each.close()
