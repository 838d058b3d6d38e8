"""An exception as telemetry tells it: type, message, stack."""

from __future__ import annotations

import sys
import traceback
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple

from obskit.redaction import CUT, message_of

_MAX_STACK = 32_768


class Failure(NamedTuple):
    """An exception, written down.

    Attributes:
        type: The class with its module, as OpenTelemetry names it.
        message: Its text.
        stacktrace: As Python prints it, the end kept when it is long.
    """

    type: str
    message: str
    stacktrace: str


def of(error: BaseException) -> Failure:
    """Write an exception down. Never raises.

    Args:
        error: The exception.

    >>> of(ValueError("no such row")).type
    'ValueError'
    """
    return Failure(type_name(error), message_of(error), _stacktrace(error))


def type_name(error: BaseException) -> str:
    """The value of `error.type` and `exception.type`: the class, with its module unless built in."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _stacktrace(error: BaseException) -> str:
    try:
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    except Exception as broken:  # a `__str__` or a source loader may raise, or recurse too deep
        return f"<no stack: {type(broken).__name__} when written>"
    return text if len(text) <= _MAX_STACK else CUT + text[-_MAX_STACK:]


def claim(error: BaseException, what: str, scope: str | None) -> bool:
    """Whether this is the first time that something is done for an exception in a scope.

    The exception carries the mark, so that it is right for as long as the exception lives, in
    whatever thread. Outside scopes an exception that has any mark was done before.

    Args:
        error: The exception.
        what: What is done: a word.
        scope: The request's id, or None outside requests.

    >>> error = ValueError()
    >>> claim(error, "log", "a"), claim(error, "log", "a"), claim(error, "log", "b")
    (True, False, True)
    """
    marks: dict[str, str | None] = getattr(error, "__obskit__", {})
    if what in marks and scope in {None, marks[what]}:
        return False
    with suppress(Exception):  # a class may forbid new attributes: then it is told twice
        error.__obskit__ = {**marks, what: scope}  # type: ignore[attr-defined]
    return True


def from_exc_info(exc_info: Any) -> BaseException | None:
    """The exception that a logging call means by `exc_info`.

    Args:
        exc_info: True for the one being handled, an exception, or a tuple as `sys.exc_info` gives.

    >>> from_exc_info(KeyError("a"))
    KeyError('a')
    """
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return _with_traceback(*exc_info) if len(exc_info) == 3 else None  # noqa: PLR2004
    return sys.exc_info()[1] if exc_info else None


def _with_traceback(
    _type: Any, error: BaseException | None, stack: TracebackType | None
) -> BaseException | None:
    if isinstance(error, BaseException) and error.__traceback__ is None and stack is not None:
        error.__traceback__ = stack
    return error if isinstance(error, BaseException) else None
