"""What may leave the process: values made plain, bounded, and without secrets.

Everything that a host hands to obskit passes through `plain` before it is written or sent: log
fields, span attributes, check details, the locals and headers of an error.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]

#: What stands where a secret was.
MASK = "[redacted]"
#: Ends a text that was cut.
CUT = "…[cut]"

_MAX_DEPTH = 6
_MAX_NODES = 1_000
_MAX_TEXT = 32_768
_MAX_REPR = 1_024
_INT64 = range(-(2**63), 2**64)

# Parts of names, as they stand when everything but letters and digits is removed.
_SENSITIVE = re.compile(
    "passw|passphrase|^pwd|pwd$|secret|token|authorization|cookie|credential|apikey|privatekey"
    "|accesskey|signingkey|sessionid|^session$|csrf|xsrf|^sid$|^auth$|^jwt$|^dsn$|^pin$|^cvv$|^cvc$"
)
_NOT_A_LETTER = re.compile("[^a-z0-9]+")
# Counts and flags about secrets are no secrets: `token_count`, `max_tokens`, `password_changed_at`.
_HARMLESS = re.compile("tokencount|tokens$|tokentype|passwordchanged|passwordage|secretscount")
_QUERY_VALUE = re.compile(r"([?&;]?)([^=&;?#]+)=([^&;#]*)")

_known_keys: dict[str, bool] = {}
_KNOWN_KEYS_LIMIT = 4_096


def is_sensitive(key: str) -> bool:
    """Whether what stands under this key is a secret.

    Args:
        key: A field's, header's or attribute's name. Case and punctuation do not count.

    >>> is_sensitive("X-Api-Key"), is_sensitive("user.password"), is_sensitive("max_tokens")
    (True, True, False)
    """
    known = _known_keys.get(key)
    if known is None:
        bare = _NOT_A_LETTER.sub("", key.lower())
        known = bool(_SENSITIVE.search(bare)) and not _HARMLESS.search(bare)
        if len(_known_keys) < _KNOWN_KEYS_LIMIT:
            _known_keys[key] = known
    return known


def plain(value: object, key: str = "") -> Plain:
    """A copy that any sink can write: plain types only, bounded, secrets masked.

    Args:
        value: Anything. Its `__repr__` may raise, it may contain itself, it may be huge.
        key: The name that it stands under; a sensitive one masks it whole.

    Returns:
        Text, number, boolean, None, or lists and dictionaries of them. At most 1,000 values, six
        levels deep, texts of at most 32,768 characters.

    >>> plain({"user": "ann", "password": "hunter2", "tags": {"a"}})
    {'user': 'ann', 'password': '[redacted]', 'tags': ['a']}
    """
    if value is None or value is True or value is False:
        return value  # type: ignore[return-value]
    if key and is_sensitive(key):
        return MASK
    if type(value) is str:
        return _text(value)
    if type(value) is int and value in _INT64:
        return value
    return _Copy().of(value, 0)


class _Copy:
    """One copy in the making; it knows how much it may still hold."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = _MAX_NODES

    def of(self, value: object, depth: int) -> Plain:
        self.left -= 1
        scalar = _scalar(value)
        if scalar is not _NO_SCALAR:
            return scalar
        if self.left <= 0 or depth >= _MAX_DEPTH:
            return CUT
        try:
            if isinstance(value, Mapping):
                return self._mapping(value.items(), depth)
            if isinstance(value, (Sequence, Set)) and not isinstance(value, memoryview):
                return self._sequence(value, depth)
            if dataclasses.is_dataclass(value) and not isinstance(value, type):
                pairs = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
                return self._mapping(pairs, depth)
        except Exception as error:
            return f"<{type(value).__name__}: {type(error).__name__} when read>"
        return safe_repr(value)

    def _mapping(self, pairs: Any, depth: int) -> dict[str, Plain]:
        copied: dict[str, Plain] = {}
        for key, inner in pairs:
            if self.left <= 0:
                copied[CUT] = CUT
                break
            name = _text(key) if isinstance(key, str) else safe_repr(key)
            copied[name] = MASK if is_sensitive(name) else self.of(inner, depth + 1)
        return copied

    def _sequence(self, values: Any, depth: int) -> list[Plain]:
        copied: list[Plain] = []
        for inner in values:
            if self.left <= 0:
                copied.append(CUT)
                break
            copied.append(self.of(inner, depth + 1))
        return copied


_NO_SCALAR: Any = object()


def _scalar(value: object) -> Any:
    """The value itself where it is plain already, its text where that is what people mean by it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return _scalar(value.value)
    if isinstance(value, str):
        return _text(str.__str__(value))
    if isinstance(value, int):
        number = int(value)
        return number if number in _INT64 else _bounded(str, number)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, (bytes, bytearray)):
        return _text(bytes(value[:_MAX_TEXT]).decode("utf-8", "backslashreplace"))
    if isinstance(value, (date, time)):
        return _bounded(lambda moment: moment.isoformat(), value)
    if isinstance(value, (timedelta, Decimal, UUID, PurePath)):
        return _bounded(str, value)
    if isinstance(value, BaseException):
        return describe(value)
    return _NO_SCALAR


def _text(text: str) -> str:
    if len(text) > _MAX_TEXT:
        text = text[:_MAX_TEXT] + CUT
    # A lone surrogate cannot be encoded as UTF-8.
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text


def _bounded(write: Callable[[Any], str], value: object) -> str:
    try:
        text = write(value)
    except Exception as error:
        return f"<{type(value).__name__}: {type(error).__name__} when written>"
    return _text(text[:_MAX_REPR] + CUT if len(text) > _MAX_REPR else text)


def safe_repr(value: object) -> str:
    """`repr` that never raises and never grows past 1,024 characters.

    >>> class Broken:
    ...     def __repr__(self): raise RuntimeError("no")
    >>> safe_repr(Broken())
    '<Broken: RuntimeError when written>'
    """
    return _bounded(repr, value)


def describe(error: BaseException) -> str:
    """An exception in a line: its type and its message.

    >>> describe(ValueError("no such row"))
    'ValueError: no such row'
    """
    message = message_of(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def message_of(error: BaseException) -> str:
    """An exception's own text, bounded, even when its `__str__` raises."""
    return _bounded(str, error)


def redact_query(query: str) -> str:
    """A URL's query or a form's body with the values of sensitive names masked.

    >>> redact_query("page=2&access_token=abc")
    'page=2&access_token=[redacted]'
    """
    if "=" not in query:
        return query
    return _QUERY_VALUE.sub(
        lambda m: f"{m[1]}{m[2]}={MASK}" if is_sensitive(m[2]) else m[0], query[:_MAX_TEXT]
    )


def redact_url(url: str) -> str:
    """A URL without its user's password and with sensitive query values masked.

    >>> redact_url("postgres://app:hunter2@db/shop?sslmode=require")
    'postgres://app:[redacted]@db/shop?sslmode=require'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    netloc = parts.netloc
    if "@" in netloc:
        user, _, host = netloc.rpartition("@")
        name, colon, _ = user.partition(":")
        netloc = f"{name}:{MASK}@{host}" if colon else netloc
    return urlunsplit(parts._replace(netloc=netloc, query=redact_query(parts.query)))
