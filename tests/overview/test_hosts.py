"""The hosts of a service that share its store, looked at from any place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.overview.given import NOW, run, told, write

from obskit.config import Config
from obskit.overview import hosts
from obskit.overview.model import HostView
from obskit.overview.reading import overview
from obskit.registry import Registry
from obskit.state.memory import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    registry.add("disk", lambda: None, every="1m")
    registry.add("queue", lambda: None, every="1m", scope="fleet")
    return registry


def config(folder: Path, host: str, environment: str = "live", *, console: bool = True) -> Config:
    """Of a host that shares a store, which nobody asks here: the tests give another."""
    return Config(
        service="shop",
        environment=environment,
        state_url="postgresql://nowhere/shop",
        run_dir=str(folder / host),
        console=console,
        resource_attributes={"host.name": host},
    )


def test_the_check_of_each_host_is_a_row_the_worst_first(
    store: MemoryStore, registry: Registry, tmp_path: Path
) -> None:
    store.keep(run("disk", "critical", host="web-2", message="full"))
    store.keep(run("disk", host="web-1"))
    store.keep(run("queue", "warning"))
    found = overview(registry, store, config(tmp_path, "elsewhere", console=False), NOW)
    assert [(each.label, each.status) for each in found.checks] == [
        ("disk on web-2", "critical"),
        ("queue", "warning"),
        ("disk on web-1", "ok"),
    ]
    assert found.health == "unhealthy"
    assert found.hosts == (
        HostView("web-2", "critical", NOW - 59.5, 1, 1),
        HostView("web-1", "ok", NOW - 59.5, 1),
    )


def test_a_host_whose_results_are_too_old_is_silent_while_another_is_heard(
    store: MemoryStore, registry: Registry, tmp_path: Path
) -> None:
    store.keep(run("disk", "critical", ago=600, host="web-2"))
    store.keep(run("disk", host="web-1"))
    store.keep(run("queue"))
    found = overview(registry, store, config(tmp_path, "web-1"), NOW)
    assert [each.label for each in found.checks] == ["disk on web-1", "queue"]
    assert found.health == "healthy"
    assert [(each.name, each.status) for each in found.hosts] == [
        ("web-2", "silent"),
        ("web-1", "ok"),
    ]


def test_where_no_host_is_heard_the_newest_result_is_unknown(
    store: MemoryStore, registry: Registry, tmp_path: Path
) -> None:
    store.keep(run("disk", ago=700, host="web-1"))
    store.keep(run("disk", ago=600, host="web-2"))
    found = overview(registry, store, config(tmp_path, "web-1"), NOW)
    assert [(each.label, each.status, each.overdue) for each in found.checks] == [
        ("disk on web-2", "unknown", True),
        ("queue", "unknown", False),
    ]


def test_a_host_of_which_nothing_was_heard_for_a_day_is_gone(
    store: MemoryStore, registry: Registry, tmp_path: Path
) -> None:
    store.keep(run("disk", ago=86_401, host="web-2"))
    store.keep(run("disk", host="web-1"))
    found = overview(registry, store, config(tmp_path, "web-1"), NOW)
    assert [each.name for each in found.hosts] == ["web-1"]


def test_the_past_of_a_hosts_check_is_its_own(
    store: MemoryStore, registry: Registry, tmp_path: Path
) -> None:
    for ago in (180.0, 120.0, 60.0):
        for host in ("web-1", "web-2"):
            store.keep(run("disk", ago=ago, host=host))
    found = overview(registry, store, config(tmp_path, "web-1"), NOW, most=2)
    for view in found.checks[1:]:
        assert [each.host for each in view.history] == [view.host] * len(view.history)
        assert [each.started for each in view.history][-2:] == [NOW - 120, NOW - 60]


def test_what_processes_tell_is_known_everywhere_and_counted_once(
    store: MemoryStore, registry: Registry, tmp_path: Path
) -> None:
    for host in ("web-1", "web-2"):
        write(config(tmp_path, host), "i", told(instance=host))
        hosts.carry(config(tmp_path, host), store, host, NOW - 3)
    for looking in ("elsewhere", "web-1"):
        found = overview(registry, store, config(tmp_path, looking), NOW)
        assert [(each.host, each.instance) for each in found.processes] == [
            ("web-1", "web-1"),
            ("web-2", "web-2"),
        ]
        assert [(each.name, each.processes) for each in found.hosts] == [("web-1", 1), ("web-2", 1)]
        assert found.problems == ()


def test_processes_of_another_environment_are_not_told_of(
    store: MemoryStore, registry: Registry, tmp_path: Path
) -> None:
    write(config(tmp_path, "web-1", "test"), "i", told())
    hosts.carry(config(tmp_path, "web-1", "test"), store, "web-1", NOW)
    assert overview(registry, store, config(tmp_path, "elsewhere"), NOW).processes == ()


def test_what_was_told_a_minute_ago_is_of_processes_that_may_be_gone(
    store: MemoryStore, registry: Registry, tmp_path: Path
) -> None:
    write(config(tmp_path, "web-1"), "i", told())
    hosts.carry(config(tmp_path, "web-1"), store, "web-1", NOW)
    found = overview(registry, store, config(tmp_path, "elsewhere"), NOW + 61)
    assert found.processes == ()


def test_what_a_host_tells_that_cannot_be_read_is_a_problem(
    store: MemoryStore, registry: Registry, tmp_path: Path
) -> None:
    store.hosts.tell("web-1", NOW, "[]")
    (problem, *_) = overview(registry, store, config(tmp_path, "elsewhere"), NOW).problems
    assert problem.startswith("what web-1 tells cannot be read: ")


def test_processes_that_do_not_fit_are_counted(
    store: MemoryStore, registry: Registry, tmp_path: Path
) -> None:
    here = config(tmp_path, "web-1")
    write(here, "a", told(started=NOW - 200))
    write(here, "b", told(release="x" * 1_100_000))
    hosts.carry(here, store, "web-1", NOW)
    found = overview(registry, store, config(tmp_path, "elsewhere"), NOW)
    assert len(found.processes) == 1
    assert found.problems == ("1 processes of web-1 are too many to be told of",)


def test_a_store_of_one_host_names_no_host(
    store: MemoryStore, registry: Registry, tmp_path: Path
) -> None:
    store.keep(run("disk"))
    alone = replace(config(tmp_path, "web-1", console=False), state_url="memory:")
    found = overview(registry, store, alone, NOW)
    assert [each.label for each in found.checks] == ["queue", "disk"]
    assert found.hosts == ()
