"""Sizes as people read them."""

from __future__ import annotations

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_STEP = 1024
_ONE_DECIMAL_BELOW = 10


def format_size(count: float) -> str:
    """Write a number of bytes.

    Args:
        count: Zero or more.

    >>> format_size(0), format_size(1536), format_size(134_217_728)
    ('0 B', '1.5 KiB', '128 MiB')
    """
    unit = 0
    while count >= _STEP and unit < len(_UNITS) - 1:
        count, unit = count / _STEP, unit + 1
    decimals = 1 if unit and count < _ONE_DECIMAL_BELOW else 0
    return f"{count:.{decimals}f} {_UNITS[unit]}"
