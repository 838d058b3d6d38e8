"""The machine as the checks of the library see it: the real one, and one whose `/proc` is made."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from obskit.checks.library import system
from obskit.checks.measurement import Measurement

STAT = "cpu  {user} 0 100 {idle} {iowait} 0 0 0 0 0\ncpu0 {user} 0 100 {idle} {iowait} 0 0 0 0 0\n"
MEMORY = """MemTotal: {total} kB
MemFree: 100 kB
MemAvailable: {available} kB
Buffers: 0 kB
Cached: 0 kB
Active: 0 kB
Inactive: 0 kB
Shmem: 0 kB
SReclaimable: 0 kB
Slab: 0 kB
SwapTotal: {swap} kB
SwapFree: {swap_free} kB
"""
# Runs where a file system of its own may be mounted; prints the states of a disk that is empty,
# then full, then empty again.
FULL_AND_EMPTY = """
import sys
from pathlib import Path
from obskit.checks.library import system
subject = getattr(system, sys.argv[1])(sys.argv[2])
def state(): return subject.default_judge(subject().value).state
states = [state()]
files = [Path(sys.argv[2], str(number)) for number in range(60)]
try:
    for file in files: file.write_bytes(bytes(32768))
except OSError: pass
states.append(state())
for file in files: file.unlink(missing_ok=True)
states.append(state())
print(*states)
"""


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A `/proc` that psutil reads."""
    folder = tmp_path / "proc"
    (folder / "self").mkdir(parents=True)
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(folder))
    yield folder


def state(subject: Any) -> tuple[object, str]:
    measured = subject()
    assert isinstance(measured, Measurement)
    assert isinstance(measured.value, float)
    return round(measured.value, 1), subject.default_judge(measured.value).state


def test_a_processor_is_judged_by_what_it_did_since_the_run_before(proc: Path) -> None:
    stat = proc / "stat"
    subject = system.Cpu()
    stat.write_text(STAT.format(user=1000, idle=1000, iowait=0))
    subject()
    stat.write_text(STAT.format(user=1980, idle=1010, iowait=10))
    assert state(subject) == (98.0, "critical")
    assert subject._before.maxlen == len(subject._before)
    stat.write_text(STAT.format(user=1990, idle=1900, iowait=110))
    assert state(subject) == (1.0, "ok")


def test_the_shares_of_a_processor_are_told(proc: Path) -> None:
    subject = system.Cpu()
    (proc / "stat").write_text(STAT.format(user=0, idle=0, iowait=0))
    subject()
    (proc / "stat").write_text(STAT.format(user=600, idle=300, iowait=100))
    measured = subject()
    assert measured.details == {"user": 60.0, "system": 0.0, "iowait": 10.0, "steal": 0.0}
    assert measured.message == "user 60 %, system 0 %, iowait 10 %, steal 0 %"


def test_a_counter_that_goes_back_makes_no_nonsense(proc: Path) -> None:
    subject = system.Cpu()
    (proc / "stat").write_text(STAT.format(user=1000, idle=1000, iowait=900))
    subject()
    (proc / "stat").write_text(STAT.format(user=1000, idle=2000, iowait=100))
    assert state(subject) == (0.0, "ok")


def test_the_first_run_watches_the_real_processor() -> None:
    with ExitStack() as stack:
        for _ in range(os.cpu_count() or 1):
            burning = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(burning.wait)
            stack.callback(burning.kill)
            while psutil.Process(burning.pid).cpu_times().user < 0.05:
                os.sched_yield()
        burned = system.Cpu()()
    assert isinstance(burned.value, float)
    assert 50 < burned.value <= 100


def test_memory_turns_when_little_is_available(proc: Path) -> None:
    (proc / "meminfo").write_text(MEMORY.format(total=1000, available=50, swap=0, swap_free=0))
    assert state(system.Memory()) == (95.0, "critical")
    assert system.Memory()().message == "50 KiB available of 1000 KiB"
    (proc / "meminfo").write_text(MEMORY.format(total=1000, available=600, swap=0, swap_free=0))
    assert state(system.Memory()) == (40.0, "ok")


def test_the_real_memory_is_measured() -> None:
    assert system.Memory()().details["total"] == psutil.virtual_memory().total


def test_swap_turns_when_it_fills(proc: Path) -> None:
    (proc / "vmstat").write_text("pswpin 0\npswpout 0\n")
    full = MEMORY.format(total=1000, available=600, swap=1000, swap_free=150)
    (proc / "meminfo").write_text(full)
    assert state(system.Swap()) == (85.0, "critical")
    (proc / "meminfo").write_text(full.replace("150", "950"))
    assert state(system.Swap()) == (5.0, "ok")
    assert system.Swap()().message == "950 KiB free of 1000 KiB"


def test_no_swap_space_is_no_fault(proc: Path) -> None:
    (proc / "vmstat").write_text("pswpin 0\npswpout 0\n")
    (proc / "meminfo").write_text(MEMORY.format(total=9, available=6, swap=0, swap_free=0))
    measured = system.Swap()()
    assert (measured.value, measured.message) == (0.0, "no swap space")


def test_load_is_the_average_of_the_kernel_for_each_processor() -> None:
    while True:  # the kernel writes it anew every five seconds
        before = os.getloadavg()
        measured = system.Load(minutes=1)()
        if os.getloadavg() == before:
            break
    assert measured.value == before[0] / (os.cpu_count() or 1)
    assert measured.details["15m"] == before[2]


@pytest.mark.parametrize(("minutes", "expected"), [(1, 5.0), (5, 2.5), (15, 0.5)])
def test_load_turns_when_processes_wait(
    monkeypatch: pytest.MonkeyPatch, minutes: Any, expected: float
) -> None:
    processors = os.cpu_count() or 1
    high = tuple(processors * load for load in (5, 2.5, 0.5))
    monkeypatch.setattr(psutil, "getloadavg", lambda: high)  # no test may load a machine so
    assert system.Load(minutes)().value == expected


def test_a_span_that_the_kernel_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="minutes is 10: use 1, 5 or 15"):
        system.Load(10)  # type: ignore[arg-type]


def test_open_descriptors_are_counted_against_the_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    subject = system.Descriptors()
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    opened: list[int] = []
    try:
        before = subject()
        while len(opened) + int(str(before.details["open"])) < 500:
            opened.append(os.open(os.devnull, os.O_RDONLY))
        broken = state(subject)[1]
    finally:
        for descriptor in opened:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert broken == "critical"
    assert subject().details["open"] == before.details["open"]
    assert before.details["limit"] == 512


def mounted(kind: str, options: str, folder: Path) -> str:
    """The states of a disk in a mount of its own."""
    script = f'mount -t tmpfs -o {options} tmpfs "$1" && exec "$2" -c "$3" {kind} "$1"'
    ended = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", folder, sys.executable, FULL_AND_EMPTY],
        check=False,
        capture_output=True,
        text=True,
    )
    if "unshare:" in ended.stderr or "mount:" in ended.stderr:
        pytest.skip("no file system may be mounted here")
    assert ended.stderr == ""
    return ended.stdout.strip()


def test_a_full_disk_turns_and_recovers(tmp_path: Path) -> None:
    assert mounted("Disk", "size=1m", tmp_path) == "ok critical ok"


def test_a_disk_without_inodes_turns_and_recovers(tmp_path: Path) -> None:
    assert mounted("Inodes", "size=8m,nr_inodes=50", tmp_path) == "ok critical ok"


def test_a_disk_is_counted_as_df_counts(tmp_path: Path) -> None:
    measured = system.Disk(tmp_path)()
    assert isinstance(measured, Measurement)
    df = subprocess.run(
        ["df", "--output=pcent", tmp_path], check=True, capture_output=True, text=True
    )
    assert isinstance(measured.value, float)
    # df rounds upward, and another may write between the two.
    assert measured.value == pytest.approx(int(df.stdout.split()[1].rstrip("%")), abs=1.5)


@pytest.mark.parametrize("subject", [system.Disk, system.Inodes])
def test_all_local_file_systems_are_watched_but_images_and_pseudo_ones(
    proc: Path, tmp_path: Path, subject: Any
) -> None:
    for name in ("data", "image", "pseudo"):
        (tmp_path / name).mkdir()
    (proc / "filesystems").write_text("nodev\tproc\n\text4\n\tsquashfs\n")
    rows = (("data", "ext4"), ("image", "squashfs"), ("pseudo", "proc"), ("gone", "ext4"))
    (proc / "self" / "mounts").write_text(
        "".join(f"/dev/{name} {tmp_path / name} {kind} rw 0 0\n" for name, kind in rows)
        + "/dev/shm /dev/shm ext4 rw 0 0\n"
    )
    paths = sorted(row.split()[0] for row in subject()().evidence)
    # The folder of this test is no mount: it stands on the root's, or on one of its own.
    assert paths in (["/", "/dev/shm"], ["/", "/dev/shm", str(tmp_path / "data")])


def test_the_fullest_file_system_comes_first() -> None:
    measured = system.Disk()()
    assert isinstance(measured, Measurement)
    shares = [float(row.split()[1]) for row in map(str, measured.evidence)]
    assert shares == sorted(shares, reverse=True)
    assert measured.details["path"] == str(next(iter(measured.evidence))).split()[0]


def test_a_path_that_is_not_there_is_told() -> None:
    with pytest.raises(FileNotFoundError) as told:
        system.Disk("/no/such/mount")()
    assert str(told.value) == "/no/such/mount is not there: mount it, or correct the path"
