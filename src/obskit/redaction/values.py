"""Values of any type made plain and bounded, with secrets masked.

Nothing here trusts a value: what it says of itself (`__class__`, `__len__`, a subclass's `__str__`)
may be wrong or raise. So types are asked of `type(value)` and read by the methods of the base.
"""

from __future__ import annotations

import dataclasses
import math
from collections import UserString
from collections.abc import Iterable, Mapping, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from numbers import Integral, Real
from pathlib import PurePath
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from obskit.redaction import rules as redaction_rules
from obskit.redaction.card_numbers import is_card
from obskit.redaction.secret_values import own_word
from obskit.redaction.sensitive import MASK, is_sensitive
from obskit.redaction.texts import (
    CUT,
    MAX_TEXT,
    bounded,
    describe,
    encodable,
    kind_of,
    own_text,
    safe_repr,
    text,
)

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]

_MAX_DEPTH = 6
_MAX_NODES = 1_000
_ROOM = 2 * MAX_TEXT
_MAX_NAME = 256
# Whole numbers of OTLP and of the data bases behind it.
_INT64 = range(-(2**63), 2**63)
_MAX_BITS = 4_096
# Finite, and shorter than the number of a card.
_ORDINARY = 10**12
# Characters of a text that is remembered, and how many are.
_SHORT = 64
_REMEMBERED = 4_096


def plain(value: object, key: str = "") -> Plain:
    """A copy that any sink can write: plain types only, bounded, secrets masked. Never raises.

    Args:
        value: Anything. Its `__repr__` may raise, it may contain itself, it may be huge.
        key: The name that it stands under; a sensitive one masks it whole.

    Returns:
        Text, number, boolean, None, or lists and dictionaries of them. At most 1,000 values, six
        levels deep, a text of at most 32,768 characters, all texts together of twice as many.

    >>> plain({"user": "ann", "password": "hunter2", "tags": {"a"}})
    {'user': 'ann', 'password': '[redacted]', 'tags': ['a']}
    """
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    if kind is str:
        return _text(value, key)  # type: ignore[arg-type]
    if key and is_sensitive(key):
        return MASK
    if (kind is float or kind is int) and -_ORDINARY < value < _ORDINARY:  # type: ignore[operator]
        number: Plain = value if redaction_rules.active.function is None else _own(value, key)  # type: ignore[assignment]
        return number
    return _Copy().of(value, 0, key)


def _text(value: str, key: str) -> Plain:
    """A text made plain. A service says few short ones again and again: they are remembered."""
    memory = redaction_rules.active.memory
    short = len(value) <= _SHORT and len(key) <= _SHORT
    known = memory.get((key, value)) if short else None
    if known is None:
        known = MASK if key and is_sensitive(key) else _own(text(value), key)
        if short:
            if len(memory) >= _REMEMBERED:
                memory.clear()
            memory[key, value] = known
    return known


def leaving(key: str, value: object) -> Any:
    """A value of telemetry as it may leave. A number that is not finite stays one.

    Args:
        key: The name that it stands under; empty for a text by itself.
        value: Anything.

    >>> leaving("shop.ratio", float("inf")), leaving("db.password", 7)
    (inf, '[redacted]')
    """
    if type(value) is float and not (key and is_sensitive(key)):
        return value
    return plain(value, key)


class _Copy:
    """One copy in the making; it knows how much it may still hold."""

    __slots__ = ("nodes", "room")

    def __init__(self) -> None:
        self.nodes = _MAX_NODES
        self.room = _ROOM

    def of(self, value: object, depth: int, key: str = "") -> Plain:
        self.nodes -= 1
        try:
            copied = _scalar(value)
            if copied is _NO_SCALAR:
                copied = self._composite(value, depth)
        except Exception as error:
            return f"<{kind_of(value)}: {kind_of(error)} when read>"
        copied = _own(copied, key)
        return self._fitting(copied) if type(copied) is str else copied

    def _composite(self, value: Any, depth: int) -> Plain:
        pairs = _pairs(value)
        kind = type(value)
        if pairs is None and (kind is memoryview or not issubclass(kind, _SERIES)):
            return safe_repr(value)
        if self.nodes <= 0 or depth >= _MAX_DEPTH:
            return CUT
        return self._sequence(value, depth) if pairs is None else self._mapping(pairs, depth)

    def _mapping(self, pairs: Iterable[tuple[object, object]], depth: int) -> dict[str, Plain]:
        copied: dict[str, Plain] = {}
        for key, inner in pairs:
            if self.nodes <= 0 or self.room <= 0:
                copied[CUT] = CUT
                break
            name = name_of(key)
            self.room -= len(name)
            copied[name] = self._under(name, inner, depth)
        return copied

    def _sequence(self, values: Iterable[object], depth: int) -> list[Plain]:
        copied: list[Plain] = []
        for inner in values:
            if self.nodes <= 0 or self.room <= 0:
                copied.append(CUT)
                break
            copied.append(self._pair(inner, depth) or self.of(inner, depth + 1))
        return copied

    def _pair(self, value: object, depth: int) -> list[Plain] | None:
        """A name and its value, as lists of headers have them."""
        if type(value) is not tuple or len(value) != 2 or type(value[0]) not in {str, bytes}:  # noqa: PLR2004
            return None
        name = name_of(value[0])
        self.nodes -= 1
        return [self._fitting(name), self._under(name, value[1], depth)]

    def _under(self, name: str, value: object, depth: int) -> Plain:
        if value is not None and value is not True and value is not False and is_sensitive(name):
            self.nodes -= 1
            return MASK
        return self.of(value, depth + 1, name)

    def _fitting(self, given: str) -> str:
        fitting = given if len(given) <= self.room else given[: max(0, self.room)] + CUT
        self.room -= len(given)
        return fitting


_SERIES = (Sequence, AbstractSet, ValuesView)


def _pairs(value: Any) -> Iterable[tuple[object, object]] | None:
    """The names and values that a value consists of, or None where it has no names."""
    kind: Any = type(value)
    if issubclass(kind, Mapping):
        items: Iterable[tuple[object, object]] = value.items()
        return items
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return zip(kind._fields, tuple.__iter__(value), strict=False)
    if dataclasses.is_dataclass(kind):
        # A field that the class keeps out of its `repr` is kept out of telemetry.
        shown = (field.name for field in dataclasses.fields(kind) if field.repr)
        return ((name, getattr(value, name)) for name in shown)
    return vars(value).items() if issubclass(kind, SimpleNamespace) else None


_NO_SCALAR: Any = object()
_WRITTEN_AS_TEXT = (timedelta, Decimal, UUID, PurePath, UserString)


def _scalar(value: Any) -> Any:
    """The value itself where it is plain already, its text where that is what people mean by it."""
    kind = type(value)
    if value is None or kind is bool:
        return value
    if issubclass(kind, Enum):
        return _scalar(value.value)
    if issubclass(kind, str):
        return text(str.__str__(value))
    if issubclass(kind, int):
        return _whole(int.__int__(value))
    if issubclass(kind, float):
        return _real(float.__float__(value))
    if issubclass(kind, (bytes, bytearray)):
        return _decoded(memoryview(value))
    if issubclass(kind, (date, time)):
        return bounded(lambda moment: moment.isoformat(), value)
    if issubclass(kind, _WRITTEN_AS_TEXT):
        return bounded(str, value)
    if issubclass(kind, BaseException):
        return describe(value)
    if issubclass(kind, Integral):
        return _whole(int(value))
    if issubclass(kind, Real):
        return _real(float(value))
    return _NO_SCALAR


def _own(copied: Any, key: str) -> Any:
    """A value as the host's own function leaves it."""
    kind = type(copied)
    if redaction_rules.active.function is None or kind in {list, dict, bool} or copied is None:
        return copied
    if kind is str:
        return own_text(copied, key) if key else copied  # without a name `text` has asked already
    left = own_word(key, copied)
    if type(left) is int:
        return _whole(left)
    if type(left) is float:
        return _real(left)
    return encodable(left) if type(left) is str else left


def _whole(number: int) -> int | str:
    if number in _INT64:
        return MASK if is_card(number) and redaction_rules.active.on else number
    # Writing a number in decimal takes time that grows with the square of its length.
    bits = number.bit_length()
    return str(number) if bits <= _MAX_BITS else f"<int: {bits} bits>"


def _real(number: float) -> float | str:
    return number if math.isfinite(number) else str(number)


def _decoded(view: memoryview) -> str:
    decoded = text(view[:MAX_TEXT].tobytes().decode("utf-8", "backslashreplace"))
    return decoded + CUT if view.nbytes > MAX_TEXT and not decoded.endswith(CUT) else decoded


def name_of(key: object) -> str:
    """The name of a field as text: short, and such that it can be encoded. Never raises."""
    if type(key) is str and len(key) <= _MAX_NAME and key.isascii():
        return key
    found = _Copy().of(key, _MAX_DEPTH - 1)
    written = found if isinstance(found, str) else str(found)
    return text(written if len(written) <= _MAX_NAME else written[:_MAX_NAME] + CUT)


def names_and_values(fields: Mapping[Any, object], most: int) -> dict[str, Plain]:
    """Fields made plain, no more of them than so many. Never raises.

    >>> names_and_values({"a": 1, "b": 2}, 1)
    {'a': 1, '…[cut]': '…[cut]'}
    """
    copied: dict[str, Plain] = {}
    for key, value in islice(fields.items(), most):
        usual = type(key) is str and len(key) <= _MAX_NAME and key.isascii()
        name = key if usual else name_of(key)
        copied[name] = plain(value, name)
    if len(fields) > most:
        copied[CUT] = CUT
    return copied
