"""Received text made harmless and short enough for a terminal."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

# Control, format (bidirectional overrides among them), surrogate, private, unassigned.
_UNSAFE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))

# The size of a number → its digits after the point.
_DIGITS = {"ms": ((1, 2), (100, 1)), "s": ((100, 2),)}

# Colours, which many loggers write whether there is a terminal or not.
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def plain(text: str) -> str:
    r"""Replace every character that could move the cursor or reorder what is shown.

    Args:
        text: Text as it was received.

    Returns:
        One line; what was replaced can still be read. Colours are gone.

    >>> print(plain("\x1b[31mred\x1b[2J\nb"))
    red\x1b[2J\nb
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode() if unicodedata.category(char) in _UNSAFE else char
        for char in _COLOUR.sub("", text)
    )


def duration(seconds: float) -> str:
    """Write a duration so that its size is seen at once.

    Args:
        seconds: Seconds, 0 or more.

    >>> duration(0.00034), duration(0.0123), duration(0.34), duration(2.5), duration(100)
    ('0.34 ms', '12.3 ms', '340 ms', '2.50 s', '100 s')
    """
    number, unit = (seconds, "s") if seconds >= 1 else (seconds * 1000, "ms")
    digits = next((digits for below, digits in _DIGITS[unit] if number < below), 0)
    return f"{number:.{digits}f} {unit}"


def time_of_day(seconds: float) -> str:
    """Write an instant as the local time of day.

    Args:
        seconds: Seconds since the Unix epoch.
    """
    return datetime.fromtimestamp(seconds).astimezone().strftime("%H:%M:%S")
