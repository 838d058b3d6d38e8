"""A real PostgreSQL server that is slow, stopped or gone."""

from __future__ import annotations

import gc
import os
import signal
import threading
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from tests.servers.library.answers import measured
from tests.servers.library.conftest import Cluster

from obskit.checks.library import postgres


def test_a_server_that_is_stopped_under_a_query_ends_it(database: str) -> None:
    """Its kernel still answers for it, so that no time-out of the network ends the wait."""
    subject = postgres.DatabaseSize(database, timeout="100ms")
    with pytest.raises(TimeoutError, match=r"no answer within 1\.1s"), ExitStack() as stack:
        connection = stack.enter_context(subject._connected())
        pid = connection.info.backend_pid
        stack.callback(os.kill, pid, signal.SIGCONT)
        os.kill(pid, signal.SIGSTOP)
        connection.execute("SELECT 1")
    assert measured(subject).unit == "By"


def test_a_query_that_takes_too_long_is_ended_by_the_server(database: str) -> None:
    with (
        pytest.raises(psycopg.errors.QueryCanceled),
        postgres.DatabaseSize(database, timeout="50ms")._connected() as connection,
    ):
        connection.execute("SELECT pg_sleep(60)")


def test_nothing_is_written(database: str) -> None:
    with (
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
        postgres.DatabaseSize(database)._connected() as connection,
    ):
        connection.execute("CREATE TABLE mine()")


def test_a_server_that_is_down_raises_without_its_password() -> None:
    subject = postgres.DatabaseSize("postgresql://shop:hunter2@127.0.0.1:1/shop")
    assert "hunter2" not in repr(subject)
    with pytest.raises(psycopg.OperationalError) as raised:
        subject()
    assert "hunter2" not in str(raised.value)


def test_many_runs_leave_no_connection_and_no_thread(cluster: Cluster, database: str) -> None:
    def left() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    subject = postgres.LongQueries(database)
    subject()
    gc.collect()  # what other tests left is closed now, not while it is counted
    before = left()
    for _ in range(50):
        subject()
    assert left() == before
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'obskit'"
    while cluster.execute(sessions) != [(0,)]:
        pass  # the server ends them after the client has
