"""A file of lines: several processes write and rotate it, and it may be taken away at any moment."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from obskit.logfiles import flock, naming
from obskit.logfiles.care import Limits, care
from obskit.logfiles.linefile import LineFile

from .writing import WRITE, begin, go, lines

# Runs where a small file system of its own is mounted: fills it with lines, makes room, writes on.
FILL = """
import sys
from pathlib import Path
from obskit.logfiles.linefile import LineFile
folder, lost, written = Path(sys.argv[1]), 0, []
file = LineFile(folder / "app.log")
file._complaint.check = lambda: None  # it tries at each line, not once a second
ballast = folder / "ballast"
ballast.write_bytes(bytes(30_000))
for number in range(2_500):
    if number == 2_200:
        ballast.unlink()
    try:
        file.write(b"%d %s\\n" % (number, b"x" * 57))
        written.append(number)
    except OSError:
        lost += 1
left = [int(line.split()[0]) for line in (folder / "app.log").read_bytes().splitlines()]
whole = all(line.endswith(b"x" * 57) for line in (folder / "app.log").read_bytes().splitlines())
print(left == written, whole, lost > 100, lost + len(written), 2_499 in written)
"""


def numbers(found: list[bytes]) -> Counter[tuple[str, int]]:
    return Counter((line["who"], line["number"]) for line in map(json.loads, found))


def test_lines_of_four_processes_are_each_there_once_and_whole_while_all_rotate(
    tmp_path: Path,
) -> None:
    writers = [begin(WRITE, tmp_path, who, 5_000, 20_000) for who in "abcd"]
    go(*writers)
    for one in writers:
        one.communicate()
    assert [one.returncode for one in writers] == [0, 0, 0, 0]
    care(tmp_path, Limits({}, 1 << 40))
    assert numbers(lines(tmp_path)) == {(who, n): 1 for who in "abcd" for n in range(5_000)}
    rotated = naming.rotated(tmp_path)
    assert len(rotated) > 10
    assert all(one.packed for one in rotated)
    assert not list(tmp_path.glob("*.part"))


def test_a_writer_that_is_killed_again_and_again_loses_no_line_that_it_told_of(
    tmp_path: Path,
) -> None:
    other = begin(WRITE, tmp_path, "other", 6_000, 2_000)
    go(other)
    told = {}
    for number in range(12):
        one = begin(WRITE, tmp_path, f"killed-{number}", 10**9, 2_000, "told")
        go(one)
        assert one.stdout
        for _ in range(50 + 17 * number):
            last = one.stdout.readline()
        one.kill()
        one.communicate()
        told[f"killed-{number}"] = int(last)
    other.communicate()
    assert other.returncode == 0
    care(tmp_path, Limits({}, 1 << 40))
    # Of a line that nobody was told of a part may be there.
    left = lines(tmp_path)
    found = numbers([line for line in left if line.endswith(b"}")])
    assert len(left) - found.total() <= 12
    assert max(found.values()) == 1
    expected = {("other", n) for n in range(6_000)}
    expected |= {(who, n) for who, count in told.items() for n in range(count)}
    assert expected <= set(found)


def test_threads_share_a_file(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "app.log", max_bytes=5_000, period=1e9)

    def write(who: int) -> None:
        for number in range(500):
            file.write(b'{"who":"%d","number":%d}\n' % (who, number))

    threads = [threading.Thread(target=write, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers(lines(tmp_path)) == {(str(w), n): 1 for w in range(4) for n in range(500)}


def test_a_forked_child_opens_the_file_anew(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "app.log")
    file.write(b"parent\n")
    before = file._file
    child = os.fork()
    if child == 0:
        file._lock.acquire()  # as a thread of the parent may have held it
        try:
            file.write(b"child\n")
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert before is not None
    flock.alone(before)  # nobody else has it open
    assert (tmp_path / "app.log").read_bytes() == b"parent\nchild\n"


def test_a_file_that_would_become_too_large_is_rotated_first(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "app.log", max_bytes=10, period=1e9)
    for line in (b"1234\n", b"5678\n", b"9\n", b"longer than a file may be\n", b"a\n"):
        file.write(line)
    assert lines(tmp_path) == [b"1234", b"5678", b"9", b"longer than a file may be", b"a"]
    assert [one.path.read_bytes() for one in naming.rotated(tmp_path)] == [
        b"1234\n5678\n",
        b"9\n",
        b"longer than a file may be\n",
    ]
    assert (tmp_path / "app.log").read_bytes() == b"a\n"


def test_a_file_is_rotated_when_a_new_period_has_begun(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "app.log", max_bytes=1_000, period=86_400)
    file.write(b"yesterday\n")
    a_day_ago = time.time() - 86_400
    os.utime(tmp_path / "app.log", (a_day_ago, a_day_ago))
    file.write(b"today\n")
    assert (tmp_path / "app.log").read_bytes() == b"today\n"
    assert [one.path.read_bytes() for one in naming.rotated(tmp_path)] == [b"yesterday\n"]


def test_files_are_for_their_owner_to_write_and_for_the_group_to_read(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        file = LineFile(tmp_path / "app.log", max_bytes=4, period=1e9)
        file.write(b"1\n")
        file.write(b"222\n")
        care(tmp_path, Limits({}, 1 << 40))
    finally:
        os.umask(before)
    modes = {path.name[:8]: oct(path.stat().st_mode & 0o777) for path in tmp_path.glob("app*")}
    assert modes == {"app.log": "0o640", "app.log-": "0o640"}
    assert [one.packed for one in naming.rotated(tmp_path)] == [True]


def test_a_file_that_somebody_moved_away_is_made_again(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "app.log")
    file.write(b"1\n")
    (tmp_path / "app.log").rename(tmp_path / "app.log.1")
    file.write(b"2\n")
    assert (tmp_path / "app.log.1").read_bytes() == b"1\n"
    assert (tmp_path / "app.log").read_bytes() == b"2\n"


def test_a_file_that_somebody_truncated_goes_on_at_its_beginning(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "app.log")
    file.write(b"1\n")
    os.truncate(tmp_path / "app.log", 0)
    file.write(b"2\n")
    assert (tmp_path / "app.log").read_bytes() == b"2\n"


def test_others_that_write_put_off_a_rotation_and_nobody_waits(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "app.log", max_bytes=4, period=1e9)
    file.write(b"1\n")
    with (tmp_path / "app.log").open("ab") as other:
        flock.shared(other.fileno(), 0)
        file.write(b"222\n")
        assert (tmp_path / "app.log").read_bytes() == b"1\n222\n"
    file.write(b"3\n")
    assert (tmp_path / "app.log").read_bytes() == b"3\n"


def test_a_file_is_not_compressed_under_a_line_that_is_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = LineFile(tmp_path / "app.log")
    other = LineFile(tmp_path / "app.log", max_bytes=8, period=1e9)
    file.write(b"1234\n")
    put = file._put

    def put_later(*given: Any) -> None:
        other.write(b"56789\n")
        care(tmp_path, Limits({}, 1 << 40))
        put(*given)

    monkeypatch.setattr(file, "_put", put_later)
    file.write(b"a\n")
    assert sorted(lines(tmp_path)) == [b"1234", b"56789", b"a"]


def test_a_missing_folder_is_told_once_and_the_file_written_when_it_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr("obskit.logfiles.complaint.monotonic", lambda: now)
    file = LineFile(tmp_path / "logs" / "app.log")
    for _ in range(3):
        with pytest.raises(FileNotFoundError):
            file.write(b"lost\n")
        now += 2.0
    with pytest.raises(FileNotFoundError):
        file.write(b"lost\n")
    (tmp_path / "logs").mkdir()
    with pytest.raises(FileNotFoundError):  # it is not tried again within a second
        file.write(b"lost\n")
    now += 2.0
    file.write(b"kept\n")
    assert (tmp_path / "logs" / "app.log").read_bytes() == b"kept\n"
    folder = tmp_path / "logs"
    assert capsys.readouterr().err == (
        f"obskit: {folder}/app.log cannot be written (No such file or directory): make the folder"
        f" {folder}, or name another by OBSKIT_LOG_FOLDER. The application goes on; the lines are"
        " counted as dropped until it can.\n"
        f"obskit: {folder}/app.log can be written again; 5 lines were not\n"
    )


def test_a_full_disk_tears_no_line_and_writing_goes_on_when_there_is_room(tmp_path: Path) -> None:
    script = 'mount -t tmpfs -o size=128k tmpfs "$1" && exec "$2" -c "$3" "$1"'
    ended = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", tmp_path, sys.executable, FILL],
        check=False,
        capture_output=True,
        text=True,
    )
    if "unshare:" in ended.stderr or "mount:" in ended.stderr:
        pytest.skip("no file system may be mounted here")
    assert ended.stdout == "True True True 2500 True\n", ended.stderr
    told = ended.stderr.splitlines()
    assert len(told) == 2
    assert re.search(r"app\.log cannot be written \(.+\): the disk of .+ is full", told[0])
    assert re.search(r"app\.log can be written again; \d+ lines were not$", told[1])


def test_a_part_of_a_line_that_a_killed_process_left_does_not_spoil_the_next(
    tmp_path: Path,
) -> None:
    file = LineFile(tmp_path / "app.log")
    file.write(b"1\n")
    with (tmp_path / "app.log").open("ab") as other:
        other.write(b"a part")
    file.write(b"2\n")
    file.write(b"3\n")
    assert (tmp_path / "app.log").read_bytes() == b"1\na part\n2\n3\n"
