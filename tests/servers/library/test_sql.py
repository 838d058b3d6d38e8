"""Checks of tables in a real PostgreSQL: by every driver, across lost connections and names of its own."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy

from obskit.checks.library import sql
from obskit.checks.measurement import Measurement

DJANGO = """
import sys
import django
from django.conf import settings
from urllib.parse import urlsplit

address = urlsplit(sys.argv[1])
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes"],
    DATABASES={"default": {
        "ENGINE": "django.db.backends.postgresql", "NAME": address.path[1:],
        "USER": address.username, "HOST": address.hostname, "PORT": address.port,
    }},
)
django.setup()
from django.db import connection
from obskit.checks.library import migrations, sql
with connection.cursor() as cursor:
    cursor.execute("SELECT pg_backend_pid()")
    pid = cursor.fetchone()[0]
import psycopg
with psycopg.connect(sys.argv[1], autocommit=True) as other:
    other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
print(migrations.Django()().value)
print(sql.Scalar(lambda: connection, "SELECT 1")().value)
"""


def alchemy(url: str) -> str:
    return url.replace("postgresql:", "postgresql+psycopg:")


def ways(url: str) -> list[Any]:
    """The database by each of the ways that reach it."""
    return [
        alchemy(url),
        sqlalchemy.create_engine(alchemy(url), poolclass=sqlalchemy.NullPool),
        lambda: psycopg.connect(url),
    ]


@pytest.fixture
def shop(database: str) -> str:
    with psycopg.connect(database) as connection:
        connection.execute("CREATE SCHEMA sales")
        connection.execute('CREATE TABLE sales."Or ders"(id int, "user %" int, at timestamptz)')
        connection.execute("CREATE TABLE users(id int)")
        connection.execute("INSERT INTO users VALUES(1)")
        connection.execute("""INSERT INTO sales."Or ders" VALUES(1, 1, '2026-01-02 03:04:05+09')""")
    return database


def test_each_check_sees_its_fault_and_sees_it_mended(shop: str) -> None:
    for given in ways(shop):
        orders = "sales.Or ders"
        faults: list[Any] = [
            sql.Orphans(given, orders, "user %", "users"),
            sql.Duplicates(given, orders, ["id"]),
            sql.NullKeys(given, orders, ["user %"]),
            sql.Rows(given, """SELECT * FROM sales."Or ders" WHERE 'a%' LIKE 'a%' AND id = 7"""),
        ]
        assert [subject().value for subject in faults] == [0, 0, 0, 0]
        with psycopg.connect(shop) as connection:
            connection.execute('INSERT INTO sales."Or ders" VALUES(7, 9), (7, NULL)')
        assert [subject().value for subject in faults] == [1, 1, 1, 2]
        assert sql.RowCount(given, orders)() == Measurement(3, "{row}")
        assert sql.Freshness(given, orders, "at")() == Measurement(
            datetime(2026, 1, 1, 18, 4, 5, tzinfo=timezone.utc)
        )
        with psycopg.connect(shop) as connection:
            connection.execute('DELETE FROM sales."Or ders" WHERE id = 7')
        assert [subject().value for subject in faults] == [0, 0, 0, 0]


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_url_as_libpq_reads_it_needs_no_other_driver(scheme: str, shop: str) -> None:
    """As the checks of PostgreSQL take it, and as platforms give it in DATABASE_URL."""
    url = shop.replace("postgresql:", f"{scheme}:")
    assert sql.Scalar(url, "SELECT count(*) FROM users")().value == 1


def test_a_connection_that_was_killed_in_its_pool_is_no_alarm(shop: str) -> None:
    engine = sqlalchemy.create_engine(alchemy(shop), pool_size=2)
    subject = sql.RowCount(engine, "users")
    assert subject() == Measurement(1, "{row}")
    with psycopg.connect(shop, autocommit=True) as other:
        killed = other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    assert killed == [(True,)]
    assert subject() == Measurement(1, "{row}")
    engine.dispose()


def test_a_statement_that_takes_too_long_is_ended_by_the_server(shop: str) -> None:
    for given in ways(shop):
        with pytest.raises(Exception, match="canceling statement due to statement timeout"):
            sql.Scalar(given, "SELECT pg_sleep(60)", timeout="50ms")()


def test_the_hosts_connection_keeps_its_own_time_out(shop: str) -> None:
    engine = sqlalchemy.create_engine(alchemy(shop), pool_size=1)
    sql.RowCount(engine, "users", timeout="50ms")()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "0"
    engine.dispose()


def test_a_server_that_is_stopped_under_a_query_ends_it_once(shop: str) -> None:
    for given in ways(shop):
        subject = sql.RowCount(given, "users", timeout="50ms")
        asked: list[int] = []

        def question(session: Any, asked: list[int] = asked) -> None:
            pid = session.first("SELECT pg_backend_pid()")
            asked.append(pid)
            stack.callback(os.kill, pid, signal.SIGCONT)
            os.kill(pid, signal.SIGSTOP)
            session.first("SELECT 1")

        with ExitStack() as stack:
            with pytest.raises(TimeoutError, match=r"no answer within 1s"):
                subject._database.ask(question)
        assert len(asked) == 1
        assert subject() == Measurement(1, "{row}")


def test_a_server_that_is_down_raises_without_its_password() -> None:
    for given in ways("postgresql://shop:hunter2@127.0.0.1:1/shop"):
        with pytest.raises(Exception, match="refused") as raised:
            sql.RowCount(given, "users")()
        assert "hunter2" not in str(raised.value)


def test_many_runs_leave_no_connection_and_no_thread(shop: str) -> None:
    def left() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    for given in ways(shop):
        subject = sql.RowCount(given, "users")
        subject()
        gc.collect()  # what other tests left is closed now, not while it is counted
        before = left()
        for _ in range(30):
            subject()
        assert left() == before


def test_django_has_its_lost_connection_made_anew(shop: str) -> None:
    pytest.importorskip("django")
    run = subprocess.run(
        [sys.executable, "-c", DJANGO, shop], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == ["2", "1"]
