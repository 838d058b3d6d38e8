"""Checks of a real Redis server: each sees what it watches for, and sees it mended."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis as driver
from tests.servers.conftest import free_port, wait_until
from tests.servers.library.answers import judged

from obskit.checks.library import redis
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status


class Server:
    """A Redis server with a password, which can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://:hunter2@127.0.0.1:{self.port}/3"
        self.start()

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process: subprocess.Popen[bytes] = subprocess.Popen(
            ["redis-server", *options, "--requirepass", "hunter2"],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
        )
        wait_until(self.ping, self.process)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    def ping(self) -> None:
        with driver.Redis.from_url(self.url) as client:
            client.ping()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def client(server: Server) -> Iterator[Any]:
    with driver.Redis.from_url(server.url) as client:
        yield client


def test_a_server_that_is_down_raises_and_recovers_without_its_password(server: Server) -> None:
    subject = redis.Ping(server.url)
    subject()
    server.stop()
    with pytest.raises(driver.ConnectionError) as raised:
        subject()
    assert "hunter2" not in str(raised.value)
    assert "hunter2" not in repr(subject)
    server.start()
    subject()


def test_a_wrong_password_raises(server: Server) -> None:
    with pytest.raises(driver.RedisError, match=r"WRONGPASS|invalid") as raised:
        redis.Ping(server.url.replace("hunter2", "hunter3"))()
    assert "hunter3" not in str(raised.value)


def test_a_server_that_is_stopped_raises_in_time_and_recovers(server: Server) -> None:
    subject = redis.Ping(server.url, timeout="100ms")
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(driver.TimeoutError):
            subject()
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    subject()


def test_memory_is_judged_by_its_limit(server: Server, client: Any) -> None:
    subject = redis.Memory(server.url)
    value, state = judged(subject)
    assert isinstance(value, float)
    assert value < 50  # of the machine's
    assert state == "ok"
    client.set("large", b"x" * 5_000_000)
    limit = int(client.info("memory")["used_memory"] * 1.1)
    client.config_set("maxmemory", limit)
    value, state = judged(subject)
    assert isinstance(value, float)
    assert value > 80
    assert state == "warning"
    found = subject()
    assert isinstance(found, Measurement)
    assert (found.details["limit"], found.details["policy"]) == (limit, "noeviction")
    client.delete("large")
    assert judged(subject)[1] == "ok"


def test_hits_are_judged_since_the_run_before(server: Server, client: Any) -> None:
    subject = redis.HitRate(server.url, least_lookups=10)
    too_few = subject()
    assert isinstance(too_few, CheckResult)
    assert too_few.status is Status.UNKNOWN
    assert too_few.message == "fewer than 10 lookups: too few to judge"
    client.set("there", "1")
    for _ in range(10):
        client.get("there")
    assert judged(subject) == (100.0, "ok")
    for _ in range(8):
        client.get("not there")
    assert isinstance(subject(), CheckResult)
    for _ in range(2):
        client.get("there")
    assert judged(subject) == (20.0, "warning")
    server.stop()
    server.start()
    client.set("there", "1")
    for _ in range(12):
        client.get("there")
    assert judged(subject) == (100.0, "ok")


def test_evictions_are_a_rate_since_the_run_before(server: Server, client: Any) -> None:
    subject = redis.Evictions(server.url)
    assert subject().value == 0
    client.config_set("maxmemory", client.info("memory")["used_memory"] + 300_000)
    client.config_set("maxmemory-policy", "allkeys-lru")
    for number in range(100):
        client.set(f"key {number}", b"x" * 10_000)
    evicted: Any = subject().value
    assert evicted > 60
    assert subject().value == 0


@pytest.mark.parametrize(
    ("add", "kind"),
    [
        (lambda client, n: client.rpush("queue", n), "list"),
        (lambda client, n: client.xadd("queue", {"n": n}), "stream"),
        (lambda client, n: client.zadd("queue", {str(n): n}), "zset"),
        (lambda client, n: client.sadd("queue", n), "set"),
    ],
)
def test_a_queue_of_any_kind_is_counted(server: Server, client: Any, add: Any, kind: str) -> None:
    subject = redis.QueueLength(server.url, "queue")
    assert subject() == Measurement(0, "{entry}")
    for number in range(3):
        add(client, number)
    assert client.type("queue") == kind.encode()
    assert subject() == Measurement(3, "{entry}")
    client.delete("queue")
    assert subject() == Measurement(0, "{entry}")
    in_text = server.url + "?decode_responses=true"
    add(client, 1)
    assert redis.QueueLength(in_text, "queue")() == Measurement(1, "{entry}")


def test_a_key_that_is_no_queue_says_so(server: Server, client: Any) -> None:
    client.set("queue", "1")
    with pytest.raises(TypeError, match="'queue' holds a string: name a list, a stream, a set or"):
        redis.QueueLength(server.url, "queue")()


def test_many_runs_leave_no_connection_and_no_thread(server: Server, client: Any) -> None:
    def left() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    subject = redis.QueueLength(server.url, "queue")
    client.ping()
    gc.collect()  # what other tests left is closed now, not while it is counted
    before = left()
    for _ in range(200):
        subject()
    assert left() == before
    while client.info("clients")["connected_clients"] != 1:
        pass  # the server sees them end a little later
