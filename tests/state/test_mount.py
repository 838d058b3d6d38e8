"""Which file systems other machines may use too."""

from __future__ import annotations

from pathlib import Path

import pytest

from obskit.state.mount import is_remote

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /srv/nfs rw shared:7 master:3 - nfs4 server:/x rw,vers=4.2
24 22 0:22 / /srv/nfs/local rw - xfs /dev/vdb rw
25 22 0:23 / /srv/with\\040space rw - cifs //server/x rw
26 22 0:24 / /srv/hidden rw - nfs server:/y rw
27 26 0:25 / /srv/hidden rw - tmpfs none rw
28 22 0:26 / /mnt/ssh rw - fuse.sshfs ann@server: rw
29 22 0:27 / /mnt/ntfs rw - fuseblk /dev/vdc rw
30 22 0:28 / /mnt/host rw - 9p host rw
31 22 0:29 / /mnt/virtual rw - virtiofs host rw
"""


@pytest.mark.parametrize(
    ("path", "remote"),
    [
        ("/home/ann/state.sqlite3", False),
        ("/srv/nfs", True),
        ("/srv/nfs/a/state.sqlite3", True),
        ("/srv/nfsd/state.sqlite3", False),
        ("/srv/nfs/local/state.sqlite3", False),
        ("/srv/with space/state.sqlite3", True),
        ("/srv/hidden/state.sqlite3", False),
        ("/mnt/ssh/state.sqlite3", True),
        ("/mnt/ntfs/state.sqlite3", False),
        ("/mnt/host/state.sqlite3", True),
        ("/mnt/virtual/state.sqlite3", True),
    ],
)
def test_the_kind_of_the_innermost_mount_decides(path: str, remote: bool, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert is_remote(Path(path), mounts) is remote


def test_where_nothing_is_told_of_mounts_a_file_counts_as_local(tmp_path: Path) -> None:
    assert is_remote(Path("/srv/nfs"), tmp_path / "missing") is False
