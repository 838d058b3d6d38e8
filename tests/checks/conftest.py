"""What the tests of checks are given."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest
from tests.checks.bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def released() -> Iterator[Event]:
    """What hanging checks wait for; at the end none hangs."""
    event = Event()
    yield event
    event.set()
