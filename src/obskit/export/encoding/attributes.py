"""Attributes as OTLP's `KeyValue`s, redacted, and remembered as bytes.

Most attributes of a service are few pairs said again and again. Such a pair is redacted and encoded
once; later it costs three look-ups.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from opentelemetry.attributes import BoundedAttributes

from obskit.export.encoding.values import any_value, as_text
from obskit.export.encoding.wire import DOUBLE, delimited, varint
from obskit.redaction import MASK

__all__ = ["Attributes"]

#: Pairs that are remembered, and of them those under one key.
MAX_PAIRS: Final = 8_192
MAX_PAIRS_OF_KEY: Final = 1_024
#: Texts without a key, as names of spans, and keys.
MAX_TEXTS: Final = 2_048
#: Characters of a key or a value, and bytes of what is remembered for them.
MAX_CHARACTERS: Final = 128
MAX_BYTES: Final = 512

# Texts so short that they and what stands around them have lengths of one byte.
_SHORT: Final = 126
_packed: Final = DOUBLE.pack
_SMALL: Final = range(-1, 10_000)


class Attributes:
    """Encodes attributes and remembers the bytes.

    What is remembered is bounded, and forgotten as a whole when it is full. Threads need no lock:
    every look-up and every entry is one step of a dictionary, and what two of them encode is equal.
    """

    __slots__ = ("_bodies", "_keys", "_pairs", "_redact", "_remembered", "_texts")

    def __init__(self, redact: Callable[[str, Any], Any]) -> None:
        self._redact = redact
        # By type first: 1, True and 1.0 are one key of a dictionary, and three values of OTLP.
        self._pairs: dict[type, dict[str, _Values]] = {str: {}, int: {}, bool: {}, float: {}}
        self._remembered = 0
        self._keys: dict[str, bytes] = {}
        self._texts: dict[str, bytes] = {}
        self._bodies: dict[str, bytes] = {}

    def fields(self, tag: bytes, attributes: Any) -> bytes:
        """All attributes, each as a field of this tag. Never raises.

        Args:
            tag: The tag that the message around them has for them.
            attributes: A mapping, or None.
        """
        if type(attributes) is BoundedAttributes:
            # Its own iterator takes longer than all the encoding.
            attributes = attributes._dict
        elif type(attributes) is not dict:
            attributes = _copy(attributes)
        if not attributes:
            return b""
        known, pieces = self._pairs, []
        try:
            for key, value in attributes.items():
                try:
                    pieces.append(known[type(value)][key][value])
                except Exception:  # a new key, a rare type, or a class that has no hash
                    pieces.append(self._pair(key, value))
        except RuntimeError:  # another thread adds one
            return self.fields(tag, attributes.copy())
        return tag + tag.join(pieces)

    def text(self, tag: bytes, text: Any) -> bytes:
        """A text that has no key, as the name of a span; nothing where there is none."""
        if not text:
            return b""
        known = self._texts.get(text) if type(text) is str else None
        return tag + (known or self._text(text))

    def body(self, body: Any) -> bytes:
        """The body of a log record: any value, as `AnyValue` with its length."""
        if type(body) is not str:
            return delimited(b"", any_value(self._redacted("", body)))
        known = self._bodies.get(body)
        if known is None:
            known = delimited(b"", any_value(self._redacted("", body)))
            _remember(self._bodies, body, known)
        return known

    def _text(self, text: Any) -> bytes:
        redacted = as_text(self._redacted("", text))
        encoded = delimited(b"", redacted.encode("utf-8", "backslashreplace"))
        _remember(self._texts, text, encoded)
        return encoded

    def _pair(self, key: Any, value: Any) -> bytes:
        """A `KeyValue` with its length, whose key is new or whose value is of a rare type."""
        if type(key) is not str or len(key) > MAX_CHARACTERS:
            # What only equals a text, as a number that is a key, is nothing to look up by.
            name = as_text(key)
            return self.encode(name, _head(name), value)
        head = self._keys.get(key)
        if head is None:
            head = _head(key)
            _remember(self._keys, key, head)
        kind: type = type(value)
        if kind is not str and kind is not int and kind is not bool and kind is not float:
            return self.encode(key, head, value)
        self._make_room()
        values = (_Reals if kind is float else _Values)(self, key, head)
        return self._pairs[kind].setdefault(key, values)[value]

    def encode(self, key: str, head: bytes, value: Any) -> bytes:
        """A `KeyValue` with its length; nothing of it is remembered.

        Args:
            key: The key.
            head: All that stands before the value.
            value: The value, as it was given.
        """
        try:
            value = self._redact(key, value)
        except Exception:  # what cannot be judged must not leave
            value = MASK
        kind = type(value)
        if kind is str:
            text = value.encode("utf-8", "backslashreplace")
            length = len(text)
            if length < _SHORT:
                body = b"%b%c\x0a%c%b" % (head, length + 2, length, text)
                return varint(len(body)) + body
        return delimited(b"", delimited(head, any_value(value, key)))

    def _redacted(self, key: str, value: Any) -> Any:
        try:
            return self._redact(key, value)
        except Exception:  # what cannot be judged must not leave
            return MASK

    def _make_room(self) -> None:
        """Counts one more that is remembered."""
        self._remembered += 1
        if self._remembered > MAX_PAIRS:
            self._remembered = 1
            for pairs in self._pairs.values():
                pairs.clear()


class _Values(dict[Any, bytes]):
    """The pairs of one key, by their values, which are of one type; encodes what is missing."""

    __slots__ = ("_attributes", "_head", "_key")

    def __init__(self, attributes: Attributes, key: str, head: bytes) -> None:
        self._attributes = attributes
        self._key = key
        self._head = head

    def __missing__(self, value: Any) -> bytes:
        piece = self._attributes.encode(self._key, self._head, value)
        kind = type(value)
        if kind is int and value not in _SMALL:  # seldom said again
            return piece
        if (kind is str and len(value) > MAX_CHARACTERS) or len(piece) > MAX_BYTES:
            return piece
        self._attributes._make_room()
        if len(self) >= MAX_PAIRS_OF_KEY:
            self.clear()
        self[value] = piece
        return piece


class _Reals(_Values):
    """Those of a key's doubles. None is remembered: hardly one is said twice, and 0.0 is -0.0."""

    __slots__ = ("_prefix", "_redact")

    def __init__(self, attributes: Attributes, key: str, head: bytes) -> None:
        super().__init__(attributes, key, head)
        self._redact = attributes._redact
        self._prefix = varint(len(head) + 10) + head + b"\x09\x21"

    def __missing__(self, value: Any) -> bytes:
        try:
            if self._redact(self._key, value) is value:
                return self._prefix + _packed(value)
        except Exception:  # it is asked once more, and what it cannot judge is masked
            pass
        return self._attributes.encode(self._key, self._head, value)


def _head(key: str) -> bytes:
    """The key as a field, and the tag of the value that follows."""
    name = key.encode("utf-8", "backslashreplace")
    return (delimited(b"\x0a", name) if name else b"") + b"\x12"


def _remember(known: dict[str, bytes], text: Any, encoded: bytes) -> None:
    if type(text) is not str or len(text) > MAX_CHARACTERS or len(encoded) > MAX_BYTES:
        return
    if len(known) >= MAX_TEXTS:
        known.clear()
    known[text] = encoded


def _copy(attributes: Any) -> dict[Any, Any]:
    try:
        return dict(attributes) if issubclass(type(attributes), Mapping) else {}
    except Exception:  # somebody's own mapping
        return {}
