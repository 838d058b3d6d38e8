"""Celery workers and queues over a real Redis."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import pytest
import redis
from tests.checks.given import eventually
from tests.checks.library.celery_worker import working
from tests.checks.library.tasks import make_app

from obskit.checks.library.celery import OldestTask, QueueLength, Workers
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status


@pytest.fixture
def broker(redis_server: int) -> Iterator[str]:
    with redis.Redis(port=redis_server) as client:
        client.flushall()
    yield f"redis://127.0.0.1:{redis_server}/0"


@pytest.fixture
def app(broker: str, tmp_path: Path) -> Any:
    return make_app(broker, tmp_path)


def measured(returned: object) -> float:
    assert isinstance(returned, Measurement), returned
    assert isinstance(returned.value, (int, float))
    return returned.value


def test_a_worker_that_stands_still_turns_it_and_it_recovers_with_it(
    app: Any, broker: str, tmp_path: Path
) -> None:
    every, named = Workers(app, wait="300ms"), Workers(app, ["one@shop"], wait="300ms")
    with working(app, "one@shop", tmp_path, broker) as worker:
        assert measured(every()) == 1
        worker.send_signal(signal.SIGSTOP)
        assert measured(every()) == 0
        found = named()
        assert isinstance(found, CheckResult)
        assert found.status is Status.CRITICAL
        worker.send_signal(signal.SIGCONT)
        eventually(lambda: isinstance(named(), Measurement))


def test_tasks_pile_up_while_no_worker_is_there(app: Any, broker: str, tmp_path: Path) -> None:
    length = QueueLength(app)
    assert measured(length()) == 0
    for priority in 0, 3, 9:
        app.send_task("work", priority=priority)
    assert measured(length()) == 3
    with working(app, "one@shop", tmp_path, broker):
        eventually(lambda: measured(length()) == 0)


@pytest.mark.parametrize("prefix", ["", "shop:"])
def test_the_age_of_the_oldest_task_is_known_from_its_time(app: Any, prefix: str) -> None:
    app.conf.broker_transport_options = {"global_keyprefix": prefix}
    check = OldestTask(app)
    assert measured(check()) == 0
    app.send_task("work", timestamp=int(time.time()) - 7200, priority=9)
    app.send_task("work", timestamp=int(time.time()) - 60)
    found = check()
    assert isinstance(found, Measurement)
    assert 7200 <= measured(found) < 7300
    assert found.message == "work"
    assert found.details["is_whole_age"] is True


def test_a_task_without_a_time_is_as_old_as_it_has_been_seen_to_be_next(app: Any) -> None:
    check = OldestTask(app)
    first = app.send_task("work")
    app.send_task("work")
    found = check()
    assert isinstance(found, Measurement)
    assert measured(found) == 0
    assert found.details == {"task": "work", "id": first.id, "is_whole_age": False}
    eventually(lambda: measured(check()) > 0.01)
    with app.connection_for_read() as connection:
        connection.SimpleQueue("celery").get().ack()
    assert measured(check()) == 0


def test_a_message_of_another_protocol_is_known_by_its_content(app: Any, redis_server: int) -> None:
    with redis.Redis(port=redis_server) as client:
        for foreign in b"not json", b"[]", json.dumps({"headers": None}).encode():
            client.delete("celery")
            client.lpush("celery", foreign)
            assert measured(OldestTask(app)()) == 0


def test_a_broker_that_hangs_turns_it_at_the_time_out(app: Any, redis_server: int) -> None:
    (server,) = (
        process
        for process in psutil.process_iter(["name"])
        if process.info["name"] == "redis-server"
        and any(c.laddr.port == redis_server for c in process.net_connections())
    )
    check = QueueLength(app, timeout="200ms")
    assert measured(check()) == 0
    server.suspend()
    try:
        with pytest.raises(ConnectionError, match="Timeout"):
            check()
    finally:
        server.resume()
    assert measured(check()) == 0


def test_many_runs_leave_nothing_open_and_nothing_in_redis(app: Any, redis_server: int) -> None:
    checks = Workers(app, wait="10ms"), QueueLength(app), OldestTask(app)

    def run() -> None:
        for check in checks:
            check()

    with redis.Redis(port=redis_server) as client:
        run()
        members, clients = _members(client), _clients(client)
        descriptors = psutil.Process().num_fds()
        for _ in range(3):
            thread = Thread(target=run)
            thread.start()
            thread.join(60)
        # Those of other tests' apps may go meanwhile.
        assert psutil.Process().num_fds() <= descriptors
        assert _clients(client) <= clients
        assert _members(client) == members


def _members(client: Any) -> int:
    """How many keys there are, and members of their sets."""
    keys = client.keys("*")
    return len(keys) + sum(int(client.scard(key)) for key in keys if client.type(key) == b"set")


def _clients(client: Any) -> int:
    return int(client.info("clients")["connected_clients"])
