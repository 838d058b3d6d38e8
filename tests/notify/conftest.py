"""What the tests of notifications are given."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.export.spooled import Time
from tests.notify.given import NOON
from tests.notify.hook import Hook


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as hook:
        yield hook


@pytest.fixture
def other() -> Iterator[Hook]:
    with Hook() as hook:
        yield hook


@pytest.fixture
def time() -> Time:
    """A clock that stands at noon until a test lets time pass by."""
    time = Time()
    time.seconds = NOON
    return time
