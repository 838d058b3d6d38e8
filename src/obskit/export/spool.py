"""The spool: batches that could not be sent wait on disk, and outlive the process.

Several processes use one directory at once. A file appears whole, by its renaming, and whoever
removes it is the one who counts it; everything else may vanish under the eyes of a process.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import tempfile
from collections import Counter, deque
from contextlib import AbstractContextManager, suppress
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from obskit.clock import SYSTEM_CLOCK, Clock
from obskit.export import spool_file, spool_folder
from obskit.export.lock import exclusive
from obskit.export.spool_file import Name, Torn

MAX_BYTES = 128 * 1024 * 1024
MAX_AGE = 24 * 3_600.0

_RETRY_SECONDS = 60.0
# How soon a batch of another process is seen, at the latest.
_LIST_SECONDS = 1.0
# EFBIG is the limit of a file's size that `ulimit -f` sets.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")

#: (signal, reason) → records that are lost.
Losses = dict[tuple[str, str], int]

# Of the process, not of a spool: two spools may share a directory.
_sequence = count()


class Outcome(NamedTuple):
    """What became of a batch that was put into the spool.

    Attributes:
        stored: Whether it waits on disk now.
        reason: Why not: `spool_full_disk`, `spool_unwritable`, or `spool_size` where it alone is
            larger than the spool may be.
        evicted: What was dropped to make room, for `spool_size`, `spool_age` or `spool_torn`.
    """

    stored: bool
    reason: str
    evicted: Losses


class Batch(NamedTuple):
    """A batch that waits.

    Attributes:
        signal: `traces`, `metrics` or `logs`.
        body: The request, as it is sent.
        records: How many records it holds.
        written: When it was put there, in seconds since the Unix epoch.
        writer: Which process put it there.
        path: Its file.
    """

    signal: str
    body: bytes
    records: int
    written: float
    writer: str
    path: Path


def default_directory(service: str, home: Path | None = None) -> Path:
    """Where the batches of a service wait.

    Args:
        service: The service's name.
        home: The directory that was chosen, or None.

    Returns:
        The directory; it may not exist yet.

    >>> default_directory("shop", Path("/var/spool/shop")).name
    'shop'
    """
    if home is not None:
        return home
    name = _UNSAFE.sub("_", service).lstrip(".")[:100] or "_"
    try:
        base = Path.home() / ".local" / "state" / "obskit"
    except RuntimeError:  # a user without a home, as in some containers
        base = Path(tempfile.gettempdir()) / f"obskit-{os.getuid()}"
    return base / name / "spool"


class Spool:
    """A directory of batches. Making one touches nothing on disk.

    `put`, `snapshot` and `purge` may be called from any thread of any process. `oldest` and `done`
    are for the one thread that holds `replaying`.

    Args:
        directory: Where. It is made when something is first put there, for this user only.
        max_bytes: The most that all files may take.
        max_age: Seconds after which a batch is dropped.
        clock: The time.
        writer: Who writes, in a few words; by default the host and the process id.

    Attributes:
        off: Why nothing can be stored now, in one line; empty where nothing is known against it.
    """

    def __init__(
        self,
        directory: Path,
        max_bytes: int = MAX_BYTES,
        max_age: float = MAX_AGE,
        clock: Clock = SYSTEM_CLOCK,
        writer: str = "",
    ) -> None:
        self.directory = directory
        self.max_bytes = max_bytes
        self.max_age = max_age
        self.off = ""
        self._clock = clock
        self._writer = writer
        self._retry_at = 0.0
        # No locks: a forked child could inherit a held one. These are whole in each step.
        self._losses: deque[tuple[tuple[str, str], int]] = deque()
        self._listing: deque[Name] = deque()
        self._list_at = 0.0
        self._changed = False
        self._sent: set[str] = set()

    def put(self, signal: str, body: bytes, records: int) -> Outcome:
        """Store a batch. Makes room by dropping the oldest of any signal. Does not raise.

        Args:
            signal: `traces`, `metrics` or `logs`.
            body: The request, as it is sent.
            records: How many records it holds.
        """
        if self.off and self._clock.monotonic() < self._retry_at:
            return Outcome(False, "spool_unwritable", {})
        evicted: Counter[tuple[str, str]] = Counter()
        try:
            writer = self._writer or f"{socket.gethostname()} {os.getpid()}"
            content = spool_file.pack(body, records, writer)
            spool_folder.make(self.directory)
            limits = (self.max_bytes, self.max_age, self._clock.now())
            if not spool_folder.make_room(self.directory, len(content), *limits, evicted):
                return Outcome(False, "spool_size", dict(evicted))
            self._write(signal, records, content)
        except (OSError, ValueError) as error:  # ValueError: a path with a NUL
            return Outcome(False, self._failed(error), dict(evicted))
        self.off = ""
        self._changed = True
        return Outcome(True, "", dict(evicted))

    def oldest(self, signal: str | None = None) -> Batch | None:
        """The next batch to be sent. It stays until it is `done`. Does not raise.

        Args:
            signal: Of which signal; of any by default.

        Returns:
            The batch, or None when nothing that could be read waits.
        """
        for again in (False, True):
            if again and not self._list():
                break
            while name := next((n for n in self._listing if signal in (None, n.signal)), None):
                if (batch := self._open(name)) is not None:
                    return batch
                self._listing.remove(name)
        return None

    def done(self, batch: Batch) -> bool:
        """Remove a batch that was sent.

        Returns:
            Whether this call removed it: not where another process has dropped it meanwhile.
        """
        try:
            batch.path.unlink()
        except FileNotFoundError:
            return False
        except OSError:
            self._sent.add(batch.path.name)  # so that it is not sent over and over
            return False
        return True

    def replaying(self) -> AbstractContextManager[bool]:
        """Be the one process that replays, as long as the `with` lasts. Never waits.

        Returns:
            A context manager that gives whether this process may replay. The right ends with the
            process, however it ends; a child that is forked inside the `with` does not have it.
        """
        return exclusive(self.directory / "replay.lock")

    def take_losses(self) -> Losses:
        """What was lost while reading, since the last call: `spool_age` and `spool_torn`."""
        taken: Counter[tuple[str, str]] = Counter()
        with suppress(IndexError):
            while True:
                key, records = self._losses.popleft()
                taken[key] += records
        return dict(taken)

    def signals(self) -> list[str]:
        """The signals of which something waits."""
        return sorted({name.signal for name in spool_folder.waiting(self.directory)})

    def snapshot(self) -> dict[str, Any]:
        """What waits, as plain values. Changes nothing on disk."""
        now = self._clock.now()
        signals: dict[str, dict[str, Any]] = {}
        total = 0
        for name, size in spool_folder.sizes(self.directory):
            total += size
            if name.partial:
                continue
            new = {"batches": 0, "records": 0, "bytes": 0, "oldest_seconds": name.age(now)}
            found = signals.setdefault(name.signal, new)
            found["batches"] += 1
            found["records"] += name.records
            found["bytes"] += size
        return {
            "directory": str(self.directory),
            "signals": dict(sorted(signals.items())),
            "bytes": total,
            "torn": len(spool_folder.torn(self.directory)),
            "max_bytes": self.max_bytes,
            "max_age_seconds": self.max_age,
            "off": self.off,
        }

    def purge(self) -> dict[str, int]:
        """Remove all that waits, and what was set aside. Gives signal → records that waited."""
        return spool_folder.empty(self.directory)

    def _list(self) -> bool:
        # Thousands of files may wait: what is known is used up first, where it is not too old.
        now = self._clock.monotonic()
        if self._listing and not self._changed and now < self._list_at:
            return False
        self._list_at = now + _LIST_SECONDS
        self._changed = False  # first: another thread may write meanwhile
        self._listing = deque(spool_folder.waiting(self.directory))
        return True

    def _failed(self, error: OSError | ValueError) -> str:
        number = error.errno if isinstance(error, OSError) else None
        if number in _FULL:
            self.off = ""
            return "spool_full_disk"
        why = getattr(error, "strerror", None) or str(error)
        if number == errno.EEXIST:  # how making a directory fails where a file is
            why = os.strerror(errno.ENOTDIR)
        self._retry_at = self._clock.monotonic() + _RETRY_SECONDS
        self.off = f"cannot write to {self.directory}: {why}"
        return "spool_unwritable"

    def _write(self, signal: str, records: int, content: bytes) -> None:
        now = int(self._clock.now() * 1e9)
        name = spool_file.make_name(now, next(_sequence), records, signal)
        try:
            spool_file.write(self.directory, name, content)
        except FileNotFoundError:  # somebody purged, or removed the directory
            spool_folder.make(self.directory)
            spool_file.write(self.directory, name, content)

    def _open(self, name: Name) -> Batch | None:
        path = self.directory / name.text
        if name.text in self._sent:
            with suppress(OSError):
                path.unlink()
            return None
        if name.age(self._clock.now()) > self.max_age:
            lost: Counter[tuple[str, str]] = Counter()
            spool_folder.drop(self.directory, name, "spool_age", lost)
            self._losses.extend(lost.items())
            return None
        try:
            content = spool_file.read(path, name.records)
        except Torn:
            if spool_folder.set_aside(self.directory, name):
                self._losses.append(((name.signal, "spool_torn"), name.records))
            return None
        except OSError:  # gone, or not to be read now
            return None
        written = name.time_ns / 1e9
        return Batch(name.signal, content.body, name.records, written, content.writer, path)
