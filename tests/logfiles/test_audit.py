"""The audit as one chain in files, whichever process writes it, and what verifying finds."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from obskit.export.lock import exclusive
from obskit.logfiles import audit, naming
from obskit.logfiles.audit import append
from obskit.logfiles.care import Limits, care
from obskit.logfiles.verify import verify

from .writing import begin, go, lines

#: Arguments: folder, name of the writer, how many records, bytes of a file.
RECORD = """
import sys
from pathlib import Path
from obskit.logfiles.audit import append
folder, who, count, most = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    append(folder, b'{"who":"%s","number":%d}' % (who.encode(), number), most)
    if sys.argv[5:] == ["told"]:
        print(number, flush=True)
"""
FILL = """
import sys
from pathlib import Path
from obskit.logfiles.audit import append
from obskit.logfiles.verify import verify
folder, written, lost, full = Path(sys.argv[1]), 0, 0, []
ballast = folder / "ballast"
ballast.write_bytes(bytes(30_000))
for number in range(600):
    if number == 500:
        full = verify(folder).findings
        ballast.unlink()
    try:
        append(folder, b'{"text":"%s"}' % (b"x" * 57), 1 << 30)
        written += 1
    except OSError:
        lost += 1
seen = verify(folder)
print(seen.records == written, full, seen.findings, lost > 10, written + lost)
"""

READ_ONLY = """
import subprocess
import sys
from pathlib import Path
from obskit.logfiles.audit import append
from obskit.logfiles.verify import verify
folder = Path(sys.argv[1])
for number in range(3):
    append(folder, b'{"number":%d}' % number, 1 << 30)
(folder / ".audit.lock").unlink()
subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
seen = verify(folder)
print(seen.records, seen.findings)
"""


def record(folder: Path, count: int, max_bytes: int = 1 << 30) -> None:
    for number in range(count):
        append(folder, b'{"event":"e%d"}' % number, max_bytes)


def found(folder: Path) -> list[tuple[str, str]]:
    return [tuple(one) for one in verify(folder).findings]  # type: ignore[misc]


def on_a_disk_of_its_own(program: str, folder: Path) -> str:
    """What a program prints that is given a small file system."""
    script = 'mount -t tmpfs -o size=96k tmpfs "$1" && exec "$2" -c "$3" "$1"'
    ended = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", folder, sys.executable, program],
        check=False,
        capture_output=True,
        text=True,
    )
    if "unshare:" in ended.stderr or "mount:" in ended.stderr:
        pytest.skip("no file system may be mounted here")
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_processes_write_one_chain_over_many_files_and_none_is_lost(tmp_path: Path) -> None:
    writers = [begin(RECORD, tmp_path, who, 100, 4_000) for who in "abcd"]
    go(*writers)
    while any(one.poll() is None for one in writers):
        assert found(tmp_path) == []
        care(tmp_path, Limits({10: 0.0, 20: 0.0}, 1))
    assert [one.wait() for one in writers] == [0, 0, 0, 0]
    for one in writers:
        one.communicate()
    care(tmp_path, Limits({}, 1 << 40))
    seen = verify(tmp_path)
    assert (seen.records, seen.head.seq, seen.findings) == (400, 400, [])
    written = [json.loads(line) for line in lines(tmp_path, "audit")]
    assert {(one["who"], one["number"]) for one in written} == {
        (who, number) for who in "abcd" for number in range(100)
    }
    rotated = naming.rotated(tmp_path)
    assert len(rotated) > 10
    assert all(one.packed for one in rotated)


def test_a_process_that_is_killed_leaves_a_whole_chain_with_all_that_it_told_of(
    tmp_path: Path,
) -> None:
    told = set()
    for number in range(6):
        one = begin(RECORD, tmp_path, f"killed-{number}", 10**9, 900, "told")
        go(one)
        assert one.stdout
        for _ in range(3 + 7 * number):
            last = int(one.stdout.readline())
        one.kill()
        one.communicate()
        told |= {(f"killed-{number}", count) for count in range(last + 1)}
        append(tmp_path, b'{"who":"survivor","number":%d}' % number, 900)
        assert found(tmp_path) == []
    written = [json.loads(line) for line in lines(tmp_path, "audit")]
    assert told <= {(one["who"], one["number"]) for one in written}


def test_threads_write_one_chain(tmp_path: Path) -> None:
    threads = [threading.Thread(target=record, args=(tmp_path, 20, 900)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = verify(tmp_path)
    assert (seen.records, seen.findings) == (80, [])


def test_a_child_that_is_forked_while_a_record_is_written_records_too(tmp_path: Path) -> None:
    with audit.locked(tmp_path):
        child = os.fork()
        if child == 0:
            try:
                record(tmp_path, 1)  # waits: the lock is its parent's
            finally:
                os._exit(0)
    record(tmp_path, 1)
    assert os.waitpid(child, 0)[1] == 0
    seen = verify(tmp_path)
    assert (seen.records, seen.findings) == (2, [])


def test_who_may_only_read_can_verify(tmp_path: Path) -> None:
    assert on_a_disk_of_its_own(READ_ONLY, tmp_path) == "3 []\n"


def test_a_full_disk_refuses_a_record_and_leaves_the_chain_whole(tmp_path: Path) -> None:
    assert on_a_disk_of_its_own(FILL, tmp_path) == "True [] [] True 600\n"


def test_a_head_that_lags_behind_is_made_good(tmp_path: Path) -> None:
    record(tmp_path, 3)
    before = (tmp_path / audit.HEAD).read_bytes()
    record(tmp_path, 2)
    (tmp_path / audit.HEAD).write_bytes(before)  # killed before it wrote the new one
    assert found(tmp_path) == []
    record(tmp_path, 1)
    assert verify(tmp_path).head.seq == 6
    assert found(tmp_path) == []


def test_a_process_that_is_killed_after_it_rotated_leaves_a_whole_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path, 3, 900)
    note = audit._note
    with monkeypatch.context() as killed:
        # All is done but the last step.
        killed.setattr(audit, "_note", lambda file, now: None if now.size else note(file, now))
        append(tmp_path, b'{"event":"rotates"}', 600)
    assert len(audit.files(tmp_path)) == 2
    record(tmp_path, 1)
    assert found(tmp_path) == []
    assert verify(tmp_path).head.seq == 5


def test_a_part_of_a_record_that_a_power_cut_left_goes_with_the_next(tmp_path: Path) -> None:
    record(tmp_path, 2)
    with (tmp_path / "audit.log").open("ab") as file:
        file.write(b'{"event":"ha')
    assert found(tmp_path) == [("audit.log:3", "is no record, behind record 2")]
    record(tmp_path, 1)
    assert found(tmp_path) == []
    assert verify(tmp_path).head.seq == 3


def test_what_was_cut_off_at_the_end_stays_missing_whatever_is_recorded_later(
    tmp_path: Path,
) -> None:
    record(tmp_path, 5)
    path = tmp_path / "audit.log"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    assert found(tmp_path) == [("audit.head", "records 4 to 5 are missing at the end")]
    record(tmp_path, 1)
    assert found(tmp_path) == [("audit.log:4", "records 4 to 5 are missing before it")]


def test_a_cut_at_any_byte_is_found(tmp_path: Path) -> None:
    record(tmp_path, 3)
    path = tmp_path / "audit.log"
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        assert found(tmp_path), end
    path.write_bytes(whole)
    assert found(tmp_path) == []


def test_a_last_record_that_was_written_anew_is_found(tmp_path: Path) -> None:
    record(tmp_path, 2)
    head = (tmp_path / audit.HEAD).read_bytes()
    (tmp_path / "audit.log").unlink()
    (tmp_path / audit.HEAD).unlink()
    append(tmp_path, b'{"event":"other"}', 1 << 30)
    append(tmp_path, b'{"event":"other"}', 1 << 30)
    (tmp_path / audit.HEAD).write_bytes(head)
    assert found(tmp_path) == [("audit.head", "record 2 is not the one that was written")]


def test_a_rotated_file_that_is_removed_or_changed_is_found(tmp_path: Path) -> None:
    record(tmp_path, 12, 900)
    care(tmp_path, Limits({}, 1 << 40))
    first, second, *_ = audit.files(tmp_path)
    data = gzip.decompress(second.read_bytes())
    second.write_bytes(gzip.compress(data.replace(b'"e4"', b'"eX"')))
    number = data[: data.index(b'"e4"')].count(b"\n") + 1
    assert found(tmp_path) == [(f"{second.name}:{number}", "record 5 was changed")]
    second.write_bytes(gzip.compress(data))
    assert found(tmp_path) == []
    removed = gzip.decompress(first.read_bytes()).count(b"\n")
    first.rename(tmp_path / "audit.log.1.gz")
    assert found(tmp_path) == [
        (f"{second.name}:1", f"records 1 to {removed} are missing before it"),
        ("audit.log.1.gz", "is no file of the audit's own making"),
    ]


def test_without_its_head_the_chain_goes_on_and_the_loss_is_found(tmp_path: Path) -> None:
    record(tmp_path, 4, 900)
    (tmp_path / audit.HEAD).write_bytes(b"")
    assert found(tmp_path) == [
        ("audit.head", "cannot be read: it tells whether the end was cut off")
    ]
    record(tmp_path, 1, 900)
    assert verify(tmp_path).head.seq == 5
    assert found(tmp_path) == []


def test_who_cannot_have_the_lock_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_PATIENCE", 0.01)
    with exclusive(tmp_path / audit.LOCK) as ours:
        assert ours
        with pytest.raises(BlockingIOError):
            record(tmp_path, 1)
    record(tmp_path, 1)
    assert found(tmp_path) == []


def test_files_are_for_their_owner_to_write_and_for_the_group_to_read(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        record(tmp_path, 1)
    finally:
        os.umask(before)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.glob("audit*")}
    assert modes == {"audit.log": "0o640", "audit.head": "0o640"}
