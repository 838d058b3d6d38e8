"""A chain of records: each names the one before by its hash, so that none can be changed unseen.

The hash is of the record's bytes as they stand in the file, up to the hash itself: a record is JSON
in one form only, and whoever verifies need not write it anew.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

import orjson

_DIGEST = 64
_TAIL = re.compile(rb',"seq":([1-9][0-9]*),"prev":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}\n')
#: Longer than a link's own fields.
ROOM = 256


class Head(NamedTuple):
    """The last record of a chain.

    Attributes:
        seq: Its number; 0 where there is none.
        hash: Its hash.
    """

    seq: int = 0
    hash: str = "0" * _DIGEST


class Link(NamedTuple):
    """A record as it stands in a file.

    Attributes:
        seq: The number that it says it has.
        prev: The hash of the record before.
        hash: The hash that it says it has.
        whole: Whether that is its hash.
    """

    seq: int
    prev: str
    hash: str
    whole: bool

    @property
    def head(self) -> Head:
        """The chain's head after it."""
        return Head(self.seq, self.hash)

    def follows(self, head: Head) -> bool:
        """Whether it is the record that comes next."""
        return self.whole and self.seq == head.seq + 1 and self.prev == head.hash


def sealed(record: bytes, head: Head) -> tuple[bytes, Head]:
    """A record as the next of a chain.

    Args:
        record: An object of JSON that is not empty, without an end of line.
        head: The chain's head.

    Returns:
        The line, and the chain's head after it.

    >>> line, head = sealed(b'{"event":"quest.approved"}', Head())
    >>> line[:60]
    b'{"event":"quest.approved","seq":1,"prev":"000000000000000000'
    >>> head.seq, read(line).follows(Head())
    (1, True)
    """
    body = b'%s,"seq":%d,"prev":"%s"' % (record[:-1], head.seq + 1, head.hash.encode())
    digest = hashlib.sha256(body).hexdigest()
    return b'%s,"hash":"%s"}\n' % (body, digest.encode()), Head(head.seq + 1, digest)


def read(row: bytes) -> Link | None:
    """What a line of a file says; None where it is no record.

    Args:
        row: The line, with its end.
    """
    found = _TAIL.search(row, max(0, len(row) - ROOM))
    if found is None or found.end() != len(row):
        return None
    body = row[: found.start(3) - len(b',"hash":"')]
    whole = hashlib.sha256(body).hexdigest().encode() == found[3] and _is_object(row)
    return Link(int(found[1]), found[2].decode(), found[3].decode(), whole)


def _is_object(row: bytes) -> bool:
    try:
        return isinstance(orjson.loads(row), dict)
    except orjson.JSONDecodeError:
        return False
