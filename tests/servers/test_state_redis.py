"""The store in a real Redis: its own contract, and what becomes of it when the server fails."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest
import redis
from tests.checks.given import eventually
from tests.export.spooled import Time
from tests.state.contract import JOB, RUN, StoreContract
from tests.state.lease_contract import PassBy, taken

import obskit
from obskit.capture import Capture
from obskit.exceptions import StoreError
from obskit.state.deploys import Deploy
from obskit.state.notices import Notice
from obskit.state.opening import open_store
from obskit.state.store import Count, Store


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
def store(client: redis.Redis, url: str) -> Iterator[Store]:
    with closing(open_store(url, "shop")) as opened:
        yield opened


@pytest.fixture
def pass_by(client: redis.Redis) -> PassBy:
    """The server's clock cannot be moved: what was granted is, the other way."""

    def moved(seconds: float) -> None:
        for key in client.scan_iter("obskit:*:lease:*"):
            client.hincrby(key, "until", -int(seconds * 1_000))

    return moved


class TestRedisStore(StoreContract):
    pass


def test_services_of_one_server_do_not_see_each_other(store: Store, url: str) -> None:
    with closing(open_store(url, "shop:bank")) as other:
        store.keep(replace(RUN, check="bank:database"))
        store.add(Count("runs", {}, 1.0))
        lease = taken(store, "nightly", "a")
        assert other.latest() == {}
        assert other.runs("database") == []
        assert other.take_counts() == []
        assert taken(other, "nightly", "b").holder == "b"
        assert other.purge(9_000.0, 0) == 0
        assert taken(store, "nightly", "a").number == lease.number
    assert set(store.latest()) == {"bank:database"}


def test_hosts_that_write_at_once_lose_nothing(store: Store, url: str) -> None:
    def write(number: int) -> None:
        with closing(open_store(url, "shop")) as own:
            for each in range(40):
                run = replace(RUN, host=f"web-{number}", lease=7, started=float(each))
                assert own.keep(run)
                own.add(Count("runs", {}, 1.0))
                own.deploys.mark(Deploy(f"{number}.{each}", "", 1.0), again=False)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert len(store.runs("database")) == 160
    assert [len(store.runs("database", host=f"web-{number}")) for number in range(4)] == [40] * 4
    assert store.take_counts() == [Count("runs", {}, 160.0)]
    assert len(store.deploys.recent("", 200)) == 100


def test_of_messages_that_many_take_each_is_given_to_one(store: Store, url: str) -> None:
    store.notices.note("", 0, [Notice(str(one), str(one), 1.0, "") for one in range(40)])

    def take(_: int) -> list[str]:
        with closing(open_store(url, "shop")) as own:
            return [one.key for one in iter(lambda: own.notices.take(1.0, 9.0), None)]

    with ThreadPoolExecutor(4) as pool:
        given = [key for own in pool.map(take, range(4)) for key in own]
    assert sorted(given, key=int) == [str(one) for one in range(40)]


def test_nothing_is_left_of_what_was_forgotten(store: Store, client: redis.Redis) -> None:
    """Else a server fills with what nobody reads."""
    for number in range(5):
        run = replace(RUN, started=float(number), host="web-1", status="ok", value=float(number))
        store.keep(run)
        job = replace(JOB, run_id=str(number), started=float(number), outcome="running")
        store.put_job(job)
        store.put_job(replace(job, outcome="lost"))
        store.put_job(replace(job, outcome="ok", finished=float(number)))
    assert store.purge(100.0, 2**30) == 9
    kept = {key.decode().removeprefix("obskit:{shop}:") for key in client.scan_iter("*")}
    assert kept == {
        "ages",
        "began:import",
        "ended:import:ok",
        "jobs",
        "latest",
        "number",
        "outcomes",
    }
    for key in ("ages", "began:import", "ended:import:ok"):
        assert client.zcard(f"obskit:{{shop}}:{key}") == 1


def test_a_server_that_evicted_texts_has_fewer_runs(store: Store, client: redis.Redis) -> None:
    store.keep(RUN)
    client.delete("obskit:{shop}:runs")
    assert store.runs("database") == []
    assert store.values("database", 0.0, 1.0) == []
    assert store.purge(9_000.0, 0) == 1


def test_a_run_that_began_beyond_all_time_ends_the_values(store: Store) -> None:
    for started in (1.0, 1e300):
        store.keep(replace(RUN, started=started))
    assert store.values("database", 0.0, 1.0) == [(1.0, 2.5), (1e300, 2.5)]


def test_what_is_refused_is_an_error_and_the_next_call_is_made(
    store: Store, client: redis.Redis
) -> None:
    client.set("obskit:{shop}:latest", "no hash")
    with pytest.raises(StoreError, match="WRONGTYPE"):
        store.keep(RUN)
    client.flushdb()
    assert store.keep(RUN)


def test_a_server_that_is_away_is_not_asked_at_every_call(
    client: redis.Redis, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    time = Time()
    with closing(open_store(url, "shop", time)) as store:
        assert store.keep(RUN)
        client.config_set("maxclients", 1)
        client.client_kill_filter(skipme=True, _type="normal")
        for _ in range(2):
            with pytest.raises(StoreError, match="max number of clients"):
                store.keep(RUN)
        client.config_set("maxclients", 10_000)
        with pytest.raises(StoreError, match="max number of clients"):
            store.keep(RUN)
        time.pass_by(5.0)
        assert store.keep(RUN)
        client.set("obskit:{shop}:latest", "no hash")
        with pytest.raises(StoreError, match="WRONGTYPE"):
            store.latest()
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]


def test_numbers_rise_although_everything_was_forgotten(store: Store, client: redis.Redis) -> None:
    first = taken(store, "nightly", "a")
    client.flushdb()
    assert taken(store, "nightly", "b").number > first.number


def test_what_nobody_takes_any_more_goes_away_by_itself(store: Store, client: redis.Redis) -> None:
    taken(store, "nightly", "a", seconds=60.0)
    day = 86_400_000
    assert day < client.pttl("obskit:{shop}:lease:nightly") <= day + 60_000


def test_a_lost_connection_is_made_again_within_the_same_call(
    store: Store, client: redis.Redis
) -> None:
    first = taken(store, "nightly", "a")
    for number in range(2):
        client.client_kill_filter(skipme=True, _type="normal")
        assert taken(store, "nightly", "a").number == first.number
        client.client_kill_filter(skipme=True, _type="normal")
        assert store.keep(replace(RUN, started=float(number)))
    assert len(store.runs("database")) == 2


def test_who_closes_a_store_leaves_no_connection(store: Store, client: redis.Redis) -> None:
    store.keep(RUN)
    before = len(client.client_list(_type="normal"))
    store.close()
    eventually(lambda: len(client.client_list(_type="normal")) == before - 1)


def test_a_child_leaves_its_parents_connection_alone(store: Store) -> None:
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
    with closing(open_store(f"redis://:hunter2@127.0.0.1:{port}/0", "shop")) as store:
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
        with closing(open_store(url, "shop")) as store:
            with pytest.raises(StoreError, match=r"(?i)timeout"):
                store.lease("nightly", "a", 30.0)


def test_an_option_that_is_none_is_an_error_at_each_use(url: str) -> None:
    with closing(open_store(f"{url}?colour=red", "shop")) as store:
        with pytest.raises(StoreError, match="unexpected keyword argument 'colour'"):
            store.latest()


def test_it_makes_no_spans(obskit_capture: Capture, store: Store) -> None:
    before = len(obskit_capture.spans)
    with obskit.span("work"):
        taken(store, "nightly", "a")
    assert [span.name for span in obskit_capture.spans[before:]] == ["work"]
