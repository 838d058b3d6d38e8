"""Where the time of a block goes: a sample of its stack, kept as a log record.

>>> from obskit.profile import profile
>>> with profile("import", slower_than="2s"):
...     rows = list(range(3))
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from obskit.clock import SYSTEM_CLOCK
from obskit.duration import parse_duration


@contextmanager
def profile(name: str, *, slower_than: str | float = 0.0) -> Iterator[None]:
    """Take a sample of the stack while a block runs, or a function that is no coroutine.

    What the block raises goes on; its profile is kept all the same. Where the task is sampled
    already, the block runs without, and the ledger counts it.

    Args:
        name: What the block is called.
        slower_than: A block that took less time is forgotten: seconds, or such as `"2s"`.

    Raises:
        MissingExtra: pyinstrument is not installed.
        ValueError: `slower_than` is no duration.
    """
    from obskit.telemetry import stacks

    least = parse_duration(slower_than) if slower_than else 0.0
    sample, began = stacks.begin(), SYSTEM_CLOCK.monotonic()
    try:
        yield
    finally:
        took = SYSTEM_CLOCK.monotonic() - began
        if sample is not None:
            stacks.end(sample, name, took, keep=took >= least)
