"""Checkpoints of an audit: its head at a time, best signed and kept where the host cannot write."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import orjson

from obskit.logfiles.chain import Head
from obskit.logfiles.linefile import MODE
from obskit.logfiles.verify import Examined, Finding

FILE = "audit.checkpoints"


class Checkpoint(NamedTuple):
    """What the last record was.

    Attributes:
        time: When, as RFC 3339 in UTC.
        head: The chain's head.
        signature: A signature of `text`; empty where there is none.
    """

    time: str
    head: Head
    signature: bytes = b""

    @property
    def text(self) -> bytes:
        r"""What is signed.

        >>> Checkpoint("2026-01-01T00:00:00Z", Head(7, "ab")).text
        b'obskit audit 7 ab 2026-01-01T00:00:00Z\n'
        """
        return f"obskit audit {self.head.seq} {self.head.hash} {self.time}\n".encode()


def write(path: Path, one: Checkpoint) -> None:
    """Add a checkpoint to a file.

    Args:
        path: The file.
        one: The checkpoint.

    Raises:
        OSError: It cannot be written.
    """
    line = {
        "timestamp": one.time,
        "seq": one.head.seq,
        "hash": one.head.hash,
        "signature": base64.b64encode(one.signature).decode(),
    }
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, MODE)
    with open(file, "wb") as sink:  # noqa: PTH123 - of a descriptor
        sink.write(orjson.dumps(line) + b"\n")
        sink.flush()
        os.fsync(file)


def read(path: Path) -> list[Checkpoint | None]:
    """The checkpoints of a file, None for each line that is none; nothing where there is no file.

    Args:
        path: The file.

    Raises:
        OSError: It cannot be read.
    """
    with suppress(FileNotFoundError):
        return [_read(row) for row in path.read_bytes().splitlines()]
    return []


def _read(row: bytes) -> Checkpoint | None:
    with suppress(orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        found = orjson.loads(row)
        signature = base64.b64decode(found["signature"], validate=True)
        return Checkpoint(
            str(found["timestamp"]), Head(int(found["seq"]), str(found["hash"])), signature
        )
    return None


def compare(
    seen: Examined,
    points: Sequence[Checkpoint | None],
    name: str,
    is_signed: Callable[[bytes, bytes], bool] | None,
) -> list[Finding]:
    """What checkpoints say against an audit.

    Args:
        seen: What the audit's files hold, with the hashes of the records of the checkpoints.
        points: The checkpoints.
        name: The name of their file.
        is_signed: Says of a text and a signature whether it is the right one; None for not asking.
    """
    findings = []
    for number, point in enumerate(points, 1):
        what = "is no checkpoint" if point is None else _wrong(seen, point)
        if point is not None and is_signed and not is_signed(point.text, point.signature):
            what = "is not signed" if not point.signature else "is not signed by this key"
        if what:
            findings.append(Finding(f"{name}:{number}", what))
    return findings


def _wrong(seen: Examined, point: Checkpoint) -> str:
    seq = point.head.seq
    if seq > seen.head.seq:
        return f"knows record {seq}: the audit ends at {seen.head.seq}"
    if seen.hashes.get(seq, point.head.hash) != point.head.hash:
        return f"knows another record {seq}: the chain was written anew"
    return ""
