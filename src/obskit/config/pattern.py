"""A regular expression, looked at before it is used: could it take time without end?"""

from __future__ import annotations

import sys
from typing import Any

if sys.version_info >= (3, 11):
    import re._constants as constants  # type: ignore[import-not-found,import-untyped,unused-ignore]
    import re._parser as parser  # type: ignore[import-not-found,import-untyped,unused-ignore]
else:
    import sre_constants as constants
    import sre_parse as parser

# Fewer rounds than these cost little, whatever is repeated.
_MANY = 8


def repeats_within_repeats(pattern: str) -> bool:
    """Whether a repetition that varies stands inside another: time may grow exponentially.

    Other patterns may be slow as well, such as `(a|a)+b`: nobody can tell them all. That is why a
    pattern sees a bounded text only.

    Args:
        pattern: A regular expression that compiles.

    >>> repeats_within_repeats(r"(a+)+"), repeats_within_repeats(r"[a-z]+-[0-9]{4,9}")
    (True, False)
    """
    return _repeats(parser.parse(pattern), within=False)


def _repeats(node: Any, *, within: bool) -> bool:
    """Whether a part of a parsed pattern repeats a varying number of times inside a repetition."""
    if isinstance(node, (parser.SubPattern, list)):
        return any(_repeats(one, within=within) for one in node)
    if not isinstance(node, tuple):
        return False
    if len(node) == 2 and node[0] in {constants.MAX_REPEAT, constants.MIN_REPEAT}:  # noqa: PLR2004
        least, most, inner = node[1]
        if within and most not in {least, 1}:
            return True
        return _repeats(inner, within=within or most >= _MANY)
    return any(_repeats(one, within=within) for one in node)
