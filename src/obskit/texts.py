"""Texts that can be written anywhere: bounded, encodable, without passwords, made of anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from obskit.sensitive import redact_url, redact_written

#: Ends a text that was cut.
CUT = "…[cut]"
#: Characters that a text may have.
MAX_TEXT = 32_768

_MAX_REPR = 1_024
_MAX_KIND = 256


def text(given: str) -> str:
    """A text that can be encoded, bounded, with no password in its URLs.

    >>> text("from redis://:hunter2@cache/0")
    'from redis://:[redacted]@cache/0'
    """
    head = given[:MAX_TEXT]
    # A lone surrogate cannot be encoded as UTF-8.
    if not head.isascii():
        head = head.encode("utf-8", "backslashreplace").decode("utf-8")
    head = redact_url(head)
    if len(given) > MAX_TEXT or len(head) > MAX_TEXT:
        return head[:MAX_TEXT] + CUT
    return head


def kind_of(value: object) -> str:
    """The name of a value's class. Never raises."""
    try:
        name = str.__str__(type(value).__name__)
    except Exception:  # a metaclass may make a riddle of it
        return "object"
    return text(name[:_MAX_KIND])


def bounded(write: Callable[[Any], str], value: object) -> str:
    """What `write` makes of a value, at most 1,024 characters of it. Never raises."""
    try:
        written = str.__str__(write(value))
    except Exception as error:
        return f"<{kind_of(value)}: {kind_of(error)} when written>"
    return text(written[:_MAX_REPR] + CUT if len(written) > _MAX_REPR else written)


def safe_repr(value: object) -> str:
    """`repr` that never raises, never grows past 1,024 characters, and shows no `password='…'`.

    >>> class Broken:
    ...     def __repr__(self): raise RuntimeError("no")
    >>> safe_repr(Broken())
    '<Broken: RuntimeError when written>'
    """
    return redact_written(bounded(repr, value))


def describe(error: BaseException) -> str:
    """An exception in a line: its type and its message.

    >>> describe(ValueError("no such row"))
    'ValueError: no such row'
    """
    message = message_of(error)
    return f"{kind_of(error)}: {message}" if message else kind_of(error)


def message_of(error: BaseException) -> str:
    """An exception's own text, bounded, even when its `__str__` raises."""
    return bounded(str, error)
