"""Texts that can be written anywhere: bounded, encodable, without passwords, made of anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from obskit.redaction import rules as redaction_rules
from obskit.redaction.secret_values import own_word, redact_values
from obskit.redaction.sensitive import redact_url, redact_written

#: Ends a text that was cut.
CUT = "…[cut]"
#: Characters that a text may have.
MAX_TEXT = 32_768

_MAX_REPR = 1_024
_MAX_KIND = 256
# A secret that a cut went through would no longer be known by its shape.
_MARGIN = 512


def text(given: str) -> str:
    """A text that can be encoded, bounded, without secrets that can be told from other text.

    >>> text("from redis://:hunter2@cache/0")
    'from redis://:[redacted]@cache/0'
    """
    head = given[: MAX_TEXT + _MARGIN]
    if not head.isascii():
        head = encodable(head)
    head = redact_values(redact_url(head))
    if redaction_rules.active.function is not None:
        head = own_text(head)
    if len(given) > MAX_TEXT or len(head) > MAX_TEXT:
        return head[:MAX_TEXT] + CUT
    return head


def own_text(given: str, key: str = "") -> str:
    """A text as the host's own function leaves it: what is no text any more is written as one."""
    if redaction_rules.active.function is None:
        return given
    left = own_word(key, given)
    return encodable(left if type(left) is str else str(left))


def encodable(given: str) -> str:
    """A text that can be encoded: a lone surrogate cannot be."""
    if given.isascii():
        return given
    return given.encode("utf-8", "backslashreplace").decode("utf-8")


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
    shown = text(written[: _MAX_REPR + _MARGIN])
    if len(shown) <= _MAX_REPR and len(written) <= _MAX_REPR + _MARGIN:
        return shown
    return shown[:_MAX_REPR] + CUT


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
