"""Worker slots, held by real processes."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from obskit.telemetry import instance
from obskit.telemetry.instance import Slot, instance_id, living, run_directory

as_root = pytest.mark.skipif(os.getuid() != 0, reason="another user can be had by root only")

_HOLD = """
import sys
from pathlib import Path
from obskit.telemetry.instance import Slot
print(Slot(Path(sys.argv[1])).number, flush=True)
sys.stdin.read()
"""
# Root is refused nothing: this is done as a user without rights, who may not even read Python.
_AS_NOBODY = """
import os
from obskit.telemetry.instance import Slot
os.setgid(65534)
os.setuid(65534)
"""


@contextmanager
def holder(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process that holds a slot, and its number."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def run(script: str, *arguments: object) -> str:
    """What a script prints. It must end well and complain of nothing.

    It is not measured: where a slot cannot be had, a measurement cannot be written either.
    """
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env={name: value for name, value in os.environ.items() if "COVERAGE" not in name},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def claimed(prepare: str, folder: Path) -> str:
    """The slot that a process gets after some preparation."""
    return run(f"{prepare}\n{_HOLD.replace('sys.stdin.read()', '')}", folder)


def test_each_process_has_the_lowest_free_slot(tmp_path: Path) -> None:
    """A slot is free again the moment its holder is killed, without any clean-up."""
    with ExitStack() as stack:
        held = [stack.enter_context(holder(tmp_path / "s")) for _ in range(3)]
        assert [number for _, number in held] == [0, 1, 2]
        assert living(tmp_path / "s") == {number: process.pid for process, number in held}
        killed = held[1][0]
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait(30)
        assert list(living(tmp_path / "s")) == [0, 2]
        _, reused = stack.enter_context(holder(tmp_path / "s"))
        assert reused == 1
        assert list(living(tmp_path / "s")) == [0, 1, 2]


_FORK = """
import os, sys
from pathlib import Path
from obskit.telemetry.instance import Slot, living
folder = Path(sys.argv[1])
slot = Slot(folder)
reading, writing = os.pipe()
child = os.fork()
"""


def test_a_forked_child_takes_another_slot_and_leaves_its_parents_alone(tmp_path: Path) -> None:
    """The lock belongs to the open file, which a child inherits: it must close it, not release it."""
    script = f"""{_FORK}
if child:
    os.waitpid(child, 0)
    print(slot.number, list(living(folder)))
else:
    slot.claim()
    print(slot.number, living(folder) == {{0: os.getppid(), 1: os.getpid()}}, flush=True)
"""
    assert run(script, tmp_path / "s") == "1 True\n0 [0]"


def test_a_parents_slot_is_free_although_its_child_lives_on(tmp_path: Path) -> None:
    """The child has closed what it inherited."""
    script = f"""{_FORK}
if child:
    os.read(reading, 1)
    slot.release()
    print(list(living(folder)))
    os.wait()
else:
    slot.claim()
    os.write(writing, b"x")
    import time
    deadline = time.monotonic() + 30
    while 0 in living(folder) and time.monotonic() < deadline:
        time.sleep(0.01)
"""
    assert run(script, tmp_path / "s") == "[1]"


def test_a_slot_that_was_given_back_is_nobodys(tmp_path: Path) -> None:
    """Giving it back again does nothing."""
    slot = Slot(tmp_path / "s")
    slot.release()
    slot.release()
    assert slot.number is None
    assert living(tmp_path / "s") == {}
    assert Slot(tmp_path / "s").number == 0


def test_the_files_of_slots_are_the_users_own(tmp_path: Path) -> None:
    """Nobody else may look into the folder."""
    folder = tmp_path / "run" / "s"
    slot = Slot(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "slot-0").stat().st_mode & 0o777 == 0o600
    slot.release()


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that every user may write to, as /tmp is."""
    folder = Path(tempfile.mkdtemp(prefix="obskit-test-", dir="/tmp"))
    folder.chmod(0o1777)
    yield folder
    shutil.rmtree(folder)


@as_root
@pytest.mark.parametrize("prepared", ["unwritable", "foreign", "foreign parent", "link"])
def test_where_no_slot_can_be_had_there_is_none(prepared: str, shared: Path) -> None:
    """A folder that cannot be written, that somebody else made, or that is a link."""
    base, folder, own = shared / "obskit", shared / "obskit" / "s", shared / "own"
    own.mkdir()
    os.chown(own, 65534, 65534)
    base.mkdir(mode=0o755)
    if prepared == "foreign":
        folder.mkdir()
        folder.chmod(0o777)
    elif prepared == "foreign parent":
        base.chmod(0o777)
        os.chown(base, 65533, 65533)
    elif prepared == "link":
        folder.symlink_to(own)
    assert claimed(_AS_NOBODY, folder) == "None"
    assert list(own.iterdir()) == []


@as_root
def test_a_folder_that_root_made_for_a_user_is_good(shared: Path) -> None:
    """As an administrator's script does it."""
    folder = shared / "obskit" / "s"
    folder.mkdir(parents=True)
    os.chown(folder, 65534, 65534)
    assert claimed(_AS_NOBODY, folder) == "0"


def test_a_file_where_the_folder_should_be_gives_no_slot(tmp_path: Path) -> None:
    """Nor does it raise."""
    (tmp_path / "s").touch()
    assert Slot(tmp_path / "s").number is None


def test_a_link_in_place_of_a_slots_file_is_not_followed(tmp_path: Path) -> None:
    """It would empty whatever it points to."""
    (tmp_path / "s").mkdir(mode=0o700)
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "s" / "slot-0").symlink_to(precious)
    assert Slot(tmp_path / "s").number is None
    assert precious.read_text() == "precious"


def test_a_file_system_without_locks_gives_no_slot_and_is_not_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network file systems refuse `flock`; none is at hand, so its answer is put in place."""

    def refuse(_file: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert Slot(tmp_path / "s").number is None
    assert len(list((tmp_path / "s").iterdir())) == 1


def test_a_system_without_flock_gives_no_slot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows; it is not even asked for a folder."""
    (tmp_path / "slot-0").write_text("7")
    monkeypatch.setattr(instance, "fcntl", None)
    assert Slot(tmp_path / "s").number is None
    assert living(tmp_path) == {}
    assert not (tmp_path / "s").exists()


def test_a_full_disk_leaves_the_slot_to_its_holder(tmp_path: Path) -> None:
    """The process id in the file is for people; the lock is what counts."""
    no_space = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"
    assert claimed(no_space, tmp_path / "s") == "0"


def test_no_more_slots_than_any_host_has_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond, identities are random."""
    monkeypatch.setattr("obskit.telemetry.instance._MOST_SLOTS", 2)
    slots = [Slot(tmp_path / "s") for _ in range(3)]
    assert [slot.number for slot in slots] == [0, 1, None]
    for slot in slots:
        slot.release()


def test_what_is_no_slot_is_not_counted_as_a_living_one(tmp_path: Path) -> None:
    """A folder that is missing, a file of somebody else, one that is being written."""
    assert living(tmp_path / "missing") == {}
    slot = Slot(tmp_path / "s")
    (tmp_path / "s" / "slot-x").write_text("7")
    (tmp_path / "s" / "slot-7").mkdir()
    (tmp_path / "s" / "slot-0").write_text("")
    assert living(tmp_path / "s") == {}
    slot.release()


def test_an_instance_is_the_same_for_the_same_place_only() -> None:
    """A UUID of host, service and slot; the parts cannot run into each other."""
    one = instance_id("web1", "shop", 0)
    assert one == "130c384a-bc68-532f-8329-938363379894"
    assert UUID(one).version == 5
    others = [("web2", "shop", 0), ("web1", "shop2", 0), ("web1", "shop", 1), ("web1shop", "", 0)]
    assert len({one, *(instance_id(*other) for other in others)}) == 5


def test_an_instance_without_a_slot_is_random() -> None:
    """Two are never the same."""
    first, second = instance_id("web1", "shop", None), instance_id("web1", "shop", None)
    assert first != second
    assert UUID(first).version == 4


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("shop", "shop"),
        ("../../etc", ".._.._etc"),
        ("a b/ü", "a_b_"),
        ("", "_"),
        ("x" * 200, "x" * 100),
    ],
)
def test_a_services_folder_is_one_below_the_chosen_one(service: str, name: str) -> None:
    """Whatever the service is called."""
    assert run_directory("/run/user/7", service) == Path("/run/user/7/obskit") / name


def test_without_a_chosen_folder_it_is_the_users_own_below_that_of_temporary_files() -> None:
    """Two users of one service do not meet."""
    expected = Path(tempfile.gettempdir()) / f"obskit-{os.getuid()}" / "shop"
    assert run_directory(None, "shop") == expected
