"""Waiting for something to come true, for a bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(what: str, probe: Callable[[], T | None], *, seconds: float = 30.0) -> T:
    """Ask ``probe`` until it returns something true, and return that.

    Args:
        what: What is awaited, for the message.
        probe: Returns a false value, or raises ``OSError`` or ``LookupError``, while it is not so.
        seconds: When to give up.

    Raises:
        AssertionError: It did not come true; the last answer or error is in the message.
    """
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            answer = probe()
        except (OSError, LookupError) as error:
            last = error
        else:
            if answer:
                return answer
            last = answer
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds:.0f} s: {what} (last: {last!r})")
