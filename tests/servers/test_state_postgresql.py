"""The store in a real PostgreSQL: its own contract, and what becomes of it when the server fails."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from time import sleep
from typing import Any

import psycopg
import pytest
from tests.export.spooled import Time
from tests.state.contract import JOB, RUN, StoreContract
from tests.state.lease_contract import PassBy, taken

import obskit
from obskit.capture import Capture
from obskit.exceptions import StoreError
from obskit.state.database import TABLES
from obskit.state.opening import open_store
from obskit.state.store import Count, Store

OURS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'obskit'"


def ask(address: str, statement: str, *parameters: object) -> list[Any]:
    """Run a statement on a connection of the test's own."""
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def address(empty_postgresql: str) -> str:
    """The server, on which nothing of ours is left from another test."""
    return empty_postgresql


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    with closing(open_store(address, "shop")) as opened:
        yield opened


@pytest.fixture
def pass_by(address: str) -> PassBy:
    """The server's clock cannot be moved: what was granted is, the other way."""

    def moved(seconds: float) -> None:
        ask(address, "UPDATE obskit.leases SET until = until - %s", seconds)

    return moved


class TestPostgresqlStore(StoreContract):
    pass


def test_services_in_one_database_do_not_see_each_other(address: str, store: Store) -> None:
    with closing(open_store(address, "bank")) as other:
        store.keep(RUN)
        store.add(Count("runs", {}, 1.0))
        lease = taken(store, "nightly", "a")
        assert other.latest() == {}
        assert other.take_counts() == []
        assert taken(other, "nightly", "b").holder == "b"
        assert other.purge(9_000.0, 0) == 0
        assert taken(store, "nightly", "a").number == lease.number
    assert store.latest() == {"database": RUN}


_BEGIN = """
import os, sys
from dataclasses import replace
from obskit.state.opening import open_store
from tests.state.contract import RUN
store = open_store(sys.argv[1], "shop")
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _BEGIN + script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_that_begin_at_once_make_the_tables_once_and_lose_nothing(
    address: str, store: Store
) -> None:
    script = """
sys.stdin.readline()
for number in range(50):
    assert store.keep(replace(RUN, check=sys.argv[2], started=float(number)))
store.close()
"""
    processes = [start(script, address, f"check-{number}") for number in range(6)]
    for process in processes:
        process.communicate("\n", timeout=100)
    assert [process.returncode for process in processes] == [0] * 6
    assert [len(store.runs(f"check-{number}")) for number in range(6)] == [50] * 6


def test_a_killed_connection_is_made_again_within_the_same_call(address: str, store: Store) -> None:
    for _ in range(3):
        ask(
            address,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'obskit'",
        )
        store.add(Count("runs", {}, 1.0))
        store.latest()
    assert store.take_counts() == [Count("runs", {}, 3.0)]


def test_a_server_that_crashes_is_found_again(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends every connection, and takes none for a while."""
    time = Time()
    with closing(open_store(address, "shop", time)) as store:
        store.keep(RUN)
        ((pid,),) = ask(address, OURS)
        os.kill(pid, signal.SIGKILL)
        for _ in range(600):
            time.pass_by(5.0)
            with suppress(StoreError):
                assert store.latest() == {"database": RUN}
                break
            sleep(0.05)
        assert store.keep(RUN)
        assert len(caplog.records) <= 1


def test_a_child_leaves_its_parents_connection_alone(address: str) -> None:
    script = """
store.keep(RUN)
for _ in range(2):
    child = os.fork()
    if not child:
        assert store.keep(replace(RUN, check="child", started=float(os.getpid())))
        store.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert store.keep(replace(RUN, check="parent"))
child = os.fork()
if not child:
    sys.exit(0)  # it has used nothing, and ends as a process does
assert os.waitpid(child, 0)[1] == 0
pid = store._database._connection.info.backend_pid
print(sorted((name, len(store.runs(name))) for name in store.latest()))
assert store._database._connection.info.backend_pid == pid
store.close()
"""
    process = start(script, address)
    output, _ = process.communicate(timeout=100)
    assert process.returncode == 0
    assert output == "[('child', 2), ('database', 1), ('parent', 2)]\n"


def test_a_call_waits_for_nobody_who_stalls_in_the_middle_of_one(
    address: str, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """The server throws the one out that stalls, and the next call finds the lock free."""
    store.keep(RUN)
    with psycopg.connect(address, autocommit=True) as other:
        other.execute("BEGIN; LOCK TABLE obskit.latest")
        for _ in range(2):
            with pytest.raises(StoreError, match="timeout"):
                store.keep(RUN)
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        other.execute("ROLLBACK")
        assert store.keep(RUN)


def test_a_server_that_stops_answering_is_an_error(
    obskit_capture: Capture, address: str, store: Store
) -> None:
    """Its system still acknowledges what is sent. Capturing has psycopg instrumented, as hosts have."""
    store.keep(RUN)
    ((pid,),) = ask(address, OURS)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(StoreError, match="the server has not answered for 3 s"):
            store.keep(RUN)
        assert store.keep(RUN)  # on a new connection
    finally:
        os.kill(pid, signal.SIGCONT)


def test_what_cannot_be_reached_is_not_tried_at_every_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    time = Time()
    url = "postgresql://ann:hunter2@127.0.0.1:9/shop"
    with closing(open_store(url, "shop", time)) as store, caplog.at_level(logging.WARNING):
        messages = []
        for _ in range(3):
            with pytest.raises(StoreError) as raised:
                store.latest()
            messages.append(str(raised.value))
    assert "refused" in messages[0]
    assert messages[0] == messages[1] == messages[2]
    (record,) = caplog.records
    assert record.name == "obskit.state"
    assert "hunter2" not in caplog.text + messages[0]
    assert "postgresql://ann:[redacted]@127.0.0.1:9/shop" in messages[0]


def test_tables_of_a_newer_version_are_left_alone(address: str, store: Store) -> None:
    store.keep(RUN)
    newer = len(TABLES) + 1
    ask(address, "INSERT INTO obskit.version (version) VALUES (%s)", newer)
    with closing(open_store(address, "shop")) as late:
        with pytest.raises(StoreError, match=r"a newer obskit made its tables \(version 6, "):
            late.latest()
    ask(address, "DELETE FROM obskit.version WHERE version = %s", newer)


def test_tables_of_the_first_version_keep_what_is_in_them(address: str, store: Store) -> None:
    store.keep(RUN)
    store.put_job(JOB)
    store.close()
    ask(address, "DROP TABLE obskit.known_jobs, obskit.noted, obskit.notices, obskit.deploys")
    ask(address, "DROP TABLE obskit.latest_of_hosts, obskit.hosts")
    ask(address, "ALTER TABLE obskit.history DROP COLUMN host")
    ask(address, "DELETE FROM obskit.version WHERE version > 1")
    assert store.know_jobs(["import"], 7.0) == {"import": 7.0}
    assert store.latest() == {"database": RUN}
    assert store.job_runs("import") == [JOB]
    versions = ask(address, "SELECT version FROM obskit.version ORDER BY version")
    assert versions == [(1,), (2,), (3,), (4,), (5,)]


def test_where_the_tables_are_there_no_right_to_make_some_is_needed(
    address: str, store: Store
) -> None:
    store.keep(RUN)
    ask(address, "DROP ROLE IF EXISTS plain")
    ask(address, "CREATE ROLE plain LOGIN")
    ask(address, "GRANT USAGE ON SCHEMA obskit TO plain")
    ask(address, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA obskit TO plain")
    with closing(open_store(address.replace("obskit@", "plain@"), "shop")) as plain:
        assert plain.keep(RUN)
        assert plain.latest() == {"database": RUN}
    ask(address, "DROP OWNED BY plain")
    ask(address, "DROP ROLE plain")


def test_it_makes_no_spans(obskit_capture: Capture, store: Store) -> None:
    before = len(obskit_capture.spans)
    with obskit.span("work"):
        store.keep(RUN)
        store.latest()
    assert [span.name for span in obskit_capture.spans[before:]] == ["work"]
