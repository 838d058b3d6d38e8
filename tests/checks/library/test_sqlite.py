"""Checks of a database file: each sees the fault that it watches for, and keeps no writer waiting."""

from __future__ import annotations

import gc
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.checks.bench import Bench

from obskit import above
from obskit.checks.library import sqlite
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status

DAY = 86_400


def run(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def judged(subject: sqlite.ForeignKeys | sqlite.FreePages) -> tuple[object, str]:
    found = subject()
    assert isinstance(found, Measurement)
    assert isinstance(found.value, (int, float))
    return found.value, subject.default_judge(found.value).state


@pytest.fixture(params=["wal", "delete"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A database of some hundred pages, in either journal mode, its name a hard one for a URI."""
    path = tmp_path / "shop %3F?#ü.db"
    rows = "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 4000)"
    run(
        path,
        f"PRAGMA journal_mode={request.param}",
        "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT)",
        "CREATE TABLE orders(id INTEGER PRIMARY KEY, user_id REFERENCES users(id), note TEXT)",
        "CREATE INDEX orders_note ON orders(note)",
        "INSERT INTO users VALUES(1, 'Ada')",
        f"INSERT INTO orders {rows} SELECT i, 1, hex(randomblob(100)) FROM n",
    )
    return path


def test_a_damaged_page_is_critical_until_it_is_mended(shop: Path) -> None:
    subject = sqlite.Integrity(shop)
    assert subject() == CheckResult.ok()
    whole = shop.read_bytes()
    damaged = bytearray(whole)
    damaged[40 * 4096 : 60 * 4096] = b"\xa5" * (20 * 4096)
    shop.write_bytes(damaged)
    found = subject()
    assert found.status is Status.CRITICAL
    assert found.message.startswith(f"{shop} is damaged: restore it from a backup")
    assert 1 <= len(tuple(found.evidence)) <= 50
    shop.write_bytes(whole)
    assert subject() == CheckResult.ok()


def test_a_page_of_zeros_at_which_sqlite_gives_up_is_critical_as_well(shop: Path) -> None:
    whole = shop.read_bytes()
    shop.write_bytes(whole[: 40 * 4096] + bytes(4096) + whole[41 * 4096 :])
    found = sqlite.Integrity(shop)()
    assert found.status is Status.CRITICAL
    assert found.message.startswith(f"{shop} is damaged: restore it from a backup")
    assert found.evidence == ("database disk image is malformed",)
    shop.write_bytes(whole)
    assert sqlite.Integrity(shop)() == CheckResult.ok()


def test_a_row_that_an_index_lacks_is_critical(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    run(
        path,
        "CREATE TABLE orders(id INTEGER PRIMARY KEY, note TEXT)",
        "CREATE INDEX orders_note ON orders(note)",
        "INSERT INTO orders VALUES(1, 'a')",
        "PRAGMA writable_schema=1",
        "DELETE FROM sqlite_schema WHERE name='orders_note'",
    )
    run(path, "INSERT INTO orders VALUES(2, 'b')")
    found = sqlite.Integrity(path)()
    assert found.status is Status.CRITICAL
    assert found.value == 1.0


def test_a_file_that_is_no_database_and_one_that_is_not_there_raise(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("no database, but long enough to be looked at" * 100)
    with pytest.raises(sqlite3.DatabaseError, match="file is not a database"):
        sqlite.Integrity(tmp_path / "notes")()
    for subject in (
        sqlite.Integrity(tmp_path / "none.db"),
        sqlite.ForeignKeys(tmp_path / "none.db"),
        sqlite.Size(tmp_path / "none.db"),
        sqlite.FreePages(tmp_path / "none.db"),
        sqlite.Growth(tmp_path / "none.db", tmp_path / "history"),
    ):
        with pytest.raises(FileNotFoundError, match=r"none\.db is no file: give the path"):
            subject()
    assert not (tmp_path / "none.db").exists()


def test_what_is_not_done_in_time_is_unknown(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_STEPS", 1)  # so that the clock is asked often enough
    for subject in (sqlite.Integrity(shop, timeout="1ms"), sqlite.ForeignKeys(shop, timeout="1ms")):
        found = subject()
        assert isinstance(found, CheckResult)
        assert found.status is Status.UNKNOWN
        assert found.message.startswith("not done within 1ms: give it a longer timeout")


def test_rows_that_break_a_foreign_key_are_counted_until_they_are_mended(shop: Path) -> None:
    subject = sqlite.ForeignKeys(shop)
    assert judged(subject) == (0, "ok")
    run(shop, "DELETE FROM users")
    assert judged(subject) == (4000, "critical")
    found = subject()
    assert isinstance(found, Measurement)
    shown = tuple(found.evidence)
    assert len(shown) == 50
    assert shown[0] == "orders: row 1 names no row of users"
    run(shop, "INSERT INTO users VALUES(1, 'Ada')")
    assert judged(subject) == (0, "ok")


def test_a_writer_is_not_kept_waiting_by_a_reader_of_the_whole(shop: Path) -> None:
    """The writer waits for nobody, and writes when a check is in the midst of its reading."""
    with sqlite._undisturbing(shop, "1m") as connection:
        reading: Iterator[tuple[str]] = connection.execute("SELECT note FROM orders")
        next(reading)
        with closing(sqlite3.connect(shop, timeout=0)) as writer:
            writer.execute("INSERT INTO users VALUES(2, 'Grace')")
            writer.commit()
        assert sum(1 for _ in reading) == 3999


def test_a_database_that_stays_locked_raises_and_recovers(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    run(path, "CREATE TABLE orders(id)")
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            sqlite.FreePages(path, timeout="10ms")()
    assert judged(sqlite.FreePages(path)) == (0.0, "ok")


def test_the_size_has_the_write_ahead_log_in_it(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=wal")
        writer.execute("CREATE TABLE orders(id)")
        logged = Path(f"{path}-wal").stat().st_size
        assert logged > 0
        found = sqlite.Size(path)()
        assert found.value == path.stat().st_size + logged
        assert found.details == {"write_ahead_log": logged}
    assert sqlite.Size(path)() == Measurement(8192, "By", "8.0 KiB", {"write_ahead_log": 0})


def test_pages_that_a_vacuum_frees_are_judged_until_it_has_run(shop: Path) -> None:
    subject = sqlite.FreePages(shop)
    assert judged(subject) == (0.0, "ok")
    run(shop, "DELETE FROM orders")
    value, state = judged(subject)
    assert isinstance(value, float)
    assert 90 < value < 100
    assert state == "warning"
    assert subject().message.startswith("VACUUM would free ")
    run(shop, "VACUUM")
    assert judged(subject) == (0.0, "ok")


def test_growth_is_unknown_before_enough_time_has_passed(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    run(path, "CREATE TABLE orders(id)")
    for _ in range(2):
        found = sqlite.Growth(path, tmp_path / "history")()
        assert isinstance(found, CheckResult)
        assert found.status is Status.UNKNOWN
        assert found.message.endswith(" only: it is judged from 16h48m on")


@pytest.mark.parametrize(("before", "words"), [(0, "more than"), (81_920, "less than")])
def test_growth_is_judged_by_what_was_measured_before(
    tmp_path: Path, before: int, words: str
) -> None:
    path, history = tmp_path / "shop.db", tmp_path / "history"
    run(path, "CREATE TABLE orders(id)")
    assert path.stat().st_size == 8192
    now = time.time()
    history.write_text(json.dumps([[now - 30 * DAY, 5], [now - 2 * DAY, before]]))
    found = sqlite.Growth(path, history)()
    assert isinstance(found, Measurement)
    assert found.value == pytest.approx((8192 - before) / 2, rel=0.001)
    assert words in found.message
    kept = json.loads(history.read_text())
    assert [size for _, size in kept] == [before, 8192]


def test_a_broken_history_is_begun_anew_and_stays_short(tmp_path: Path) -> None:
    path, history = tmp_path / "shop.db", tmp_path / "history"
    run(path, "CREATE TABLE orders(id)")
    history.write_text("{ broken")
    subject = sqlite.Growth(path, history)
    for _ in range(3):
        assert isinstance(subject(), CheckResult)
    assert len(json.loads(history.read_text())) == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["history", "shop.db"]


def test_a_history_that_cannot_be_written_raises_and_leaves_no_file(tmp_path: Path) -> None:
    path, history = tmp_path / "shop.db", tmp_path / "history"
    run(path, "CREATE TABLE orders(id)")
    history.mkdir()
    for _ in range(3):
        with pytest.raises(IsADirectoryError):
            sqlite.Growth(path, history)()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["history", "shop.db"]


def test_a_database_that_swells_turns_its_size_and_its_growth_until_it_has_shrunk(
    tmp_path: Path,
) -> None:
    path, history = tmp_path / "shop.db", tmp_path / "history"
    bench = Bench()
    size = bench.add("size", sqlite.Size(path), judge=above(critical=1e6))
    growth = bench.add("growth", sqlite.Growth(path, history), judge=above(critical=1e6))

    def said() -> list[Status]:
        history.write_text(json.dumps([[time.time() - DAY, 8_192]]))
        return [bench.runner.run(one).status for one in (size, growth)]

    run(path, "CREATE TABLE orders(note)")
    assert said() == [Status.OK, Status.OK]
    run(path, "INSERT INTO orders VALUES(zeroblob(2000000))")
    assert said() == [Status.CRITICAL, Status.CRITICAL]
    run(path, "DELETE FROM orders")
    run(path, "VACUUM")
    assert said() == [Status.OK, Status.OK]


def test_many_runs_leave_no_descriptor_thread_or_file(shop: Path) -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    subjects = (sqlite.FreePages(shop), sqlite.Integrity(shop), sqlite.ForeignKeys(shop))
    gc.collect()  # what other tests left is closed now, not while it is counted
    before = (descriptors(), threading.active_count())
    for _ in range(5):
        for subject in subjects:
            subject()
    assert (descriptors(), threading.active_count()) == before
    assert not list(shop.parent.glob("obskit-*"))
