"""What of redaction a host may choose: whether, e-mail addresses, own patterns, an own function."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

#: Given the name that a value stands under, or "" for a text of its own, and the value.
Function = Callable[[str, Any], Any]


class Rules(NamedTuple):
    """The rules of this process.

    Attributes:
        on: False masks nothing at all.
        emails: Whether e-mail addresses are masked.
        patterns: Regular expressions of the host; what they match is masked.
        function: The host's own last word on each value.
        memory: What short texts became under these rules, by name and text.
    """

    on: bool = True
    emails: bool = False
    patterns: tuple[re.Pattern[str], ...] = ()
    function: Function | None = None
    memory: dict[tuple[str, str], str | int | float | bool | None] = {}  # noqa: RUF012 - of the default rules


#: Read at each use: tests and hosts install others.
active = Rules()
_failures = 0


def install(
    *,
    on: bool = True,
    emails: bool = False,
    patterns: tuple[str, ...] = (),
    function: Function | None = None,
) -> None:
    """Make rules those of this process; without arguments, the defaults.

    Args:
        on: False masks nothing at all.
        emails: Whether e-mail addresses are masked.
        patterns: Regular expressions of the host.
        function: The host's own last word on each value.
    """
    global active, _failures
    compiled = tuple(re.compile(pattern) for pattern in patterns)
    active = Rules(on, emails, compiled, function, {})
    _failures = 0


def count_failure() -> None:
    """The host's function raised, or gave what cannot be written."""
    global _failures
    _failures += 1


def status() -> dict[str, bool | int]:
    """Whether anything is masked, and how often the host's function failed.

    >>> status()
    {'on': True, 'function_failures': 0}
    """
    return {"on": active.on, "function_failures": _failures}
