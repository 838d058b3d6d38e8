"""A value of any type as OTLP's `AnyValue`. Nothing here raises, whatever the value is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final

from obskit.export.encoding.wire import DOUBLE, delimited, signed
from obskit.redaction import plain

__all__ = ["any_value", "as_text"]

# Parsers of protocol buffers stop at 100 messages within one another, and a dictionary takes three.
_MAX_DEPTH: Final = 24
_MAX_VALUES: Final = 10_000
_INT64: Final = range(-(2**63), 2**63)
_TRUE: Final = b"\x10\x01"
_FALSE: Final = b"\x10\x00"


def any_value(value: object, key: str = "") -> bytes:
    r"""The body of an `AnyValue`. Never raises.

    Args:
        value: Anything. What is no text, number, bytes, list or dictionary goes as `plain` shows
            it, and so does a list or dictionary of more than 10,000 values or 24 levels.
        key: The name that it stands under, for `plain` to judge by.

    Source: OTLP's `opentelemetry/proto/common/v1/common.proto`.

    >>> any_value("a"), any_value(True), any_value([1])
    (b'\n\x01a', b'\x10\x01', b'*\x04\n\x02\x18\x01')
    """
    kind: type = type(value)
    try:
        if kind in _SCALARS or _is_bounded(value):
            return _message(value)
    except Exception:  # its methods raise, or another thread is changing it
        return _message(plain(value, key))
    return _message(plain(value, key))


def as_text(value: object) -> str:
    """A text as it is; of anything else, what people would write for it. Never raises.

    >>> as_text("a"), as_text(7)
    ('a', '7')
    """
    if issubclass(type(value), str):
        return str.__str__(value)
    return str(plain(value))


_SCALARS: Final = frozenset({str, bool, int, float, bytes, type(None)})


def _is_bounded(value: object) -> bool:
    """Whether it ends: level by level, because what holds itself has no end."""
    level, seen = [value], 1
    for _ in range(_MAX_DEPTH):
        nested: list[object] = []
        for each in level:
            nested.extend(islice(_within(each), _MAX_VALUES + 1 - seen - len(nested)))
        seen += len(nested)
        if seen > _MAX_VALUES:
            return False
        if not nested:
            return True
        level = nested
    return False


def _within(value: Any) -> Any:
    kind = type(value)
    if kind in _SCALARS or issubclass(kind, (str, bytes)):
        return ()
    if issubclass(kind, Sequence):
        return value
    return value.values() if issubclass(kind, Mapping) else ()


def _message(value: Any) -> bytes:
    kind = type(value)
    if kind is str:
        return delimited(b"\x0a", value.encode("utf-8", "backslashreplace"))
    if value is None:
        return b""
    if kind is bool:
        return _TRUE if value else _FALSE
    if issubclass(kind, str):
        return _message(str.__str__(value))
    if issubclass(kind, int):
        whole = int.__int__(value)
        return b"\x18" + signed(whole) if whole in _INT64 else _message(plain(whole))
    if issubclass(kind, float):
        return b"\x21" + DOUBLE.pack(float.__float__(value))
    if issubclass(kind, bytes):
        return delimited(b"\x3a", memoryview(value).tobytes())
    if issubclass(kind, Sequence):
        return delimited(b"\x2a", b"".join([delimited(b"\x0a", _message(each)) for each in value]))
    if issubclass(kind, Mapping):
        return delimited(b"\x32", b"".join([_pair(*pair) for pair in value.items()]))
    return _message(plain(value))


def _pair(key: object, value: object) -> bytes:
    name = (key if type(key) is str else str(key)).encode("utf-8", "backslashreplace")
    body = (delimited(b"\x0a", name) if name else b"") + delimited(b"\x12", _message(value))
    return delimited(b"\x0a", body)
