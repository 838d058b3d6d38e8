"""Servers of one test session, on free ports of the loopback interface, in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from tests.servers.install import postgresql_bin

# It calls `init` as it is imported.
collect_ignore = ["fleet.py"]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until(probe: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    """Ask until the server answers, for 30 seconds at most."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, f"{process.args!r} ended with {process.returncode}"
        try:
            probe()
        except (OSError, psycopg.Error, redis.RedisError):
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"{process.args!r} does not answer")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server of this session's own."""
    programs = postgresql_bin()
    assert programs is not None, "PostgreSQL is missing: make test-servers installs it"
    port = free_port()
    # PostgreSQL refuses to run as root.
    user = pwd.getpwnam("postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name)
    folder = Path(tempfile.mkdtemp(prefix="obskit-postgresql-"))
    os.chown(folder, user.pw_uid, user.pw_gid)
    data = folder / "data"
    demoted = {"user": user.pw_uid, "group": user.pw_gid} if os.geteuid() == 0 else {}
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "obskit", "--auth=trust", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        **demoted,  # type: ignore[call-overload]
    )
    options = ["-D", data, "-p", str(port), "-k", folder, "-c", "listen_addresses=127.0.0.1"]
    process = subprocess.Popen([programs / "postgres", *options], cwd=folder, **demoted)  # type: ignore[call-overload]
    address = f"postgresql://obskit@127.0.0.1:{port}/postgres"
    try:
        wait_until(lambda: psycopg.connect(address).close(), process)
        yield address
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[int]:
    """The port of a Redis server of this session's own."""
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="obskit-redis-"))
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: redis.Redis(port=port).ping(), process)
        yield port
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def empty_postgresql(postgresql: str) -> Iterator[str]:
    """Its address, where nothing of ours is left from another test."""

    def forget() -> None:
        with psycopg.connect(postgresql, autocommit=True) as connection:
            connection.execute("DROP SCHEMA IF EXISTS obskit CASCADE")

    forget()
    yield postgresql
    forget()


@pytest.fixture
def empty_redis(redis_server: int) -> str:
    """The URL of a database of it in which nothing is."""
    with redis.Redis(port=redis_server, db=5) as client:
        client.flushdb()
    return f"redis://127.0.0.1:{redis_server}/5"
