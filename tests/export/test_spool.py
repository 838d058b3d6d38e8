"""Batches on disk: stored, and read in order."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest
from tests.export.spooled import START, STORED, Time, bodies, files, one

from obskit.export.spool import Spool, default_directory


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def spool(tmp_path: Path, time: Time) -> Spool:
    return Spool(tmp_path / "spool", clock=time, writer="web1 7")


def test_a_batch_comes_back_as_it_was(spool: Spool) -> None:
    body = bytes(range(256)) * 40
    assert spool.put("traces", body, 12) == STORED
    batch = spool.oldest()
    assert batch is not None
    assert batch[:5] == ("traces", body, 12, START, "web1 7")
    assert batch.path.parent == spool.directory
    assert batch.path.stat().st_size < 1_000  # compressed
    assert spool.oldest() == batch  # it waits until it is done
    assert spool.done(batch)
    assert spool.oldest() is None
    assert list(spool.directory.iterdir()) == []


def test_an_empty_body_is_a_batch_too(spool: Spool) -> None:
    one(spool, body=b"")
    assert bodies(spool) == [b""]


def test_a_file_tells_all_but_its_body_by_its_name(spool: Spool) -> None:
    path = one(spool, "metrics", records=31)
    time_ns, pid, sequence, rest = path.name.split("-")
    assert (time_ns, pid, rest) == ("01700000000000000000", str(os.getpid()), "31.metrics")
    assert len(sequence) == 6


def test_making_a_spool_touches_nothing(spool: Spool) -> None:
    """Nor does looking into it."""
    assert spool.oldest() is None
    assert spool.signals() == []
    assert spool.snapshot()["signals"] == {}
    assert spool.purge() == {}
    with spool.replaying() as ours:
        assert not ours
    assert not spool.directory.exists()


def test_only_its_user_can_read_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "state" / "spool")
    path = one(spool)
    assert spool.directory.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600


def test_batches_come_in_the_order_they_were_put(spool: Spool, time: Time) -> None:
    """Also those of one moment, and those of several spools of one process."""
    other = Spool(spool.directory, clock=time)
    for number in range(4):
        (spool, other)[number % 2].put("logs", b"%d" % number, 1)
    time.pass_by(5)
    spool.put("traces", b"4", 1)
    assert bodies(Spool(spool.directory, clock=time)) == [b"0", b"1", b"2", b"3", b"4"]


def test_one_signal_can_be_asked_for(spool: Spool, time: Time) -> None:
    for signal in ("logs", "traces", "logs"):
        time.pass_by(1)
        spool.put(signal, f"{signal} {time.passed:g}".encode(), 1)
    assert spool.signals() == ["logs", "traces"]
    assert bodies(spool, "traces") == [b"traces 2"]
    assert bodies(spool, "metrics") == []
    assert bodies(spool, "logs") == [b"logs 1", b"logs 3"]


def test_what_another_process_puts_there_is_seen(spool: Spool, time: Time) -> None:
    """Within a second, although a listing is kept."""
    other = Spool(spool.directory, clock=time)
    one(spool, "logs")
    assert spool.oldest("traces") is None
    one(other, "traces")
    time.pass_by(1)
    assert bodies(spool, "traces") == [b"body"]


def test_what_another_process_took_is_passed_over(spool: Spool) -> None:
    first, second = one(spool, body=b"1"), one(spool, body=b"2")
    batch = spool.oldest()
    assert batch is not None
    first.unlink()
    assert not spool.done(batch)
    assert bodies(spool) == [b"2"]
    assert not second.exists()
    assert spool.take_losses() == {}


def test_a_snapshot_tells_what_waits(spool: Spool, time: Time) -> None:
    sizes = [one(spool, "traces", records=3).stat().st_size]
    time.pass_by(10)
    sizes.append(one(spool, "traces", b"longer", 4).stat().st_size)
    sizes.append(one(spool, "logs").stat().st_size)
    time.pass_by(5)
    logs = {"batches": 1, "records": 1, "bytes": sizes[2], "oldest_seconds": 5.0}
    traces = {"batches": 2, "records": 7, "bytes": sizes[0] + sizes[1], "oldest_seconds": 15.0}
    assert spool.snapshot() == {
        "directory": str(spool.directory),
        "signals": {"logs": logs, "traces": traces},
        "bytes": sum(sizes),
        "torn": 0,
        "max_bytes": 134_217_728,
        "max_age_seconds": 86_400.0,
        "off": "",
    }


def test_purging_removes_all_and_tells_how_much(spool: Spool) -> None:
    """The torn ones were counted when they were set aside."""
    one(spool, "metrics", records=9).write_bytes(b"")
    assert spool.oldest() is None
    one(spool, "traces", records=3)
    one(spool, "traces", records=4)
    one(spool, "logs", records=2)
    assert spool.purge() == {"traces": 7, "logs": 2}
    assert files(spool) == []
    assert spool.oldest() is None


def test_a_long_writers_name_is_cut(tmp_path: Path) -> None:
    spool = Spool(tmp_path, writer="é" * 300)
    spool.put("logs", b"body", 1)
    batch = spool.oldest()
    assert batch is not None
    assert batch.writer == "é" * 100


def test_the_writer_is_the_process_by_default(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.put("logs", b"body", 1)
    batch = spool.oldest()
    assert batch is not None
    assert batch.writer == f"{socket.gethostname()} {os.getpid()}"


@pytest.mark.parametrize(
    ("service", "name"),
    [("shop", "shop"), ("../../etc", "_.._etc"), ("..", "_"), ("a b/ü", "a_b_"), ("", "_")],
)
def test_each_service_has_its_own_directory(
    service: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is called."""
    monkeypatch.setenv("HOME", "/home/ada")
    assert default_directory(service) == Path("/home/ada/.local/state/obskit") / name / "spool"


def test_a_chosen_directory_is_taken_as_it_is() -> None:
    assert default_directory("shop", Path("/var/spool/x")) == Path("/var/spool/x")


def test_a_user_without_a_home_has_a_directory_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in a container that runs under any number."""

    def fail() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", fail)
    expected = Path(tempfile.gettempdir()) / f"obskit-{os.getuid()}" / "shop" / "spool"
    assert default_directory("shop") == expected
