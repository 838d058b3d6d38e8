"""Signals as text that a database keeps, and back."""

from __future__ import annotations

import json
from dataclasses import is_dataclass
from typing import Any

from obskit.stories.signals import Error, Frame, Line, Raised, Refused, Span, SpanEvent

#: What can be kept. A point is not: of each series only the newest number matters.
Kept = Span | Line | Error | Refused

_KINDS: dict[str, type[Kept]] = {"span": Span, "line": Line, "error": Error, "refused": Refused}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def kind_of(signal: Kept) -> str:
    """Return what a signal is: `span`, `line`, `error` or `refused`."""
    return _NAMES[type(signal)]


def pack(signal: Kept) -> str:
    """Write a signal as JSON: its fields without their names, which a search would find.

    >>> pack(Refused("/v1/logs", 400, "empty"))
    '["/v1/logs", 400, "empty"]'
    """
    text = json.dumps(_fields(signal), ensure_ascii=False, default=_plain)
    # Sentry's JSON may hold half a character, which no file can.
    return text.encode("utf-8", "replace").decode()


def unpack(kind: str, text: str) -> Kept:
    """Read what `pack` wrote.

    Args:
        kind: What `kind_of` said.
        text: What `pack` returned.

    >>> unpack("refused", '["/v1/logs", 400, "empty"]')
    Refused(path='/v1/logs', status=400, reason='empty')
    """
    fields: list[Any] = json.loads(text)
    of_kind = _KINDS[kind]
    if of_kind is Span:
        fields[-1] = tuple(SpanEvent(*event) for event in fields[-1])
    if of_kind is Error:
        fields[2] = tuple(_raised(raised) for raised in fields[2])
    return of_kind(*fields)


def _raised(fields: list[Any]) -> Raised:
    name, message, frames, stacktrace = fields
    return Raised(name, message, tuple(Frame(*frame) for frame in frames), stacktrace)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return _fields(value)
    return value.hex() if isinstance(value, bytes) else repr(value)


def _fields(signal: Any) -> list[Any]:
    return list(vars(signal).values())
