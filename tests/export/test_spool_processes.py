"""The spool between real processes: killed while they write, replaying at once, without rights."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from obskit.export.spool import Spool

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user or mount")

_BEGIN = """
import os, sys
from pathlib import Path
from obskit.export.replay import replay
from obskit.export.spool import Spool
spool = Spool(Path(sys.argv[1]))
"""
# Says what is stored only when it is; never ends by itself.
_WRITE_FOR_EVER = f"""{_BEGIN}
number = 0
while True:
    body = b"%d %d " % (os.getpid(), number) + os.urandom(200_000)
    assert spool.put("logs", body, 1).stored
    print(number, flush=True)
    number += 1
"""
_WRITE_SOME = f"""{_BEGIN}
for number in range(30):
    for signal in ("traces", "logs"):
        assert spool.put(signal, b"%d %d" % (os.getpid(), number), 1).stored
"""
_REPLAY = f"""{_BEGIN}
def send(batch):
    print(batch.signal, batch.body.decode(), flush=True)
    return True
while not Path(sys.argv[2]).exists():
    replay(spool, send)
replay(spool, send)
"""
_HOLD = f"""{_BEGIN}
spool.put("logs", b"body", 1)
with spool.replaying() as ours:
    print(ours, flush=True)
    sys.stdin.read()
"""
# The child outlives its parent, and waits for the end of its input.
_HOLD_AND_FORK = f"""{_BEGIN}
spool.put("logs", b"body", 1)
reading, writing = os.pipe()
with spool.replaying() as ours:
    child = os.fork()
    if child:
        os.read(reading, 1)
        print(child, flush=True)
    else:
        os.write(writing, b"x")
    sys.stdin.read()
"""
_PUT_TWICE = f"""{_BEGIN}
for _ in range(2):
    outcome = spool.put("logs", b"body", 1)
    print(outcome.stored, outcome.reason, spool.off)
print(spool.oldest() is None)
with spool.replaying() as ours:
    print(ours)
"""
# Root is refused nothing; a user without rights may not even read Python, so it is read before.
_AS_NOBODY = """
import encodings.idna, gzip, socket
import obskit.export.replay
import os
os.setgid(65534)
os.setuid(65534)
"""
# A mount of its own, which ends with the process.
_FILL_THE_DISK = f"""
import subprocess, sys
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", sys.argv[1]], check=True)
{_BEGIN}
outcomes = [spool.put("logs", os.urandom(50_000), 1) for _ in range(8)]
print([(outcome.stored, outcome.reason) for outcome in outcomes[-2:]], [*outcomes[-1].evicted])
stored = sum(outcome.stored for outcome in outcomes)
print(len(os.listdir(sys.argv[1])) == stored, 3 <= stored <= 5, spool.off == "")
while (batch := spool.oldest()) is not None:
    stored -= spool.done(batch) and len(batch.body) == 50_000
print(stored, spool.take_losses(), spool.put("logs", b"body", 1).stored)
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def run(script: str, *arguments: object, before: tuple[str, ...] = ()) -> list[str]:
    """The lines that a script prints. It must end well and complain of nothing.

    It is not measured: where nothing can be written, a measurement cannot be either.
    """
    done = subprocess.run(
        [*before, sys.executable, "-c", script, *map(str, arguments)],
        env={name: value for name, value in os.environ.items() if "COVERAGE" not in name},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def take_all(spool: Spool) -> list[bytes]:
    found = []
    while (batch := spool.oldest()) is not None:
        found.append(batch.body)
        assert spool.done(batch)
    return found


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that every user may reach, as /tmp is."""
    folder = Path(tempfile.mkdtemp(prefix="obskit-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_what_killed_writers_had_stored_is_whole_and_in_order(tmp_path: Path) -> None:
    """They are killed at any moment; whatever was said to be stored is there."""
    folder = tmp_path / "spool"
    writers = [start(_WRITE_FOR_EVER, folder) for _ in range(2)]
    told: dict[int, int] = {}
    for writer in writers:
        assert writer.stdout is not None
        for _ in range(10):
            writer.stdout.readline()
        writer.kill()
        told[writer.pid] = 10 + writer.stdout.read().count("\n")
        writer.communicate()
    spool = Spool(folder)
    found: dict[int, list[int]] = {writer.pid: [] for writer in writers}
    for body in take_all(spool):
        pid, number, noise = body.split(b" ", 2)
        assert len(noise) == 200_000
        found[int(pid)].append(int(number))
    assert spool.take_losses() == {}
    for writer_pid, numbers in found.items():
        assert numbers == list(range(len(numbers)))
        # The last may be stored without its writer having come to say so.
        assert len(numbers) - told[writer_pid] in {0, 1}
    left = [path.name for path in folder.iterdir()]
    assert all(name.startswith(".") for name in left)
    assert len(left) <= 2


def test_every_batch_of_several_writers_is_sent_once(tmp_path: Path) -> None:
    """Although several try to replay all the while."""
    folder, ended = tmp_path / "spool", tmp_path / "ended"
    writers = [start(_WRITE_SOME, folder) for _ in range(3)]
    replayers = [start(_REPLAY, folder, ended) for _ in range(2)]
    for writer in writers:
        assert writer.communicate(timeout=120)[0] == ""
    ended.touch()
    sent: list[str] = []
    for replayer in replayers:
        sent += replayer.communicate(timeout=120)[0].splitlines()
    # What one left because the other held the lock at its end.
    sent += [f"logs {body.decode()}" for body in take_all(Spool(folder))]
    assert Counter(sent) == Counter(
        f"{signal} {writer.pid} {number}"
        for writer in writers
        for number in range(30)
        for signal in ("traces", "logs")
    )
    assert [path.name for path in folder.iterdir()] == ["replay.lock"]


def test_the_right_to_replay_ends_with_its_holder(tmp_path: Path) -> None:
    """However it ends."""
    holder = start(_HOLD, tmp_path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "True\n"
    spool = Spool(tmp_path)
    with spool.replaying() as ours:
        assert not ours
    holder.kill()
    holder.communicate()  # it is gone
    with spool.replaying() as ours:
        assert ours


def test_a_forked_child_does_not_keep_the_right(tmp_path: Path) -> None:
    """It lives on when its parent is killed."""
    holder = start(_HOLD_AND_FORK, tmp_path)
    assert holder.stdout is not None
    child = int(holder.stdout.readline())
    spool = Spool(tmp_path)
    with spool.replaying() as ours:
        assert not ours
    holder.kill()
    holder.wait()
    os.kill(child, 0)  # it is there
    with spool.replaying() as ours:
        assert ours
    holder.communicate()


def test_a_forked_child_that_leaves_the_with_does_not_end_its_parents_right(
    tmp_path: Path,
) -> None:
    script = f"""{_BEGIN}
spool.put("logs", b"body", 1)
with spool.replaying() as ours:
    child = os.fork()
    if child:
        print(ours, os.waitpid(child, 0)[1])
        with Spool(Path(sys.argv[1])).replaying() as second:
            print(second)
"""
    assert run(script, tmp_path) == ["True 0", "False"]


@as_root
def test_a_full_disk_takes_what_fits_and_nothing_half(tmp_path: Path) -> None:
    """A real one. What is refused is the new; what waits stays."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-m", "true"], check=False).returncode:
        pytest.skip("no mounts of one's own here")
    assert run(_FILL_THE_DISK, tmp_path, before=(unshare, "-m")) == [
        "[(False, 'spool_full_disk'), (False, 'spool_full_disk')] []",
        "True True True",
        "0 {} True",
    ]


def test_a_limit_of_files_sizes_is_a_full_disk(tmp_path: Path) -> None:
    """As `ulimit -f` sets it."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))"
    lines = run(limit + _PUT_TWICE, tmp_path)
    assert lines == ["False spool_full_disk ", "False spool_full_disk ", "True", "True"]
    assert [path.name for path in tmp_path.iterdir()] == ["replay.lock"]


@as_root
@pytest.mark.parametrize("prepared", ["missing", "unwritable", "forbidden"])
def test_where_a_user_may_not_write_the_spool_is_off(prepared: str, shared: Path) -> None:
    """And says why, and nobody replays there."""
    folder = shared / "spool"
    if prepared != "missing":
        folder.mkdir(mode=0o755)
    if prepared == "forbidden":
        shared.chmod(0o700)
    said = f"False spool_unwritable cannot write to {folder}: Permission denied"
    assert run(_AS_NOBODY + _PUT_TWICE, folder) == [said, said, "True", "False"]


@as_root
def test_a_directory_of_another_user_is_not_used(shared: Path) -> None:
    """Somebody may have made it first in a shared place, to read along."""
    (folder := shared / "spool").mkdir()
    folder.chmod(0o777)
    os.chown(folder, 65533, 65533)
    said = f"False spool_unwritable cannot write to {folder}: it belongs to another user"
    assert run(_AS_NOBODY + _PUT_TWICE, folder)[:2] == [said, said]
    assert list(folder.glob("*.logs")) == []


@as_root
def test_a_directory_that_root_made_for_a_user_is_good(shared: Path) -> None:
    """As volumes of containers are."""
    (folder := shared / "spool").mkdir()
    folder.chmod(0o777)
    assert run(_AS_NOBODY + _PUT_TWICE, folder) == ["True  ", "True  ", "False", "True"]


@as_root
def test_what_another_user_stored_stays_unread(shared: Path) -> None:
    """It is no torn file."""
    folder = shared / "spool"
    spool = Spool(folder)
    assert spool.put("logs", b"root's", 1).stored
    folder.chmod(0o777)
    script = f"{_AS_NOBODY}{_BEGIN}print(spool.oldest(), spool.take_losses())"
    assert run(script, folder) == ["None {}"]
    assert take_all(spool) == [b"root's"]
