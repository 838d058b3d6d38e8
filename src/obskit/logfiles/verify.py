"""Finds what was done to an audit: records that were changed, removed, inserted or cut off."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from obskit.logfiles import audit, chain, naming
from obskit.logfiles.chain import Head, Link
from obskit.logfiles.lines import rows_of
from obskit.logfiles.streams import AUDIT

_ONLY_READ = (errno.EACCES, errno.EPERM, errno.EROFS)


class Finding(NamedTuple):
    """Something that is wrong.

    Attributes:
        where: The file and the line.
        what: What is wrong there.
    """

    where: str
    what: str


class Examined(NamedTuple):
    """What the files hold.

    Attributes:
        records: How many there are.
        head: The last one.
        hashes: Number → hash, of the records that were asked for.
        findings: What is wrong.
    """

    records: int
    head: Head
    hashes: Mapping[int, str]
    findings: list[Finding]


def verify(folder: Path, wanted: Collection[int] = ()) -> Examined:
    """Read all of an audit, while others may write to it.

    Args:
        folder: The folder of log files.
        wanted: Numbers of records whose hashes are asked for.

    Raises:
        OSError: It cannot be read.
    """
    with ExitStack() as stack:
        with _still(folder):
            # Afterwards files are only added, or compressed.
            known, found = audit.known_head(folder), audit.files(folder)
            others = set(naming.files(folder, AUDIT)) - set(found)
            now = naming.active(folder, AUDIT)
            file = stack.enter_context(now.open("rb")) if now in found else None
            size = os.fstat(file.fileno()).st_size if file else 0
        rows = _numbered([path for path in found if path != now], now.name, file, size)
        seen = examine(rows, {*wanted, known.seq} if known else wanted)
    findings = [Finding(path.name, "is no file of the audit's own making") for path in others]
    return seen._replace(findings=[*seen.findings, *findings, *_at_the_end(seen, known)])


@contextmanager
def _still(folder: Path) -> Iterator[None]:
    """Nobody writes meanwhile. Who may only read cannot have that, and goes without."""
    with ExitStack() as stack:
        try:
            stack.enter_context(audit.locked(folder))
        except OSError as error:
            if error.errno not in _ONLY_READ:
                raise
        yield


def _numbered(
    rotated: list[Path], name: str, file: BinaryIO | None, size: int
) -> Iterator[tuple[str, bytes]]:
    for path in rotated:
        for number, row in enumerate(rows_of(path), 1):
            yield f"{path.name}:{number}", row
    number = 0
    while file is not None and file.tell() < size:
        number += 1
        yield f"{name}:{number}", file.readline()


def examine(rows: Iterable[tuple[str, bytes]], wanted: Collection[int] = ()) -> Examined:
    """Follow a chain from its first record on.

    Args:
        rows: Where each line stands, and the line with its end.
        wanted: Numbers of records whose hashes are asked for.
    """
    count, head, hashes, certain = 0, Head(), {}, True
    findings: list[Finding] = []
    for where, row in rows:
        link = chain.read(row)
        if link is None:
            findings.append(Finding(where, f"is no record, behind record {head.seq}"))
            continue
        count += 1
        if link.whole:
            what = _wrong(link, head, certain=certain)
            if link.seq in wanted:
                hashes[link.seq] = link.hash
            if link.seq >= head.seq:
                head = link.head
        else:
            what = f"record {head.seq + 1} was changed"
            head = Head(head.seq + 1, link.hash)
        # What a changed record says of its own hash may be what was changed.
        certain = link.whole
        findings += [Finding(where, what)] if what else []
    return Examined(count, head, hashes, findings)


def _wrong(link: Link, head: Head, *, certain: bool) -> str:
    if link.seq > head.seq + 1:
        return f"{_records(head.seq + 1, link.seq - 1)} missing before it"
    if link.seq <= head.seq:
        return f"record {link.seq} stands here once more: one of them was inserted or moved"
    if link.prev != head.hash and certain:
        return f"record {link.seq} follows another record {head.seq}, which was replaced"
    return ""


def _at_the_end(seen: Examined, known: Head | None) -> list[Finding]:
    if known is None and not seen.records:
        return []
    if known is None:
        return [Finding(audit.HEAD, "cannot be read: it tells whether the end was cut off")]
    if known.seq > seen.head.seq:
        what = f"{_records(seen.head.seq + 1, known.seq)} missing at the end"
    elif known.seq and seen.hashes.get(known.seq, known.hash) != known.hash:
        what = f"record {known.seq} is not the one that was written"
    else:
        return []
    return [Finding(audit.HEAD, what)]


def _records(first: int, last: int) -> str:
    return f"record {first} is" if first == last else f"records {first} to {last} are"
