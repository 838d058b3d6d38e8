"""What the tests of checks are given: declarations, a clock that stands still, patience."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from obskit.declaration import Check, Place
from obskit.declare import declare

#: How long a test waits for what another thread does, seconds. Only a failing test waits so long.
PATIENCE = 60.0


def check(
    name: str = "rows", subject: Callable[[], object] = lambda: None, **options: Any
) -> Check:
    """A declaration."""
    return declare(name, subject, Place("shop.py", 7), **{"every": "1m", **options})


def eventually(holds: Callable[[], object]) -> None:
    """Wait until something holds.

    Raises:
        AssertionError: It does not for a minute.
    """
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never held"
        time.sleep(0.002)
