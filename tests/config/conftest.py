"""What the tests of the configuration share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver without TLS."""
    with Receiver() as receiver:
        yield receiver
