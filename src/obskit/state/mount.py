"""What kind of file system a file lies on: SQLite's WAL needs memory shared with all that use it."""

from __future__ import annotations

import os
import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
# FUSE may be anything, and its callers cannot tell: those that share no memory are among them.
_REMOTE = re.compile(
    r"nfs\d*|cifs|smb\w*|9p|afs|ceph|coda|davfs|fuse(?!blk).*|glusterfs|gfs2?|gpfs|lustre|ncpfs"
    r"|beegfs|ocfs2|orangefs|vboxsf|vmhgfs|prl_fs|virtiofs|drvfs"
)
_OCTAL = re.compile(r"\\([0-7]{3})")


def is_remote(path: Path, mounts: Path = _MOUNTS) -> bool:
    """Whether other machines may use the same file, as far as the system tells.

    Args:
        path: A file or a folder; it need not exist.
        mounts: What the kernel says of the mounts of this process.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:  # another system than Linux
        return False
    real = os.path.realpath(path)
    kind, longest = "", -1
    for line in lines:
        before, _, after = line.partition(" - ")
        point = _OCTAL.sub(lambda found: chr(int(found[1], 8)), before.split(" ")[4])
        # A later mount hides an earlier one at the same place.
        if _is_below(real, point) and len(point) >= longest:
            kind, longest = after.split(" ")[0], len(point)
    return _REMOTE.fullmatch(kind) is not None


def _is_below(path: str, point: str) -> bool:
    return point in ("/", path) or path.startswith(f"{point}/")
