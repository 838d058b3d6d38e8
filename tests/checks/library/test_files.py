"""Files and folders, real ones: what is said of them, as they break and are mended."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from obskit import Registry
from obskit.checks import issues, verdict
from obskit.checks.library import files, walk
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status

NOBODY = 65_534


def measured(subject: Callable[[], object]) -> Measurement:
    told = subject()
    assert isinstance(told, Measurement)
    return told


def write(file: Path, size: int = 0, *, mode: int = 0o600, age: float = 0.0) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes(size))
    file.chmod(mode)
    then = file.stat().st_mtime - age
    os.utime(file, (then, then))
    return file


def test_a_file_that_is_gone_is_missed_until_it_is_back(tmp_path: Path) -> None:
    file = write(tmp_path / "service.sock")
    subject = files.Exists(file)
    assert subject() is None
    file.unlink()
    with pytest.raises(FileNotFoundError) as told:
        subject()
    assert str(told.value) == f"{file} is not there: correct the path, or see what makes it"
    write(file)
    assert subject() is None


def test_a_link_to_nothing_is_told(tmp_path: Path) -> None:
    link = tmp_path / "current"
    link.symlink_to(tmp_path / "release-7")
    with pytest.raises(FileNotFoundError, match="current leads to nothing: correct the path"):
        files.Exists(link)()


def test_a_file_below_a_file_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="is not there: correct the path"):
        files.Exists(write(tmp_path / "file") / "below")()


def judged(subject: Callable[[], object]) -> CheckResult:
    declared = Registry().add("age", subject, every="1h", critical_after="26h")
    return verdict.of_returned(declared, subject(), time.time())


def test_a_backup_that_is_not_made_grows_old_until_it_is(tmp_path: Path) -> None:
    subject = files.Age(tmp_path, "*.gz")
    for name, hours in (("a.gz", 54), ("b.gz", 30), ("c.log", 0)):
        write(tmp_path / name, age=hours * 3_600.0)
    broken = judged(subject)
    assert broken.status is Status.CRITICAL
    assert broken.message == f"1d6h old: critical from 1d2h on; {tmp_path}/b.gz"
    assert broken.details == {"path": f"{tmp_path}/b.gz"}
    write(tmp_path / "new.gz")
    assert judged(subject).status is Status.OK


def test_a_single_file_grows_old_goes_and_comes_back(tmp_path: Path) -> None:
    file = write(tmp_path / "backup")
    subject = files.Age(file)
    assert judged(subject).status is Status.OK
    write(file, age=30 * 3_600.0)
    assert judged(subject).status is Status.CRITICAL
    file.unlink()
    gone = judged(subject)
    assert (gone.status, gone.message) == (Status.CRITICAL, f"never; {file} is not there")
    write(file)
    assert judged(subject).status is Status.OK


def test_a_folder_without_a_backup_is_critical(tmp_path: Path) -> None:
    told = judged(files.Age(tmp_path, "*.gz"))
    assert told.status is Status.CRITICAL
    assert told.message == f"never; no file in {tmp_path} fits '*.gz'"


def test_the_oldest_of_a_spool_is_judged_and_an_empty_one_is_well(tmp_path: Path) -> None:
    subject = files.Age(tmp_path, "*", oldest=True)
    assert judged(subject).status is Status.OK
    waiting = write(tmp_path / "first", age=30 * 3_600.0)
    write(tmp_path / "second")
    assert judged(subject).status is Status.CRITICAL
    waiting.unlink()
    assert judged(subject).status is Status.OK


def test_the_size_of_a_file_is_told(tmp_path: Path) -> None:
    file = write(tmp_path / "shop.db", 2_048)
    told = measured(files.Size(file))
    assert (told.value, told.unit, told.message) == (2_048, "By", f"{file}, 2.0 KiB")
    write(file, 5)
    assert measured(files.Size(file)).value == 5


def test_the_files_of_a_folder_are_counted(tmp_path: Path) -> None:
    write(tmp_path / "one.eml")
    write(tmp_path / "two.eml")
    write(tmp_path / "two.tmp")
    write(tmp_path / "deep" / "three.eml")
    (tmp_path / "link.eml").symlink_to(tmp_path / "one.eml")
    (tmp_path / "folder.eml").mkdir()
    assert measured(files.Count(tmp_path)).value == 3
    assert measured(files.Count(tmp_path, "*.eml")).value == 2
    assert measured(files.Count(tmp_path, "*.eml", recursive=True)).value == 3
    (tmp_path / "one.eml").unlink()
    assert measured(files.Count(tmp_path, "*.eml")).value == 1


def test_a_link_in_a_circle_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "in" / "file", 7)
    (tmp_path / "in" / "again").symlink_to(tmp_path)
    assert measured(files.Count(tmp_path, recursive=True)).value == 1
    assert measured(files.FolderSize(tmp_path)).value == 7


def test_a_folder_is_as_large_as_its_files_and_the_largest_are_shown(tmp_path: Path) -> None:
    for number in range(15):
        write(tmp_path / "deep" / str(number) / "log", number * 1_024)
    told = measured(files.FolderSize(tmp_path))
    assert (told.value, told.unit) == (107_520, "By")
    assert told.details == {"files": 15, "folders_unread": 0}
    rows = list(told.evidence)
    assert rows[0] == f"14 KiB {tmp_path}/deep/14/log"
    assert rows[-1] == f"5.0 KiB {tmp_path}/deep/5/log"
    assert len(rows) == 10
    (tmp_path / "deep" / "14" / "log").unlink()
    assert measured(files.FolderSize(tmp_path)).value == 93_184


@pytest.mark.parametrize(
    "subject", [files.Count, files.FolderSize, lambda folder: files.Age(folder, "*")]
)
def test_a_folder_that_is_not_there_is_told(
    tmp_path: Path, subject: Callable[[Path], Callable[[], object]]
) -> None:
    with pytest.raises(FileNotFoundError) as told:
        subject(tmp_path / "no")()
    assert str(told.value) == f"{tmp_path}/no is no folder: correct the path, or make it"


@pytest.mark.parametrize("subject", [files.Count, files.FolderSize])
def test_a_folder_too_large_for_its_time_is_unknown(
    tmp_path: Path, subject: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(300):
        write(tmp_path / str(number))
    with monkeypatch.context() as patch:
        patch.setattr(walk, "monotonic", count(step=10).__next__)
        told = subject(tmp_path, timeout="5s")()
    assert isinstance(told, CheckResult)
    assert told.status is Status.UNKNOWN
    assert told.message == (
        f"{tmp_path} has more than 256 entries, too many for 5s:"
        " give it longer, or watch a smaller folder"
    )
    assert measured(files.Count(tmp_path)).value == 300


def test_folders_beyond_a_depth_are_told_as_unread(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(80):
        deep /= "d"
    write(deep / "file")
    told = measured(files.Count(tmp_path, recursive=True))
    assert (told.value, told.details) == (0, {"folders_unread": 1})


def as_nobody(script: str, folder: Path) -> str:
    """What a script prints that runs in a folder as a user without rights there."""
    folder.chmod(0o755)
    begin = "import os\nfrom obskit.checks.library import files\n"
    become = f"os.getuid() or os.setuid({NOBODY})\n"
    ended = subprocess.run(
        [sys.executable, "-c", begin + become + script],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return ended.stdout.strip()


def test_folders_that_may_not_be_read_are_told(tmp_path: Path) -> None:
    write(tmp_path / "open" / "file", mode=0o644).parent.chmod(0o755)
    closed = write(tmp_path / "closed" / "file").parent
    closed.chmod(0)
    try:
        told = as_nobody(
            "told = files.Count('.', recursive=True)()\nprint(told.value, dict(told.details))\n"
            "for one in files.Count, files.FolderSize, lambda f: files.Exists(f + '/file'):\n"
            "    told = one('closed')()\n"
            "    print(told.status, told.message)",
            tmp_path,
        )
    finally:
        closed.chmod(0o700)
    assert told.splitlines() == [
        "1 {'folders_unread': 1}",
        "unknown closed may not be read by this user: run as another",
        "unknown closed may not be read by this user: run as another",
        "unknown closed/file may not be seen by this user: run as another",
    ]


def test_a_file_that_is_too_open_turns_until_it_is_closed(tmp_path: Path) -> None:
    file = write(tmp_path / "secret.env", mode=0o644)
    subject = files.Permissions(file, 0o640)
    broken = subject()
    assert broken == [issues.Issue("critical", str(file), "is open as 0644: chmod 0640")]
    file.chmod(0o600)
    assert subject() == []


def test_every_file_of_a_folder_that_is_too_open_is_an_issue(tmp_path: Path) -> None:
    write(tmp_path / "a.log", mode=0o640)
    write(tmp_path / "b.log", mode=0o666)
    write(tmp_path / "c.txt", mode=0o666)
    write(tmp_path / "deep" / "d.log", mode=0o4755)
    flat = files.Permissions(tmp_path, pattern="*.log")()
    assert flat == [
        issues.Issue("critical", str(tmp_path / "b.log"), "is open as 0666: chmod 0640")
    ]
    deep = files.Permissions(tmp_path, pattern="*.log", recursive=True)()
    assert isinstance(deep, list)
    assert sorted(issue.message for issue in deep) == [
        "is open as 0666: chmod 0640",
        "is open as 4755: chmod 0640",
    ]


def test_the_folder_itself_can_be_judged(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    told = files.Permissions(tmp_path, 0o700)()
    assert isinstance(told, list)
    assert [issue.message for issue in told] == ["is open as 0755: chmod 0700"]


@pytest.mark.parametrize("most", [640, -1, 0o1000])
def test_permissions_that_are_none_are_refused(most: int) -> None:
    with pytest.raises(ValueError, match="write it as 0o640, from 0o000 to 0o777"):
        files.Permissions("/etc/hosts", most)


@pytest.mark.parametrize("declare", [files.Age, files.Count, files.FolderSize, files.Permissions])
def test_a_time_out_that_is_none_is_refused(declare: Any) -> None:
    with pytest.raises(ValueError, match="'soon' is no span of time"):
        declare("/etc", timeout="soon")


def test_a_walk_that_ends_early_leaves_no_descriptor_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(400):
        write(tmp_path / "deep" / "deeper" / str(number))
    gc.collect()  # what other tests left is closed now, not while it is counted
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        with monkeypatch.context() as patch:
            patch.setattr(walk, "monotonic", count(step=10).__next__)
            assert isinstance(files.FolderSize(tmp_path)(), CheckResult)
        files.FolderSize(tmp_path)()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
