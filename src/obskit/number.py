"""Numbers as people read them."""

from __future__ import annotations

# A float holds each whole number up to here: beyond, digits would be made up.
_MOST = 1e15


def format_number(value: float) -> str:
    """Write a number: six digits of a fraction, and each one of what is large.

    Args:
        value: Any number.

    >>> format_number(3_200_000), format_number(0.125), format_number(1e15)
    ('3200000', '0.125', '1e+15')
    """
    short = f"{value:g}"
    return f"{value:.0f}" if "e+" in short and abs(value) < _MOST else short
