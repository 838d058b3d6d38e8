"""The ring of bodies: bounded, read by others while it is written, whole after a kill."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.export.ring import Ring, bodies, record, records

HEAD = 13
Kept = list[tuple[str, bytes]]


def ring_in(folder: Path, most_bytes: int = 1_000, name: str = "i-1") -> Ring:
    made = Ring(most_bytes)
    made.begin(lambda: folder / name)
    return made


def in_order(folder: Path) -> Kept:
    """What is kept, file by file."""
    return list(bodies(folder))


def test_before_it_begins_nothing_is_kept(tmp_path: Path) -> None:
    assert Ring().put("traces", b"span") == ""
    assert in_order(tmp_path) == []


def test_what_is_kept_is_read_with_its_signal(tmp_path: Path) -> None:
    ring = ring_in(tmp_path / "new" / "folder")
    assert ring.put("traces", b"spans") == ""
    assert ring.put("logs", b"") == ""
    assert in_order(tmp_path / "new" / "folder") == [("traces", b"spans"), ("logs", b"")]


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    ring_in(tmp_path / "standing").put("traces", b"span")
    assert (tmp_path / "standing").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "standing" / "i-1-traces-0.bin").stat().st_mode & 0o777 == 0o600


def test_the_older_of_two_files_is_overwritten(tmp_path: Path) -> None:
    ring = ring_in(tmp_path, most_bytes=2 * (HEAD + 10))
    for number in range(5):
        ring.put("traces", b"%010d" % number)
    found = [int(body) for _, body in in_order(tmp_path)]
    assert found == [4, 2, 3]
    assert sorted(path.stat().st_size for path in tmp_path.iterdir()) == [23, 46]


def test_a_body_larger_than_a_file_is_not_kept_and_takes_nothing_away(tmp_path: Path) -> None:
    ring = ring_in(tmp_path, most_bytes=100)
    ring.put("traces", b"small")
    assert ring.put("traces", b"x" * 88) == "a batch of 88 bytes is larger than a file may be"
    assert ring.put("logs", b"x" * 87) == ""
    assert len(in_order(tmp_path)) == 2


def test_the_next_process_in_its_place_goes_on_in_the_newer_file(tmp_path: Path) -> None:
    first = ring_in(tmp_path, most_bytes=2 * (HEAD + 10))
    for number in range(3):
        first.put("traces", b"%010d" % number)
    os.utime(tmp_path / "i-1-traces-0.bin", (1, 1))
    ring_in(tmp_path, most_bytes=2 * (HEAD + 10)).put("traces", b"%010d" % 3)
    assert [int(body) for _, body in in_order(tmp_path)] == [0, 1, 2, 3]


def test_a_forked_child_keeps_under_its_own_name(tmp_path: Path) -> None:
    ring = Ring()
    ring.begin(lambda: tmp_path / f"i-{os.getpid()}")
    ring.put("traces", b"parent")
    ring._locks["ring"].acquire()  # by a thread that the child does not have
    child = os.fork()
    if not child:
        os._exit(0 if ring.put("traces", b"child") == "" else 1)
    assert os.waitpid(child, 0)[1] == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted(f"i-{pid}-traces-0.bin" for pid in (os.getpid(), child))
    assert sorted(in_order(tmp_path)) == [("traces", b"child"), ("traces", b"parent")]


def test_why_nothing_can_be_kept_is_said(tmp_path: Path) -> None:
    (tmp_path / "standing").write_text("")
    why = ring_in(tmp_path / "standing").put("traces", b"span")
    assert "standing" in why


def test_what_was_written_to_longest_ago_leaves_where_all_together_are_too_large(
    tmp_path: Path,
) -> None:
    """Of processes that have ended, or that live and have nothing to keep."""
    for number in range(5):
        name = f"i-{number}"
        ring_in(tmp_path, name=name).put("traces", b"%010d" % number)
        os.utime(tmp_path / f"{name}-traces-0.bin", (number, number))
    newest = Ring(500, most_of_all=4 * (HEAD + 10))
    newest.begin(lambda: tmp_path / "i-9")
    newest.put("traces", b"%010d" % 9)
    assert [int(body) for _, body in in_order(tmp_path)] == [2, 3, 4, 9]
    for number in range(10, 13):
        newest.put("traces", b"%010d" % number)
    assert [int(body) for _, body in in_order(tmp_path)] == [9, 10, 11, 12]


def test_a_ring_that_was_removed_is_begun_anew(tmp_path: Path) -> None:
    ring = ring_in(tmp_path)
    ring.put("traces", b"before")
    (tmp_path / "i-1-traces-0.bin").unlink()
    assert ring.put("traces", b"after") == ""
    assert in_order(tmp_path) == [("traces", b"after")]


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / "i-1-traces-0.bin").symlink_to(tmp_path / "elsewhere")
    assert ring_in(tmp_path).put("traces", b"span") != ""
    assert (tmp_path / "elsewhere").read_text() == "precious"


def test_a_write_that_is_cut_short_by_a_full_disk_is_not_taken_for_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    ring = ring_in(tmp_path)
    ring.put("traces", b"before")
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda file, data: write(file, data[:7]))
        assert ring.put("traces", b"lost") == "[Errno 28] No space left on device"
    ring.put("traces", b"after")
    assert in_order(tmp_path) == [("traces", b"before"), ("traces", b"after")]


BODIES = st.lists(
    st.tuples(st.sampled_from(["traces", "logs"]), st.binary(max_size=40)), max_size=6
)


def written(kept: Kept) -> bytes:
    """The bytes of a file with these bodies."""
    return b"".join(record(signal, body) for signal, body in kept)


def read(data: bytes) -> Kept:
    return list(records(data))


@given(BODIES, st.integers(0, 400))
def test_of_a_file_that_ends_early_the_whole_bodies_are_read(kept: Kept, length: int) -> None:
    data = written(kept)
    found = read(data[:length])
    assert found == kept[: len(found)]
    if length >= len(data):
        assert found == kept


@given(BODIES, st.integers(0, 400), BODIES)
def test_what_is_written_after_a_torn_body_is_read(kept: Kept, length: int, after: Kept) -> None:
    found = read(written(kept)[:length] + written(after))
    before = len(found) - len(after)
    assert found == kept[:before] + after


@given(st.binary(max_size=300), BODIES, st.binary(max_size=300))
def test_garbage_around_bodies_hides_none(before: bytes, kept: Kept, behind: bytes) -> None:
    assert read(before + written(kept) + behind) == kept


@given(BODIES, st.integers(0, 399), st.integers(1, 255))
def test_a_changed_byte_costs_one_body_at_most(kept: Kept, at: int, change: int) -> None:
    data = bytearray(written(kept))
    if at < len(data):
        data[at] ^= change
        found = read(bytes(data))
        assert found in [kept[:one] + kept[one + 1 :] for one in range(len(kept))]
