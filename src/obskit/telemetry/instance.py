"""Which instance of its service this process is: the lowest free worker slot of the host.

A slot is a locked file, and the lock dies with its holder. So the identity of a worker that is
restarted is the identity of the one before it, and the series of metrics stay bounded.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

# Windows has no flock: instances are random there.
fcntl: Any = import_module("fcntl") if os.name == "posix" else None

# Ours, made once; UUIDv5 wants a namespace (RFC 9562, section 5.5).
_NAMESPACE = UUID("8a4c5c1e-4a53-5d0e-9d7a-0b1f6f6d6f62")
_MOST_SLOTS = 1_024
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


def run_directory(configured: str | None, service: str) -> Path:
    """The folder of what the processes of one service share on this host.

    Args:
        configured: The folder that the host chose, or None.
        service: The service's name.

    Returns:
        A folder of the user's own; it may not exist yet.
    """
    if configured:
        base = Path(configured) / "obskit"
    else:
        base = Path(tempfile.gettempdir()) / f"obskit-{os.getuid()}"
    return base / (_UNSAFE.sub("_", service)[:100] or "_")


class Slot:
    """A worker's place among the processes of its service. Held until the process ends.

    Attributes:
        number: The slot, from 0, or None when none could be had.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None
        self.number: int | None = None
        self.claim()

    def claim(self) -> None:
        """Take the lowest free slot. In a forked child: another one than the parent's."""
        self.release()  # in a child: the parent's lock lives on in the parent
        if fcntl is None:
            return
        try:
            self._make_folder()
            for number in range(_MOST_SLOTS):
                if self._lock(number):
                    self.number = number
                    return
        except OSError:
            return  # no place for files: the instance is random instead

    def path(self, kind: str) -> Path | None:
        """A file of this slot's own, or None without a slot.

        Args:
            kind: What it holds, in a word.
        """
        return None if self.number is None else self._folder / f"{kind}-{self.number}"

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # What somebody else made first in a shared /tmp is theirs: a folder, or a link to elsewhere.
        for folder, owners in (
            (self._folder.parent, {0, os.getuid()}),
            (self._folder, {os.getuid()}),
        ):
            found = folder.lstat()
            if found.st_uid not in owners or not stat.S_ISDIR(found.st_mode):
                raise PermissionError(str(folder))

    def _lock(self, number: int) -> bool:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
        file = os.open(self._folder / f"slot-{number}", flags, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        except OSError:  # a file system without locks, where no slot can be had
            os.close(file)
            raise
        self._file = file
        with suppress(OSError):  # a full disk: the slot is held all the same
            os.truncate(file, 0)
            os.write(file, f"{os.getpid()}\n".encode())
        return True

    def release(self) -> None:
        """Give the slot back."""
        if self._file is not None:
            os.close(self._file)
            self._file, self.number = None, None


def instance_id(host: str, service: str, slot: int | None) -> str:
    """`service.instance.id`: the same for the same place, random where there is none.

    >>> instance_id("web1", "shop", 0) == instance_id("web1", "shop", 0)
    True
    >>> instance_id("web1", "shop", None) == instance_id("web1", "shop", None)
    False
    """
    return str(uuid4() if slot is None else uuid5(_NAMESPACE, f"{host}\0{service}\0{slot}"))


def living(folder: Path) -> dict[int, int]:
    """The slots of a service that are held now.

    Args:
        folder: What `run_directory` gives for the service.

    Returns:
        Slot number → process id, ordered by slot.
    """
    held: dict[int, int] = {}
    for path in folder.glob("slot-*"):
        try:
            with path.open("rb") as file:
                if fcntl is not None and not _is_free(file.fileno()):
                    held[int(path.name.removeprefix("slot-"))] = int(file.read())
        except (OSError, ValueError):
            continue  # gone, or being written at this moment
    return dict(sorted(held.items()))


def _is_free(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
