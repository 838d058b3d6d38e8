"""An exception as telemetry tells it: type, message, stack.

An exception may override how its attributes are read and written (`__getattribute__`, a frozen
dataclass): here they are read and written as `BaseException` does it.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any, NamedTuple, cast

from obskit.redaction import CUT, kind_of, message_of, text

# The slots themselves: a class can put nothing in front of them.
_attributes_of = BaseException.__dict__["__dict__"].__get__
_cause_of = BaseException.__dict__["__cause__"].__get__
_context_of = BaseException.__dict__["__context__"].__get__
_suppresses_context = BaseException.__dict__["__suppress_context__"].__get__
_traceback_of = BaseException.__dict__["__traceback__"].__get__

_MAX_STACK = 32_000
# The frames stand at the beginning, the message, which may be the longest part, at the end.
_HEAD = _MAX_STACK // 2
_MOST_CONTAINED = 50
_MARKS = "__obskit__"


class Failure(NamedTuple):
    """An exception, written down.

    Attributes:
        type: The class with its module, as OpenTelemetry names it.
        message: Its text.
        stacktrace: As Python prints it; a long one is cut in the middle.
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
    try:
        kind: Any = type(error)
        module, name = str(kind.__module__), str(kind.__qualname__)
    except Exception:  # a metaclass may make a riddle of it
        return kind_of(error)
    return text(name if module == "builtins" else f"{module}.{name}")


def traceback_of(error: BaseException) -> TracebackType | None:
    """The traceback of an exception, whatever its class makes of attributes."""
    return cast("TracebackType | None", _traceback_of(error))


def contained(error: BaseException) -> Iterator[BaseException]:
    """The exceptions that are told together with one: its causes, contexts and members.

    >>> error = ValueError()
    >>> error.__cause__ = KeyError("row")
    >>> list(contained(error))
    [KeyError('row')]
    """
    seen = {id(error)}
    waiting = [error]
    while waiting and len(seen) < _MOST_CONTAINED:
        one = waiting.pop()
        context = None if _suppresses_context(one) else _context_of(one)
        for other in (_cause_of(one), context, *_members(one)):
            if other is not None and id(other) not in seen:
                seen.add(id(other))
                waiting.append(other)
                yield other


def _members(error: BaseException) -> tuple[BaseException, ...]:
    try:
        members = error.exceptions  # type: ignore[attr-defined]
    except Exception:  # no group
        return ()
    if type(members) is not tuple:
        return ()
    return tuple(one for one in members[:_MOST_CONTAINED] if issubclass(type(one), BaseException))


def _stacktrace(error: BaseException) -> str:
    try:
        told = "".join(traceback.format_exception(type(error), error, traceback_of(error)))
    except Exception as broken:  # a `__str__` or a source loader may raise, or recurse too deep
        return _frames_alone(error, broken)
    if len(told) > _MAX_STACK:
        told = f"{told[:_HEAD]}\n{CUT}\n{told[-_HEAD:]}"
    return text(told)


def _frames_alone(error: BaseException, broken: Exception) -> str:
    try:
        frames = "".join(traceback.format_tb(traceback_of(error)))[:_HEAD]
    except Exception:  # its sources cannot be read either
        frames = ""
    return text(f"{frames}{type_name(error)}: <{kind_of(broken)} when written>\n")


def claim(error: BaseException, what: str, scope: int | None) -> bool:
    """Whether this is the first time that something is done for an exception in a scope.

    The exception carries the mark, so that it is right for as long as the exception lives, in
    whatever thread. Outside scopes an exception that has any mark was done before.

    Args:
        error: The exception.
        what: What is done: a word.
        scope: The number of the request's scope, or None outside requests.

    >>> error = ValueError()
    >>> claim(error, "log", 1), claim(error, "log", 1), claim(error, "log", 2)
    (True, False, True)
    """
    attributes: dict[str, Any] = _attributes_of(error)
    marks: dict[str, int | None] = attributes.get(_MARKS, {})
    if what in marks and scope in {None, marks[what]}:
        return False
    attributes[_MARKS] = {**marks, what: scope}
    return True


def from_exc_info(exc_info: Any) -> BaseException | None:
    """The exception that a logging call means by `exc_info`. Never raises.

    Args:
        exc_info: True for the one being handled, an exception, or a tuple as `sys.exc_info` gives.

    >>> from_exc_info(KeyError("a"))
    KeyError('a')
    """
    kind = type(exc_info)
    if issubclass(kind, BaseException):
        return cast("BaseException", exc_info)
    if kind is tuple:
        return _with_traceback(*exc_info) if len(exc_info) == 3 else None  # noqa: PLR2004
    try:
        return sys.exc_info()[1] if exc_info else None
    except Exception:  # what was given has no truth value
        return None


def _with_traceback(_type: Any, error: Any, stack: Any) -> BaseException | None:
    if not issubclass(type(error), BaseException):
        return None
    if traceback_of(error) is None and isinstance(stack, TracebackType):
        BaseException.with_traceback(error, stack)
    return cast("BaseException", error)
