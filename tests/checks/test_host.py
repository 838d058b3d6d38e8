"""The lock of a host: one process has it, and where there can be none each runs what one should."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from obskit.checks.host import Host
from obskit.export import lock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs flock")
NAMES = ["rows", "disk"]
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def two(folder: Path) -> Iterator[tuple[Host, Host]]:
    one, other = Host(folder), Host(folder)
    yield one, other
    one.give_back()
    other.give_back()


def take(*hosts: Host) -> list[bool]:
    for host in hosts:
        host.take(NAMES)
    return [host.is_held for host in hosts]


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_one_process_has_the_lock_until_it_gives_it_back(tmp_path: Path) -> None:
    with two(tmp_path / "run") as (one, other):
        assert take(one, other, one, other) == [True, False, True, False]
        one.give_back()
        assert take(other, one) == [True, False]


def test_the_folder_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with two(tmp_path / "run") as (one, _):
            assert take(one) == [True]
    finally:
        os.umask(before)
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700


def test_where_a_file_is_in_the_folders_place_each_process_runs_them_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "run"
    folder.write_text("no folder")
    with two(folder) as (one, other):
        assert take(one, one, one) == [True, True, True]
        (said,) = told(caplog)
        assert said == (
            "each process of this host runs the checks of the host, which one alone should: there can"
            f" be no lock in {folder} (File exists). Let this user write there, or set OBSKIT_RUN_DIR"
            " to a folder on a local disk"
        )
        assert take(other) == [True]


def test_when_there_can_be_a_lock_again_one_process_runs_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "run"
    folder.write_text("no folder")
    with two(folder) as (one, other):
        assert take(one, other) == [True, True]
        folder.unlink()
        assert take(other, one) == [True, False]
        other.give_back()
        folder.rename(tmp_path / "away")
        folder.write_text("no folder again")
        assert take(one) == [True]
    assert len(told(caplog)) == 3  # each of the first time, and one's second


def test_on_a_file_system_without_locks_each_process_runs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As NFS without its lock daemon answers."""

    def refuse(_file: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    before = dict(lock._held)
    monkeypatch.setattr(lock.fcntl, "flock", refuse)
    with two(tmp_path / "run") as (one, other):
        assert take(one, other) == [True, True]
        assert [f"{tmp_path}/run (No locks available)" in line for line in told(caplog)] == [
            *(True, True)
        ]
    assert lock._held == before


UNWRITABLE = """
import logging, os, sys
from pathlib import Path
from obskit.checks.host import Host
logging.basicConfig(format="%(message)s", stream=sys.stdout)
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
host = Host(Path(sys.argv[1]))
host.take(["rows"])
print(host.is_held)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_user_who_may_not_write_in_the_folder_runs_them_all_the_same() -> None:
    with TemporaryDirectory() as folder:  # below one that everybody can enter
        Path(folder).chmod(0o755)
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", UNWRITABLE, folder],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if "COVERAGE" not in name},
            capture_output=True,
            text=True,
            timeout=100,
            check=True,
        )
        left = [*Path(folder).iterdir()]
    said, held = done.stdout.splitlines()
    assert said.startswith("each process of this host runs the checks of the host,")
    assert f"there can be no lock in {folder} (Permission denied)" in said
    assert (held, left) == ("True", [])
