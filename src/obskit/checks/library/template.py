"""What lines of a log have in common: a line without its numbers, ids and quoted texts."""

from __future__ import annotations

import re

_MAX_LINE = 1_000
_QUOTED = re.compile(r""""[^"]*"|(?<!\w)'[^']*'""")
_VARIABLE = re.compile(
    r"\b(?:"
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"  # a UUID may have groups of letters
    r"|[^\W\d]*\d\w*"
    r"|[0-9a-fA-F]{8,}\b"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b"
    r")"
)


def template_of(line: str) -> str:
    """Reduce a line to what does not vary: words with a digit, ids, dates and quoted texts go.

    Args:
        line: A line of a log; what lies beyond 1,000 characters is not looked at.

    >>> template_of('2024-01-31 10:02:03 ERROR order 17 of "Ada": timeout after 2.5s')
    '#-#-# #:#:# ERROR order # of "": timeout after #.#'
    """
    return " ".join(_VARIABLE.sub("#", _QUOTED.sub('""', line[:_MAX_LINE])).split())
