"""One file of the spool: what its name says, and how its content is written and read.

The name alone tells the order, the signal and the number of records, so that a spool is counted and
kept within its bounds without opening anything.
"""

from __future__ import annotations

import errno
import gzip
import os
import re
import stat
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_NAME = re.compile(
    r"(\.?)([0-9]{1,40})-([0-9]{1,40})-([0-9]{1,40})-([0-9]{1,40})\.([a-z]{1,32})((?:\.part)?)",
    re.ASCII,
)
# More than one request can hold; a name that says so is not ours, and is not believed.
_MOST_RECORDS = 1_000_000_000

_MAGIC = b"OBSKSPL\x01"  # the last byte is the version
_CHECKSUM = struct.Struct(">I")
# Records, bytes of the body packed and unpacked, bytes of the writer's text.
_FIELDS = struct.Struct(">QQQH")
_PREFIX = len(_MAGIC) + _CHECKSUM.size + _FIELDS.size
_LONGEST_WRITER = 200
_GZIP = 31  # zlib's number for the format of gzip

# Where a file cannot be opened for what it is: a symbolic link (two spellings), a socket.
_NO_FILE = (errno.ELOOP, errno.EMLINK, errno.ENXIO)
_NO_FOLLOW = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
# Opening a pipe would block until somebody writes to it.
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)


class Torn(Exception):
    """The file holds no whole batch."""


class Name(NamedTuple):
    """What the name of a file says. Sorts by time, then in the order one process wrote.

    Attributes:
        time_ns: Nanoseconds since the Unix epoch.
        pid: The process that wrote it.
        sequence: The number of the batch in that process.
        records: How many records it holds.
        signal: `traces`, `metrics` or `logs`.
        text: The name itself.
    """

    time_ns: int
    pid: int
    sequence: int
    records: int
    signal: str
    text: str

    @property
    def partial(self) -> bool:
        """Whether the file is still being written, or was when its writer was killed."""
        return self.text.startswith(".")

    def age(self, now: float) -> float:
        """Seconds; none for a file of the future, which a clock that was set back has made."""
        return max(0.0, now - self.time_ns / 1e9)


class Content(NamedTuple):
    """What a file holds."""

    body: bytes
    records: int
    writer: str


def make_name(time_ns: int, sequence: int, records: int, signal: str) -> Name:
    """The name of a batch that this process writes.

    >>> make_name(1_700_000_000_000_000_000, 7, 12, "traces").text.endswith("-000007-12.traces")
    True
    """
    time_ns, pid = max(0, time_ns), os.getpid()
    text = f"{time_ns:020d}-{pid}-{sequence:06d}-{records}.{signal}"
    return Name(time_ns, pid, sequence, records, signal, text)


def read_name(text: str) -> Name | None:
    """What the name of a file says, or None where it is not the spool's.

    Args:
        text: The name, without its folder.

    >>> read_name("00000000000000000042-7-000001-12.traces")[:5]
    (42, 7, 1, 12, 'traces')
    >>> read_name("README.md") is None
    True
    """
    found = _NAME.fullmatch(text)
    if found is None or bool(found[1]) != bool(found[7]):
        return None
    time_ns, pid, sequence, records = (int(found[group]) for group in range(2, 6))
    if records > _MOST_RECORDS:
        records = 0
    return Name(time_ns, pid, sequence, records, found[6], text)


def pack(body: bytes, records: int, writer: str) -> bytes:
    """The content of a file.

    Args:
        body: The request, as it is sent.
        records: How many records it holds.
        writer: Who wrote it, in a few words.
    """
    packed = gzip.compress(body, 1, mtime=0)
    who = writer.encode("utf-8", "replace")[:_LONGEST_WRITER]
    rest = _FIELDS.pack(records, len(packed), len(body), len(who)) + who + packed
    return _MAGIC + _CHECKSUM.pack(zlib.crc32(rest)) + rest


def write(folder: Path, name: Name, content: bytes) -> None:
    """Write a file, whole or not at all.

    Nothing is synchronised to the disk: what a process has written outlives the process, and a
    power cut, which may take what the system had not written yet, shows as a torn file.

    Args:
        folder: Where.
        name: Its name.
        content: What `pack` gives.

    Raises:
        OSError: It could not be written. Nothing is left of it.
    """
    temporary = folder / f".{name.text}.part"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW
    file = os.open(temporary, flags, 0o600)
    try:
        try:
            view = memoryview(content)
            while view:  # a disk that fills up takes a part first
                view = view[os.write(file, view) :]
        finally:
            os.close(file)
        temporary.replace(folder / name.text)
    except BaseException:
        with suppress(OSError):  # what failed before is what is told
            temporary.unlink()
        raise


def read(path: Path, records: int) -> Content:
    """What a file holds.

    Args:
        path: The file. A link is not followed, and nothing but a plain file is read.
        records: How many records its name tells.

    Raises:
        Torn: It is not a whole batch.
        OSError: It could not be read, or is gone.
    """
    try:
        file = os.open(path, os.O_RDONLY | _NO_WAIT | _NO_FOLLOW)
    except OSError as error:
        if error.errno in _NO_FILE:
            raise Torn(str(error)) from error
        raise
    with open(file, "rb") as stream:  # noqa: PTH123 - of a descriptor
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise Torn("no plain file")
        prefix = stream.read(_PREFIX)
        # Looked at first, so that no huge foreign file is read whole.
        size = _whole_size(prefix)
        if size != status.st_size:
            raise Torn(f"{status.st_size} bytes instead of {size}")
        content = _unpack(prefix + stream.read(size - len(prefix)))
    if content.records != records:
        raise Torn("the name tells another number of records")
    return content


def _whole_size(prefix: bytes) -> int:
    if len(prefix) < _PREFIX or not prefix.startswith(_MAGIC):
        raise Torn("no batch of this version")
    _, packed, _, who = _FIELDS.unpack_from(prefix, len(_MAGIC) + _CHECKSUM.size)
    return int(_PREFIX + who + packed)


def _unpack(content: bytes) -> Content:
    (checksum,) = _CHECKSUM.unpack_from(content, len(_MAGIC))
    if zlib.crc32(content[len(_MAGIC) + _CHECKSUM.size :]) != checksum:
        raise Torn("the checksum differs")
    records, _, unpacked, who = _FIELDS.unpack_from(content, len(_MAGIC) + _CHECKSUM.size)
    writer = content[_PREFIX : _PREFIX + who].decode("utf-8", "replace")
    decompressor = zlib.decompressobj(_GZIP)
    try:
        # One more than there should be, and never more than that.
        body = decompressor.decompress(content[_PREFIX + who :], unpacked + 1)
    except (zlib.error, OverflowError) as error:
        raise Torn(str(error)) from error
    if len(body) != unpacked or not decompressor.eof or decompressor.unused_data:
        raise Torn("the length differs")
    return Content(body, records, writer)
