"""Whatever lies in the spool's directory: torn, foreign, half written."""

from __future__ import annotations

import math
import os
import socket
import tempfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.export.spooled import STORED, Time, bodies, files, one, refuse

from obskit.export import spool_file
from obskit.export.spool import Outcome, Spool


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def spool(tmp_path: Path, time: Time) -> Spool:
    return Spool(tmp_path / "spool", clock=time, writer="web1 7")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def link(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def speak(path: Path) -> None:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(f"/proc/self/cwd/{os.path.relpath(path)}")


def rewrite(path: Path) -> None:
    path.write_bytes(spool_file.pack(b"body", 4, "w"))


def pack_garbage(path: Path) -> None:
    path.write_bytes(spool_file._MAGIC + _checked(b"no gzip at all", 4))


def pack_less(path: Path) -> None:
    content = spool_file.pack(b"body", 3, "w")
    rest = bytearray(content[12:])
    rest[23] += 1  # the length, unpacked
    path.write_bytes(content[:8] + spool_file._CHECKSUM.pack(zlib.crc32(rest)) + rest)


def _checked(packed: bytes, length: int) -> bytes:
    rest = spool_file._FIELDS.pack(3, len(packed), length, 0) + packed
    return spool_file._CHECKSUM.pack(zlib.crc32(rest)) + rest


@pytest.mark.parametrize(
    "harm", [cut, flip, lengthen, empty, link, pipe, speak, rewrite, pack_garbage, pack_less]
)
def test_what_is_no_whole_batch_is_set_aside_and_counted(
    harm: Any, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what comes after it is read."""
    path = one(spool, "traces", records=3)
    one(spool, "logs", b"after")
    monkeypatch.chdir(spool.directory)
    harm(path)
    assert bodies(spool) == [b"after"]
    assert spool.take_losses() == {("traces", "spool_torn"): 3}
    assert [each.name for each in (spool.directory / "torn").iterdir()] == [path.name]
    assert spool.snapshot()["torn"] == 1
    monkeypatch.undo()


@given(
    garbage=st.binary(max_size=200) | st.binary(max_size=200).map(spool_file._MAGIC.__add__),
    records=st.integers(0, 10**12),
)
def test_no_garbage_is_ever_a_batch(garbage: bytes, records: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder), max_age=math.inf)
        (Path(folder) / f"00000000000000000042-7-000001-{records}.traces").write_bytes(garbage)
        assert spool.oldest() is None
        believed = records if records <= 10**9 else 0
        assert spool.take_losses() == {("traces", "spool_torn"): believed}
        assert spool.snapshot()["torn"] == 1


@given(st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1))
def test_any_name_can_be_asked_for_what_it_says(text: str) -> None:
    name = spool_file.read_name(text)
    assert name is None or name.text == text


@pytest.mark.parametrize(
    "name",
    [
        "README",
        ".00000000000000000042-7-000001-3.traces",
        "00000000000000000042-7-000001-3.traces.part",
        "00000000000000000042-7-000001-3.TRACES",
        "00000000000000000042-7-000001--3.traces",
        "٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٤٢-7-000001-3.traces",
        "9" * 41 + "-7-000001-3.traces",
        ".nfs0001",
    ],
)
def test_a_file_with_a_name_of_its_own_is_left_alone(name: str, spool: Spool) -> None:
    """The directory may be a wrong one: what is not ours is not touched."""
    one(spool)
    (spool.directory / name).write_text("precious")
    assert bodies(spool) == [b"body"]
    assert spool.purge() == {}
    assert [each.name for each in files(spool)] == [name]
    assert spool.take_losses() == {}


def test_names_of_huge_numbers_are_set_aside(spool: Spool) -> None:
    spool.directory.mkdir()
    names = ["9" * 40 + f"-{'8' * 40}-{'7' * 40}-{'6' * 40}.logs", "0-0-0-0.x"]
    for name in names:
        (spool.directory / name).write_bytes(b"?")
    shown = spool.snapshot()["signals"]
    assert shown["logs"] == {"batches": 1, "records": 0, "bytes": 1, "oldest_seconds": 0.0}
    assert spool.oldest("logs") is None
    assert spool.take_losses() == {("logs", "spool_torn"): 0}


def test_folders_are_left_alone(spool: Spool) -> None:
    """Also one that is called like a batch."""
    path = one(spool)
    path.unlink()
    path.mkdir()
    assert spool.oldest() is None
    assert spool.snapshot()["signals"] == {}
    assert spool.purge() == {}
    assert files(spool) == [path]


def test_only_the_newest_torn_files_are_kept(spool: Spool, time: Time) -> None:
    paths = []
    for _ in range(25):
        time.pass_by(1)
        paths.append(one(spool))
        empty(paths[-1])
    (spool.directory / "torn").mkdir()
    (spool.directory / "torn" / "notes").write_text("precious")
    assert spool.oldest() is None
    assert spool.take_losses() == {("logs", "spool_torn"): 25}
    kept = sorted(each.name for each in (spool.directory / "torn").iterdir())
    assert kept == [*(path.name for path in paths[5:]), "notes"]


def test_where_nothing_can_be_set_aside_it_is_removed(spool: Spool) -> None:
    """It would stand in the way for ever."""
    path = one(spool, records=3)
    empty(path)
    (spool.directory / "torn").write_text("precious")
    assert spool.oldest() is None
    assert spool.take_losses() == {("logs", "spool_torn"): 3}
    assert [each.name for each in files(spool)] == ["torn"]


def test_what_a_killed_writer_left_is_removed_and_counted(spool: Spool, time: Time) -> None:
    """But not what another is writing now."""
    name = one(spool, records=3).name
    bodies(spool)
    left = spool.directory / f".{name}.part"
    left.write_bytes(b"half")
    time.pass_by(60)
    assert spool.put("traces", b"body", 1) == STORED
    assert left.exists()
    time.pass_by(1)
    assert spool.put("traces", b"body", 1) == Outcome(True, "", {("logs", "spool_torn"): 3})
    assert not left.exists()


def test_what_a_killed_writer_left_in_the_future_is_removed_too(spool: Spool, time: Time) -> None:
    name = one(spool, records=3).name
    (spool.directory / f".{name}.part").write_bytes(b"half")
    time.seconds -= 61
    assert spool.put("traces", b"body", 1) == Outcome(True, "", {("logs", "spool_torn"): 3})


def test_what_is_being_written_is_counted_as_bytes_only(spool: Spool) -> None:
    path = one(spool)
    path.rename(spool.directory / f".{path.name}.part")
    assert spool.oldest() is None
    shown = spool.snapshot()
    assert (shown["signals"], shown["bytes"] > 50) == ({}, True)
    assert spool.purge() == {}
    assert files(spool) == []


def test_what_can_neither_be_removed_nor_set_aside_is_passed_over(
    spool: Spool, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And counted when it is gone, not before."""
    spool.directory.mkdir()
    torn = spool.directory / "01700000000000000000-7-000001-3.traces"
    torn.write_bytes(b"?")
    monkeypatch.setattr(Path, "unlink", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    assert spool.oldest() is None
    time.pass_by(2 * 86_400)
    assert spool.oldest() is None
    assert spool.put("logs", b"body", 1) == Outcome(False, "spool_unwritable", {})
    assert spool.purge() == {}
    assert spool.take_losses() == {}
    assert torn.exists()
