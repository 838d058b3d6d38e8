"""A pattern that somebody wrote."""

from __future__ import annotations

import re


def compiled(written: str) -> re.Pattern[str]:
    """Compile it.

    Args:
        written: A regular expression.

    Raises:
        ValueError: It is none.

    >>> compiled("order [0-9]+").search("order 17") is not None
    True
    """
    try:
        return re.compile(written)
    except re.error as error:
        raise ValueError(f"pattern is {written!r}: no pattern: {error}") from None
