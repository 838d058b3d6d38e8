"""Servers that checks of the library look at: with extensions, with a replica, of one test each."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.servers.conftest import free_port, wait_until
from tests.servers.install import postgresql_bin


class Cluster:
    """A PostgreSQL server with its folder. It can be stopped, frozen, and started again."""

    def __init__(self, folder: Path, *options: str) -> None:
        programs = postgresql_bin()
        assert programs is not None, "PostgreSQL is missing: make test-servers installs it"
        self.programs = programs
        self.folder = folder
        self.data = folder / "data"
        self.port = free_port()
        self.url = f"postgresql://obskit@127.0.0.1:{self.port}/postgres"
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root.
        root = os.geteuid() == 0
        user = pwd.getpwnam("postgres") if root else pwd.getpwuid(os.geteuid())
        self.demoted: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid} if root else {}
        os.chown(folder, user.pw_uid, user.pw_gid)

    def run(self, program: str, *arguments: str | Path) -> None:
        subprocess.run(
            [self.programs / program, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            **self.demoted,
        )

    def start(self) -> None:
        options: list[str | Path] = ["-D", self.data, "-p", str(self.port), "-k", self.folder]
        settings = ["listen_addresses=127.0.0.1", "fsync=off", *self.options]
        command: list[str | Path] = [self.programs / "postgres", *options]
        command += [part for setting in settings for part in ("-c", setting)]
        process: subprocess.Popen[bytes] = subprocess.Popen(
            command, cwd=self.folder, stderr=subprocess.DEVNULL, **self.demoted
        )
        self.process = process
        wait_until(lambda: psycopg.connect(self.url).close(), process)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()  # waits for sessions to end by themselves
            try:
                self.process.wait(1)
            except subprocess.TimeoutExpired:
                self.process.send_signal(2)
                self.process.wait(20)

    def execute(self, *statements: str) -> list[Any]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@contextmanager
def folder() -> Iterator[Path]:
    # pytest's own is closed to the user whom PostgreSQL runs as.
    made = Path(tempfile.mkdtemp(prefix="obskit-postgresql-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A server with `pg_stat_statements`, few connections, and what a replica needs."""
    with folder() as made:
        cluster = Cluster(
            made,
            "shared_preload_libraries=pg_stat_statements",
            "max_connections=20",
            "wal_level=replica",
            "wal_sender_timeout=2s",
        )
        cluster.run("initdb", "-D", cluster.data, "-U", "obskit", "--auth=trust", "--no-sync")
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    """The URL of a database of this test's own."""
    cluster.execute("CREATE DATABASE shop")
    try:
        yield cluster.url.replace("/postgres", "/shop")
    finally:
        cluster.execute("DROP DATABASE shop WITH (FORCE)")
