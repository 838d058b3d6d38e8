"""Leases in a real Redis."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
import redis
from tests.state.lease_contract import LeaseContract, PassBy, taken

import obskit
from obskit.capture import Capture
from obskit.exceptions import StoreError
from obskit.state.opening import Leases, open_lease


@pytest.fixture
def client(redis_server: int) -> Iterator[redis.Redis]:
    """The server, with nothing of another test."""
    with redis.Redis(port=redis_server, db=3) as connected:
        connected.flushdb()
        yield connected


@pytest.fixture
def url(redis_server: int) -> str:
    return f"redis://127.0.0.1:{redis_server}/3"


@pytest.fixture
def store(client: redis.Redis, url: str) -> Iterator[Leases]:
    with closing(open_lease(url, "shop")) as opened:
        yield opened


@pytest.fixture
def pass_by(client: redis.Redis) -> PassBy:
    """The server's clock cannot be moved: what was granted is, the other way."""

    def moved(seconds: float) -> None:
        for key in client.scan_iter("obskit:lease:*"):
            client.hincrby(key, "until", -int(seconds * 1_000))

    return moved


class TestRedisLeases(LeaseContract):
    pass


def test_services_of_one_server_do_not_see_each_other(store: Leases, url: str) -> None:
    taken(store, "nightly", "a")
    with closing(open_lease(url, "bank")) as other:
        assert taken(other, "nightly", "b").holder == "b"


def test_numbers_rise_although_everything_was_forgotten(store: Leases, client: redis.Redis) -> None:
    first = taken(store, "nightly", "a")
    client.flushdb()
    assert taken(store, "nightly", "b").number > first.number


def test_what_nobody_takes_any_more_goes_away_by_itself(store: Leases, client: redis.Redis) -> None:
    taken(store, "nightly", "a", seconds=60.0)
    day = 86_400_000
    assert day < client.pttl("obskit:lease:shop:nightly") <= day + 60_000


def test_a_lost_connection_is_made_again_within_the_same_call(
    store: Leases, client: redis.Redis
) -> None:
    first = taken(store, "nightly", "a")
    for _ in range(2):
        client.client_kill_filter(skipme=True, _type="normal")
        assert taken(store, "nightly", "a").number == first.number


def test_a_child_leaves_its_parents_connection_alone(store: Leases) -> None:
    first = taken(store, "nightly", "a")
    child = os.fork()
    if not child:
        refused = store.lease("nightly", "b", 30.0) is None
        os._exit(0 if refused else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert taken(store, "nightly", "a").number == first.number


def test_a_server_that_is_away_is_an_error_that_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with closing(open_lease(f"redis://:hunter2@127.0.0.1:{port}/0", "shop")) as store:
        for _ in range(2):
            with pytest.raises(StoreError, match="refused") as raised:
                store.lease("nightly", "a", 30.0)
    (record,) = caplog.records
    assert record.name == "obskit.state"
    assert "hunter2" not in caplog.text + str(raised.value)


def test_a_server_that_says_nothing_is_an_error() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        with closing(open_lease(url, "shop")) as store:
            with pytest.raises(StoreError, match=r"(?i)timeout"):
                store.lease("nightly", "a", 30.0)


def test_it_makes_no_spans(obskit_capture: Capture, store: Leases) -> None:
    before = len(obskit_capture.spans)
    with obskit.span("work"):
        taken(store, "nightly", "a")
    assert [span.name for span in obskit_capture.spans[before:]] == ["work"]
