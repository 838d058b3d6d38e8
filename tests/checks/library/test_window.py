"""Counting lines within a window."""

from __future__ import annotations

from obskit.checks.library.window import Window


def test_memory_is_bounded_also_while_nobody_asks() -> None:
    window = Window("1m")
    for number in range(10_000):
        window.add("boom", float(number))
    assert len(window._counts) == 61
    assert len(window._lines) == 50
