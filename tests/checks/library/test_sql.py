"""What stands in tables: each check sees the fault that it watches for, however the database is reached."""

from __future__ import annotations

import gc
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from obskit.checks.library import database, sql
from obskit.checks.measurement import Measurement

TABLES = """
CREATE TABLE users(id INTEGER PRIMARY KEY, email TEXT, token TEXT);
CREATE TABLE orders(id INTEGER PRIMARY KEY, user_id INTEGER, total NUMERIC, created_at TEXT);
INSERT INTO users VALUES(1, 'ada@example.org', 'a'), (2, 'bob@example.org', 'b');
INSERT INTO orders VALUES(1, 1, 12.5, '2026-01-02 03:04:05'), (2, 2, 7, '2026-01-02T03:04:06');
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    change(path, TABLES)
    return path


def change(path: Path, statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(statements)


def by_url(path: Path) -> object:
    return f"sqlite:///{path}"


def by_engine(path: Path) -> object:
    return sqlalchemy.create_engine(f"sqlite:///{path}", poolclass=sqlalchemy.NullPool)


def by_function(path: Path) -> object:
    return lambda: sqlite3.connect(path)


each_way = pytest.mark.parametrize("reached", [by_url, by_engine, by_function])


def judged(subject: sql.Rows | sql.Duplicates | sql.NullKeys | sql.Orphans) -> tuple[object, str]:
    value = subject().value
    assert isinstance(value, int)
    return value, subject.default_judge(value).state


@each_way
def test_a_scalar_is_the_first_column_of_the_first_row(
    reached: Callable[[Path], object], shop: Path
) -> None:
    subject = sql.Scalar(reached(shop), "SELECT sum(total), 'x' FROM orders WHERE 'a%:b' LIKE 'a%'")
    assert subject() == Measurement(19.5)
    change(shop, "DELETE FROM orders")
    assert subject() == Measurement(None)


def test_a_query_without_a_row_says_so(shop: Path) -> None:
    with pytest.raises(LookupError, match="no row: 'SELECT 1 WHERE 1 = 2' must give one"):
        sql.Scalar(by_url(shop), "SELECT 1 WHERE 1 = 2")()


@each_way
def test_rows_are_counted_and_the_first_are_evidence(
    reached: Callable[[Path], object], shop: Path
) -> None:
    subject = sql.Rows(reached(shop), "SELECT id, total FROM orders WHERE total < 0 -- a remark\n;")
    assert judged(subject) == (0, "ok")
    many = "WITH RECURSIVE n(i) AS (VALUES(3) UNION ALL SELECT i + 1 FROM n WHERE i < 1002)"
    change(shop, f"INSERT INTO orders {many} SELECT i, 1, -i, NULL FROM n")
    found = subject()
    evidence = tuple(found.evidence)
    assert (found.value, len(evidence), evidence[0]) == (1000, 50, {"id": 3, "total": -3})
    assert judged(subject) == (1000, "critical")
    change(shop, "DELETE FROM orders WHERE total < 0")
    assert judged(subject) == (0, "ok")


@each_way
def test_the_rows_of_a_table_are_counted(reached: Callable[[Path], object], shop: Path) -> None:
    subject = sql.RowCount(reached(shop), "main.orders")
    assert subject() == Measurement(2, "{row}")
    change(shop, "DELETE FROM orders WHERE id = 1")
    assert subject() == Measurement(1, "{row}")


@each_way
def test_a_key_that_stands_twice_is_critical_until_it_is_mended(
    reached: Callable[[Path], object], shop: Path
) -> None:
    subject = sql.Duplicates(reached(shop), "users", ["email"])
    assert judged(subject) == (0, "ok")
    change(shop, "INSERT INTO users VALUES(3, 'ada@example.org', ''), (4, NULL, ''), (5, NULL, '')")
    assert judged(subject) == (1, "critical")
    assert list(subject().evidence) == [{"email": "ada@example.org", "times": 2}]
    assert judged(sql.Duplicates(reached(shop), "users", ["email", "token"])) == (0, "ok")
    change(shop, "DELETE FROM users WHERE id = 3")
    assert judged(subject) == (0, "ok")


@each_way
def test_a_row_without_a_key_is_critical_until_it_is_mended(
    reached: Callable[[Path], object], shop: Path
) -> None:
    subject = sql.NullKeys(reached(shop), "orders", ("user_id", "total"))
    assert judged(subject) == (0, "ok")
    change(shop, "UPDATE orders SET user_id = NULL WHERE id = 2")
    assert judged(subject) == (1, "critical")
    (row,) = subject().evidence
    assert isinstance(row, dict)
    assert (row["id"], row["user_id"]) == (2, None)
    change(shop, "UPDATE orders SET user_id = 2")
    assert judged(subject) == (0, "ok")


@each_way
def test_a_row_whose_parent_is_gone_is_critical_until_it_is_mended(
    reached: Callable[[Path], object], shop: Path
) -> None:
    subject = sql.Orphans(reached(shop), "orders", "user_id", "users")
    assert judged(subject) == (0, "ok")
    change(shop, "INSERT INTO orders VALUES(3, NULL, 1, NULL); DELETE FROM users WHERE id = 2")
    assert judged(subject) == (1, "critical")
    change(shop, "INSERT INTO users VALUES(2, 'bob@example.org', 'b')")
    assert judged(subject) == (0, "ok")


@each_way
def test_the_newest_instant_of_a_column_is_found(
    reached: Callable[[Path], object], shop: Path
) -> None:
    subject = sql.Freshness(reached(shop), "orders", "created_at")
    assert subject() == Measurement(datetime(2026, 1, 2, 3, 4, 6))
    change(shop, "UPDATE orders SET created_at = '2026-01-03T00:00:00Z'")
    assert subject() == Measurement(datetime(2026, 1, 3, tzinfo=timezone.utc))
    change(shop, "DELETE FROM orders")
    assert subject() == Measurement(None)


def test_seconds_since_the_epoch_are_an_instant(shop: Path) -> None:
    change(shop, "CREATE TABLE syncs(at REAL); INSERT INTO syncs VALUES(1767225600.5)")
    assert sql.Freshness(by_url(shop), "syncs", "at")() == Measurement(
        datetime(2026, 1, 1, 0, 0, 0, 500_000, timezone.utc)
    )


def test_a_day_is_its_beginning_and_what_is_no_instant_is_refused(shop: Path) -> None:
    subject = sql.Freshness(by_url(shop), "orders", "created_at")
    assert subject._instant(date(2026, 1, 2)) == datetime(2026, 1, 2)
    change(shop, "UPDATE orders SET created_at = 'yesterday'")
    with pytest.raises(ValueError, match=r"orders\.created_at holds 'yesterday', which is no inst"):
        subject()


@each_way
@pytest.mark.parametrize(
    "make",
    [
        lambda given: sql.NullKeys(given, "orders", ["emial"]),
        lambda given: sql.Duplicates(given, "orders", ["emial"]),
        lambda given: sql.Orphans(given, "orders", "emial", "users"),
        lambda given: sql.Orphans(given, "orders", "user_id", "users", "emial"),
        lambda given: sql.Freshness(given, "orders", "emial"),
    ],
)
def test_a_column_that_is_not_there_is_taken_for_no_text(
    make: Callable[[object], Callable[[], object]], reached: Callable[[Path], object], shop: Path
) -> None:
    with pytest.raises(Exception, match="no such column"):
        make(reached(shop))()


def test_a_hostile_name_stays_a_name(shop: Path) -> None:
    name = 'or"ders"; DROP TABLE users; --'
    quoted = name.replace('"', '""')
    change(shop, f'CREATE TABLE "{quoted}"("a b%" TEXT); INSERT INTO "{quoted}" VALUES(NULL)')
    assert sql.RowCount(by_url(shop), name)() == Measurement(1, "{row}")
    assert judged(sql.NullKeys(by_function(shop), name, ["a b%"])) == (1, "critical")
    assert sql.RowCount(by_url(shop), "users")().value == 2


@pytest.mark.parametrize("table", ["", "main.", "a\0b"])
def test_what_is_no_name_is_refused(table: str, shop: Path) -> None:
    with pytest.raises(ValueError, match="is no name: write one such as orders or shop"):
        sql.RowCount(by_url(shop), table)()


@pytest.mark.parametrize(
    ("dialect", "quoted"),
    [("mysql", '`a``"b`.`c`'), ("postgresql", '"a`""b"."c"'), ("", '"a`""b"."c"')],
)
def test_each_database_quotes_in_its_way(dialect: str, quoted: str) -> None:
    assert database.Session(dialect, str).name('a`"b.c') == quoted


def test_no_column_is_refused(shop: Path) -> None:
    with pytest.raises(ValueError, match="columns is empty: name one at least"):
        sql.NullKeys(by_url(shop), "orders", [])()


@pytest.mark.parametrize("timeout", ["soon", 0, "400d"])
def test_a_wrong_timeout_is_refused_where_it_is_written(timeout: Any) -> None:
    with pytest.raises(ValueError, match=r"span of time|out of range"):
        sql.RowCount("sqlite://", "orders", timeout=timeout)


def test_what_reaches_no_database_is_refused_where_it_is_written() -> None:
    with pytest.raises(TypeError, match="the database is given as int: give a URL, an engine"):
        sql.RowCount(7, "orders")


def test_the_url_of_a_database_is_not_shown() -> None:
    assert "hunter2" not in repr(sql.RowCount("postgresql://shop:hunter2@db/shop", "orders"))


@each_way
def test_a_statement_that_does_not_end_is_interrupted(
    reached: Callable[[Path], object], shop: Path
) -> None:
    endless = (
        "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    )
    with pytest.raises(Exception, match="interrupted"):
        sql.Scalar(reached(shop), endless, timeout="20ms")()


def test_a_connection_that_was_lost_is_made_anew_once(shop: Path) -> None:
    """What a pool hands out may have died in it: that says nothing of the database."""

    class Dead:
        closed = True

        def cursor(self) -> object:
            raise OSError("the server closed the connection unexpectedly")

        def rollback(self) -> None:
            raise OSError("there is none")

        def close(self) -> None: ...

    connections: list[Any] = [Dead(), sqlite3.connect(shop)]
    assert sql.RowCount(lambda: connections.pop(0), "orders")() == Measurement(2, "{row}")
    connections = [Dead(), Dead()]
    with pytest.raises(OSError, match="closed the connection unexpectedly"):
        sql.RowCount(lambda: connections.pop(0), "orders")()
    assert connections == []


@each_way
def test_a_database_that_is_gone_raises_and_recovers(
    reached: Callable[[Path], object], shop: Path
) -> None:
    subject = sql.RowCount(reached(shop), "orders")
    away = shop.rename(shop.with_name("away.db"))
    with pytest.raises(Exception, match="no such table"):
        subject()
    away.replace(shop)
    assert subject() == Measurement(2, "{row}")


@each_way
def test_many_runs_leave_no_connection_and_no_thread(
    reached: Callable[[Path], object], shop: Path
) -> None:
    def left() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    subject = sql.Duplicates(reached(shop), "users", ["email"])
    subject()
    gc.collect()  # what other tests left is closed now, not while it is counted
    before = left()
    for _ in range(100):
        subject()
    assert left() == before


def test_the_host_keeps_its_own_connection(shop: Path) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{shop}", poolclass=sqlalchemy.StaticPool)
    sql.RowCount(engine, "orders", timeout="20ms")()
    with engine.connect() as connection:
        for _ in range(3):
            slow = "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n LIMIT 300000) SELECT count(*) FROM n"
            assert connection.exec_driver_sql(slow).scalar() == 300_000
    engine.dispose()
