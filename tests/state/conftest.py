"""What the tests of stores are given."""

from __future__ import annotations

import pytest
from tests.export.spooled import Time


@pytest.fixture
def time() -> Time:
    """A clock that stands still until a test lets time pass by."""
    return Time()
