"""Sessions of a real PostgreSQL server: how many there are, what waits, what is slow."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
import pytest
from tests.servers.library.answers import judged, measured, unknown
from tests.servers.library.conftest import Cluster

from obskit.checks.library import postgres


def state_of(observer: psycopg.Connection[Any], pid: int) -> str:
    (state,) = observer.execute(
        "SELECT state FROM pg_stat_activity WHERE pid = %s", [pid]
    ).fetchone() or ("gone",)
    return str(state)


@contextmanager
def sleeping(url: str) -> Iterator[int]:
    """A session whose query does not end before the block does; its process id."""
    with (
        psycopg.connect(url, autocommit=True) as observer,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        pid = connection.info.backend_pid

        def sleep() -> None:
            with pytest.raises(psycopg.errors.QueryCanceled):
                connection.execute("SELECT pg_sleep(60)")

        thread = threading.Thread(target=sleep)
        thread.start()
        try:
            while state_of(observer, pid) != "active":
                pass
            yield pid
        finally:
            observer.execute("SELECT pg_cancel_backend(%s)", [pid])
            thread.join()


@pytest.fixture
def guest(cluster: Cluster, database: str) -> Iterator[str]:
    """The URL of the database for a role that may do nothing but log in."""
    cluster.execute("CREATE ROLE guest LOGIN")
    try:
        yield database.replace("obskit@", "guest@")
    finally:
        cluster.execute("DROP ROLE guest")


def test_connections_are_judged_by_what_the_server_allows(database: str) -> None:
    subject = postgres.Connections(database)
    found = measured(subject)
    assert (found.details["max_connections"], found.details["reserved"]) == (20, 3)
    assert found.details["active"] == 1
    before = judged(subject)
    assert before[1] == "ok"
    with ExitStack() as stack:
        for _ in range(14):
            stack.enter_context(psycopg.connect(database, application_name="greedy"))
        value, state = judged(subject)
        assert value == pytest.approx(100 * 15 / 17, abs=0.1)
        assert state == "warning"
        first = next(iter(measured(subject).evidence))
        assert first == {
            "state": "idle",
            "application": "greedy",
            "usename": "obskit",
            "sessions": 14,
        }


def test_a_server_without_a_connection_left_raises_and_recovers(database: str, guest: str) -> None:
    with ExitStack() as stack:
        with pytest.raises(psycopg.OperationalError, match=r"connection slots|too many"):
            for _ in range(21):
                stack.enter_context(psycopg.connect(guest))
        with pytest.raises(psycopg.OperationalError, match=r"connection slots|too many"):
            postgres.Connections(guest)()
    with psycopg.connect(database, autocommit=True) as observer:
        guests = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'guest'"
        while observer.execute(guests).fetchone() != (0,):
            pass  # the server ends them after the client has
    assert judged(postgres.Connections(guest))[1] == "ok"


def test_a_session_idle_in_its_transaction_is_found_until_it_ends_it(database: str) -> None:
    subject = postgres.IdleInTransaction(database, longer_than="1ms")
    assert judged(subject) == (0, "ok")
    with psycopg.connect(database, application_name="forgetful") as connection:
        connection.execute("SELECT 'left open'")
        assert judged(subject) == (1, "warning")
        (row,) = measured(subject).evidence
        assert isinstance(row, dict)
        assert (row["application"], row["query"]) == ("forgetful", "SELECT 'left open'")
        assert judged(postgres.IdleInTransaction(database)) == (0, "ok")
        connection.rollback()
        assert judged(subject) == (0, "ok")


def test_a_long_query_is_found_until_it_ends(database: str) -> None:
    subject = postgres.LongQueries(database, longer_than="1ms")
    assert judged(subject) == (0, "ok")
    with sleeping(database) as pid:
        assert judged(subject) == (1, "warning")
        (row,) = measured(subject).evidence
        assert isinstance(row, dict)
        assert (row["pid"], row["query"]) == (pid, "SELECT pg_sleep(60)")
        assert judged(postgres.LongQueries(database)) == (0, "ok")
    assert judged(subject) == (0, "ok")


def test_what_a_role_may_not_see_is_unknown_until_it_may(
    cluster: Cluster, database: str, guest: str
) -> None:
    subjects = (postgres.LongQueries(guest, "1ms"), postgres.IdleInTransaction(guest, "1ms"))
    with sleeping(database):
        for subject in subjects:
            assert "hidden: GRANT pg_monitor TO the role of this check" in unknown(subject)
        cluster.execute("GRANT pg_monitor TO guest")
        assert judged(subjects[0]) == (1, "warning")
        assert judged(subjects[1]) == (0, "ok")


def test_slow_statements_are_unknown_without_the_extension_and_found_with_it(database: str) -> None:
    subject = postgres.SlowStatements(database, mean="20ms", least_calls=2)
    assert unknown(subject).startswith("pg_stat_statements is missing: put it into shared_preload")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA tools")
        connection.execute("CREATE EXTENSION pg_stat_statements SCHEMA tools")
        assert judged(subject) == (0, "ok")
        for _ in range(2):
            connection.execute("SELECT pg_sleep(0.03)")
        assert judged(subject) == (1, "warning")
        (row,) = measured(subject).evidence
        assert isinstance(row, dict)
        assert (row["calls"], row["query"]) == (2, "SELECT pg_sleep($1)")
        connection.execute("SELECT tools.pg_stat_statements_reset()")
    assert judged(subject) == (0, "ok")


def test_an_extension_whose_library_is_not_loaded_is_unknown(postgresql: str) -> None:
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
        try:
            assert unknown(postgres.SlowStatements(postgresql)).startswith("pg_stat_statements is")
        finally:
            connection.execute("DROP EXTENSION pg_stat_statements")
