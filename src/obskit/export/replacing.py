"""A file that is whole at every moment: who reads it finds the one before or the new one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def replace(path: Path, data: bytes, mode: int) -> None:
    """Put a new file in the place of another at once. Only one process at a time may.

    Args:
        path: The file. Its folder must be there.
        data: What it holds.
        mode: Who may read it, whatever the process' mask is.

    Raises:
        OSError: It cannot be written; what was there before is there still.
    """
    beside = path.with_name(f"{path.name}.tmp")
    with suppress(FileNotFoundError):
        beside.unlink()  # of a process that was killed
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
        with os.fdopen(os.open(beside, flags, mode), "wb") as file:
            if hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), mode)
            file.write(data)
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
