"""Backups of a real PostgreSQL database, restored."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

import psycopg
import pytest
from tests.servers.library.answers import judged, measured, unknown
from tests.servers.library.conftest import Cluster

from obskit.checks.library import postgres
from obskit.checks.library.postgres.backup import _scratch
from obskit.checks.model import CheckResult, Status


@pytest.fixture
def dumped(cluster: Cluster, database: str, tmp_path: Path) -> Path:
    """A folder with a backup in each format."""
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE orders AS SELECT generate_series(1, 500) AS id")
    for kind, name in (("c", "c.dump"), ("t", "t.tar"), ("d", "d"), ("p", "p.sql")):
        subprocess.run(
            [cluster.programs / "pg_dump", "-F", kind, "-f", tmp_path / name, database], check=True
        )
    subprocess.run(["gzip", "-k", tmp_path / "p.sql"], check=True)
    return tmp_path


@pytest.mark.parametrize("name", ["c.dump", "t.tar", "d", "p.sql", "p.sql.gz"])
def test_a_backup_of_any_format_is_restored(cluster: Cluster, dumped: Path, name: str) -> None:
    subject = postgres.RestoreTest(cluster.url, str(dumped / name))
    assert judged(subject) == (1, "ok")
    count = postgres.RestoreTest(cluster.url, str(dumped / name), "SELECT count(*) FROM orders")
    assert judged(count) == (500, "ok")
    assert measured(count).details["file"] == str(dumped / name)
    assert not cluster.execute("SELECT FROM pg_database WHERE datname LIKE 'obskit_restore_test%'")


@pytest.mark.parametrize(
    ("name", "share"), [("c.dump", 0.6), ("t.tar", 0.4), ("p.sql", 0.6), ("p.sql.gz", 0.6)]
)
def test_a_backup_that_is_cut_short_is_critical_until_it_is_whole(
    cluster: Cluster, dumped: Path, name: str, share: float
) -> None:
    subject = postgres.RestoreTest(cluster.url, str(dumped / name))
    whole = (dumped / name).read_bytes()
    (dumped / name).write_bytes(whole[: int(len(whole) * share)])
    found = subject()
    assert isinstance(found, CheckResult)
    assert found.status is Status.CRITICAL
    assert f"{dumped / name} cannot be restored: " in found.message
    assert not cluster.execute("SELECT FROM pg_database WHERE datname LIKE 'obskit_restore_test%'")
    (dumped / name).write_bytes(whole)
    assert judged(subject) == (1, "ok")


def test_a_restore_that_takes_too_long_is_ended(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "slow.sql").write_text("SELECT pg_sleep(60);")
    found = postgres.RestoreTest(cluster.url, str(tmp_path / "slow.sql"), timeout="500ms")()
    assert isinstance(found, CheckResult)
    assert found.message.endswith("slow.sql cannot be restored: not done within 500ms")
    assert not cluster.execute("SELECT FROM pg_database WHERE datname LIKE 'obskit_restore_test%'")


def test_two_restore_tests_do_not_disturb_each_other(cluster: Cluster, dumped: Path) -> None:
    subject = postgres.RestoreTest(cluster.url, str(dumped / "c.dump"))
    with psycopg.connect(cluster.url) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('obskit_restore_test'))")
        assert unknown(subject) == "another restore test runs on this server: let it end"
    assert judged(subject) == (1, "ok")


def test_a_restore_test_beside_another_database_of_the_server_leaves_the_first_alone(
    cluster: Cluster, database: str, dumped: Path
) -> None:
    other = postgres.RestoreTest(database, str(dumped / "c.dump"))
    with _scratch(cluster.url, 60.0) as scratch:
        assert scratch is not None
        assert judged(other) == (1, "ok")
        with psycopg.connect(scratch) as connection:
            connection.execute("SELECT 1")
    assert not cluster.execute("SELECT FROM pg_database WHERE datname LIKE 'obskit_restore_test%'")


def test_a_packed_backup_that_fails_at_its_first_statement_says_why(
    cluster: Cluster, tmp_path: Path
) -> None:
    rest = b"-- and so on\n" * 100_000
    (tmp_path / "bad.sql.gz").write_bytes(gzip.compress(b"SELECT nothing;\n" + rest))
    found = postgres.RestoreTest(cluster.url, str(tmp_path / "bad.sql.gz"))()
    assert isinstance(found, CheckResult)
    assert 'ERROR:  column "nothing" does not exist' in found.message


def test_a_backup_that_takes_too_long_to_unpack_is_ended(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "large.sql.gz").write_bytes(gzip.compress(bytes(300_000_000), 1))
    found = postgres.RestoreTest(cluster.url, str(tmp_path / "large.sql.gz"), timeout="10ms")()
    assert isinstance(found, CheckResult)
    assert found.message.endswith("large.sql.gz cannot be restored: not done within 10ms")


def test_a_restore_without_a_backup_or_its_program_says_so(
    cluster: Cluster, dumped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = postgres.RestoreTest(cluster.url, str(dumped / "none*"))()
    assert isinstance(found, CheckResult)
    assert found.message == f"no backup at {dumped}/none*: nothing can be restored"
    monkeypatch.setenv("PATH", str(dumped))
    assert unknown(postgres.RestoreTest(cluster.url, str(dumped / "c.dump"))) == (
        "pg_restore is not on PATH: install PostgreSQL's client"
    )
