"""A real PostgreSQL ends the session of a check while that runs: who is told what, and what is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import sqlalchemy
from tests.checks.bench import Bench

from obskit import CheckResult, Status
from obskit.checks.library import postgres, sql

PATIENCE = 60.0
# One that waits for a lock is not idle, and nothing else of these tests waits for one.
WAITING = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> ALL(%s)
"""
OTHERS = """
SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Server:
    """The database, seen and disturbed by somebody else."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._killed: list[int] = []

    def execute(self, statement: str, *values: object) -> list[Any]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Whoever asks for the table of users waits."""
        with psycopg.connect(self.url) as connection:
            connection.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
            yield

    def kill(self) -> None:
        """End the session that waits for the lock, once there is one that was not ended yet."""
        deadline = time.monotonic() + PATIENCE
        while not (found := self.execute(WAITING, self._killed)):
            assert time.monotonic() < deadline, "no session ever waited"
            time.sleep(0.01)
        ((pid,),) = found
        self._killed.append(pid)
        assert self.execute("SELECT pg_terminate_backend(%s, 5000)", pid) == [(True,)]

    def sessions(self, expected: int) -> list[int]:
        """The sessions of others. The server ends one only after its client has."""
        deadline = time.monotonic() + PATIENCE
        while len(found := self.execute(OTHERS)) != expected and time.monotonic() < deadline:
            time.sleep(0.01)
        return [pid for (pid,) in found]


@pytest.fixture
def server(database: str) -> Server:
    made = Server(database)
    made.execute("CREATE TABLE users(id int)")
    return made


@pytest.fixture
def engine(database: str) -> Iterator[sqlalchemy.Engine]:
    """The host's own, with a pool of one."""
    url = database.replace("postgresql:", "postgresql+psycopg:")
    made = sqlalchemy.create_engine(url, pool_size=1, max_overflow=0)
    yield made
    made.dispose()


def killed(server: Server, subject: Callable[[], object], times: int) -> list[CheckResult]:
    """The results of a run whose session is ended so many times, and of the next one."""
    bench = Bench()
    check = bench.add("users", subject)
    with server.locked():
        attempt = bench.runner.start(check)
        for _ in range(times):
            server.kill()
    return [bench.runner.wait(attempt), bench.runner.run(check)]


def test_a_function_whose_session_is_killed_under_it_says_so_and_the_next_run_is_ok(
    server: Server,
) -> None:
    def users() -> None:
        with psycopg.connect(server.url) as connection:
            connection.execute("SELECT * FROM users")

    first, second = killed(server, users, 1)
    assert first.status is Status.CRITICAL
    assert "terminating connection due to administrator command" in first.message
    assert second.status is Status.OK
    assert server.sessions(0) == []


def test_a_check_of_the_server_whose_session_is_killed_under_it_says_so_and_the_next_run_is_ok(
    server: Server,
) -> None:
    """It opens a connection for each run, so that one that is lost is news."""
    first, second = killed(server, postgres.TableSizes(server.url, timeout="1m"), 1)
    assert first.status is Status.CRITICAL
    assert "terminating connection due to administrator command" in first.message
    assert "127.0.0.1" not in first.message
    assert second.status is Status.OK
    assert server.sessions(0) == []


def test_a_check_of_a_table_whose_session_is_killed_under_it_asks_once_more_and_is_no_alarm(
    server: Server, engine: sqlalchemy.Engine
) -> None:
    first, second = killed(server, sql.RowCount(engine, "users", timeout="1m"), 1)
    assert (first.status, first.value) == (Status.OK, 0.0)
    assert second.status is Status.OK
    assert len(server.sessions(1)) == 1


def test_a_check_of_a_table_whose_sessions_are_killed_again_and_again_says_so(
    server: Server, engine: sqlalchemy.Engine
) -> None:
    """Twice is no accident. The pool holds one connection afterwards, as before."""
    first, second = killed(server, sql.RowCount(engine, "users", timeout="1m"), 2)
    assert first.status is Status.CRITICAL
    assert "terminating connection due to administrator command" in first.message
    assert second.status is Status.OK
    assert len(server.sessions(1)) == 1


def test_ten_thousand_runs_use_one_connection(server: Server, engine: sqlalchemy.Engine) -> None:
    bench = Bench()
    check = bench.add("session", sql.Scalar(engine, "SELECT pg_backend_pid()"))
    used = {bench.runner.run(check).value for _ in range(10_000)}
    (session,) = server.sessions(1)
    assert used == {float(session)}


def test_a_connection_that_is_killed_between_runs_is_no_alarm_in_any_of_them(
    server: Server, engine: sqlalchemy.Engine
) -> None:
    bench = Bench()
    check = bench.add("session", sql.Scalar(engine, "SELECT pg_backend_pid()"))
    used = []
    for _ in range(20):
        result = bench.runner.run(check)
        assert result.status is Status.OK, result.message
        used.append(result.value)
        (session,) = server.sessions(1)
        assert server.execute("SELECT pg_terminate_backend(%s, 5000)", session) == [(True,)]
    assert len(set(used)) == 20
