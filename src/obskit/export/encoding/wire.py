"""The wire format of protocol buffers: numbers and lengths as bytes.

A field is a tag (the field's number times eight plus its wire type, as a varint) and its payload.
Numbers below 16 have tags of one byte, and those are written as literals where they are used.

Source: Protocol Buffers documentation, 'Encoding'.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

__all__ = [
    "DOUBLE",
    "FIXED64",
    "delimited",
    "fits",
    "fixed64",
    "signed",
    "string",
    "varint",
    "zigzag",
]

#: A double or a 64-bit number in eight bytes, the lowest first.
DOUBLE: Final = Struct("<d")
FIXED64: Final = Struct("<Q")

_BYTE: Final = 0x80
_TWO_TO_64: Final = 1 << 64
_INT32: Final = range(-(2**31), 2**31)


def _spelled(number: int) -> bytes:
    written = bytearray()
    while number >= _BYTE:
        written.append(number & 0x7F | _BYTE)
        number >>= 7
    written.append(number)
    return bytes(written)


# Lengths of nearly all messages, and most numbers; a look-up costs a tenth of the spelling.
_TABLE: Final = tuple(_spelled(number) for number in range(2_048))
_TABLE_SIZE: Final = len(_TABLE)


def varint(number: int) -> bytes:
    r"""A number from 0 on, seven bits a byte, the lowest first.

    Raises:
        ValueError: The number is negative.

    >>> varint(1), varint(300)
    (b'\x01', b'\xac\x02')
    """
    return _TABLE[number] if 0 <= number < _TABLE_SIZE else _spelled(number)


def signed(number: int) -> bytes:
    r"""An `int64` or an `enum`: a negative number is its two's complement in ten bytes.

    >>> signed(5), len(signed(-1))
    (b'\x05', 10)
    """
    return varint(number if number >= 0 else number + _TWO_TO_64)


def delimited(tag: bytes, body: bytes) -> bytes:
    r"""A message, text or packed list: its tag, its length, itself.

    >>> delimited(b"\x0a", b"ab")
    b'\n\x02ab'
    """
    return tag + varint(len(body)) + body


def string(tag: bytes, text: str | None) -> bytes:
    r"""A text; nothing where it is empty. A lone surrogate, which UTF-8 has not, is escaped.

    >>> string(b"\x0a", "é"), string(b"\x0a", "")
    (b'\n\x02\xc3\xa9', b'')
    """
    return delimited(tag, text.encode("utf-8", "backslashreplace")) if text else b""


def fixed64(tag: bytes, number: int | None) -> bytes:
    r"""A time or a count in eight bytes; nothing where it is none or zero.

    Raises:
        struct.error: It is no whole number of 64 bits.

    >>> fixed64(b"\x09", 1)
    b'\t\x01\x00\x00\x00\x00\x00\x00\x00'
    """
    return tag + FIXED64.pack(number) if number else b""


def zigzag(number: int) -> bytes:
    r"""A `sint32`: small numbers are short, whatever their sign.

    Raises:
        OverflowError: 32 bits do not hold it.

    >>> zigzag(1), zigzag(-1)
    (b'\x02', b'\x01')
    """
    if number not in _INT32:
        raise OverflowError(number)
    return varint(2 * number if number >= 0 else -2 * number - 1)


def fits(number: object, bits: int) -> int:
    """The number where so many bits hold it, without a sign; else 0.

    >>> fits(7, 32), fits(-1, 32), fits(1.5, 32)
    (7, 0, 0)
    """
    whole = int.__int__(number) if isinstance(number, int) else 0
    return whole if 0 <= whole < 1 << bits else 0
