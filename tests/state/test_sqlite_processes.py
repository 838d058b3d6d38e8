"""The store in a file between real processes: writing at once, killed, forked, without room."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from obskit.state.opening import open_store

ROOT = Path(__file__).resolve().parents[2]
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user or mount")

_BEGIN = """
import os, sys, logging
from dataclasses import replace
from obskit.exceptions import StoreError
from obskit.state.opening import open_store
from obskit.state.store import Count
from tests.state.contract import JOB, RUN
store = open_store("sqlite:///" + sys.argv[1], "shop")
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _BEGIN + script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def run(script: str, *arguments: object, before: tuple[str, ...] = ()) -> list[str]:
    """The lines that a script prints. It must end well and complain of nothing.

    It is not measured: where nothing can be written, a measurement cannot be either.
    """
    done = subprocess.run(
        [*before, sys.executable, "-W", "error", "-c", _BEGIN + script, *map(str, arguments)],
        env={name: value for name, value in os.environ.items() if "COVERAGE" not in name},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def is_whole(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as file:
        return bool(file.execute("PRAGMA integrity_check").fetchone() == ("ok",))


def write_at_once(path: Path, script: str, processes: int) -> None:
    """Run a script in so many processes; it waits for a line."""
    writers = [start(script, path, f"check-{number}") for number in range(processes)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=150)
    assert [writer.returncode for writer in writers] == [0] * processes
    assert is_whole(path)


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    """They make the file together, too."""
    script = """
sys.stdin.readline()
for number in range(200):
    assert store.keep(replace(RUN, check=sys.argv[2], started=float(number)))
    store.add(Count("runs", {}, 1.0))
store.close()
"""
    path = tmp_path / "state.sqlite3"
    write_at_once(path, script, 8)
    with closing(open_store(f"sqlite:///{path}", "shop")) as store:
        (count,) = store.take_counts()
        assert count.amount == 1_600.0
        assert [len(store.runs(f"check-{number}")) for number in range(8)] == [200] * 8


def test_where_other_machines_share_the_file_all_that_was_not_refused_is_there(
    tmp_path: Path,
) -> None:
    """Each write waits for the disk there, and may have to give way to the others."""
    script = """
from obskit.state import sqlite_file
sqlite_file.is_remote = lambda path: True
logging.getLogger("obskit.state").addHandler(logging.NullHandler())
sys.stdin.readline()
written = 0
while written < 30:
    try:
        store.add(Count("runs", {}, 1.0))
    except StoreError as error:
        assert "another process has held it" in str(error)
    else:
        written += 1
store.close()
"""
    path = tmp_path / "state.sqlite3"
    write_at_once(path, script, 4)
    with closing(open_store(f"sqlite:///{path}", "shop")) as store:
        (count,) = store.take_counts()
        assert count.amount == 120.0


def test_a_process_that_is_killed_while_it_writes_leaves_a_whole_file(tmp_path: Path) -> None:
    """All that it was told is kept is there, and no run is there by half."""
    script = """
number = 0
while True:
    store.keep(replace(RUN, started=float(number), message="x" * 20_000))
    print(number, flush=True)
    number += 1
"""
    path = tmp_path / "state.sqlite3"
    with closing(open_store(f"sqlite:///{path}", "shop")) as store:
        for _ in range(3):
            store.purge(1e9, 2**30)
            writer = start(script, path)
            assert writer.stdout is not None
            for _ in range(40):
                told = int(writer.stdout.readline())
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
            runs = store.runs("database", limit=100_000)
            assert len(runs) > told  # more was kept than could be read before the kill
            assert [run.started for run in reversed(runs)] == list(range(len(runs)))
            assert {len(run.message) for run in runs} == {20_000}
            assert store.latest()["database"] == runs[0]
        assert is_whole(path)


def test_a_forked_child_has_a_connection_of_its_own(tmp_path: Path) -> None:
    script = """
store.keep(RUN)
store.put_job(JOB)
children = []
for number in range(4):
    child = os.fork()
    if not child:
        for round in range(50):
            assert store.keep(replace(RUN, check=f"child-{number}", started=float(round)))
        os._exit(0)
    children.append(child)
for round in range(50):
    store.keep(replace(RUN, check="parent", started=float(round)))
assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
print(sorted((name, len(store.runs(name))) for name in store.latest()))
store.close()
"""
    path = tmp_path / "state.sqlite3"
    (line,) = run(script, path)
    counts = [(f"child-{number}", 50) for number in range(4)]
    assert line == str([*counts, ("database", 1), ("parent", 50)])
    assert is_whole(path)


def test_a_fork_waits_for_a_thread_that_writes(tmp_path: Path) -> None:
    """The child can write at once: it inherits no lock that nobody there will release."""
    script = """
from threading import Thread
ended = False
def write():
    while not ended:
        store.add(Count("runs", {}, 1.0))
thread = Thread(target=write)
thread.start()
for _ in range(20):
    child = os.fork()
    if not child:
        store.add(Count("children", {}, 1.0))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
ended = True
thread.join()
print(store.take_counts()[0])
store.close()
"""
    if sys.version_info >= (3, 12):  # Python warns of what is done here
        script = "import warnings; warnings.simplefilter('ignore', DeprecationWarning)" + script
    assert run(script, tmp_path / "state.sqlite3") == [
        "Count(metric='children', attributes={}, amount=20.0)"
    ]


@as_root
def test_without_room_each_call_is_an_error_until_there_is_some(tmp_path: Path) -> None:
    """A mount of its own, which ends with the process."""
    script = """
import subprocess
from pathlib import Path
folder = Path(sys.argv[1]).parent
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], check=True)
told = []
logging.getLogger("obskit.state").addHandler(type("H", (logging.Handler,), {
    "emit": lambda self, record: told.append(record.getMessage())})())
def fails(count):
    errors = []
    for number in range(count):
        try:
            store.keep(replace(RUN, message="x" * 9_000))
        except StoreError as error:
            errors.append(str(error))
    return errors
print(fails(10))
(folder / "filler").write_bytes(bytes(500_000))
errors = fails(60)
print(len(errors) > 5, {error.split("cannot be used: ")[1] for error in errors}, len(told))
print(len(store.latest()))  # it can still be read
(folder / "filler").unlink()
print(fails(3))
(folder / "filler").write_bytes(bytes(1_000_000 - sum(f.stat().st_size for f in folder.iterdir())))
print(len(fails(60)) > 5, len(told))
store.close()
"""
    lines = run(script, tmp_path / "state.sqlite3", before=("unshare", "--mount"))
    assert lines == [
        "[]",
        "True {'database or disk is full: make room there'} 1",
        "1",
        "[]",
        "True 2",
    ]


@as_root
def test_on_a_disk_that_was_made_read_only_each_call_is_an_error_until_it_is_not(
    tmp_path: Path,
) -> None:
    script = """
import subprocess
from pathlib import Path
folder = Path(sys.argv[1]).parent
subprocess.run(["mount", "-t", "tmpfs", "none", str(folder)], check=True)
told = []
logging.getLogger("obskit.state").addHandler(type("H", (logging.Handler,), {
    "emit": lambda self, record: told.append(record.getMessage())})())
store.keep(RUN)
for mode in ("ro", "rw"):
    store.close()
    subprocess.run(["mount", "-o", f"remount,{mode}", str(folder)], check=True)
    for _ in range(2):
        try:
            print(store.keep(RUN))
        except StoreError as error:
            print(str(error).split("cannot be used: ")[1])
print(len(told), len(store.runs("database")))
store.close()
"""
    lines = run(script, tmp_path / "state.sqlite3", before=("unshare", "--mount"))
    assert lines == [
        "unable to open database file: this user must be able to write there",
        "unable to open database file: this user must be able to write there",
        "True",
        "True",
        "1 3",
    ]
