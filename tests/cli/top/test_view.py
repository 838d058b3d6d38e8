"""What `obskit top` shows of what is kept."""

from __future__ import annotations

from typing import Any

import click
import pytest
from tests.cli.host import kept

from obskit import Registry, above, job
from obskit.cli.top.view import lines
from obskit.state.memory import MemoryStore
from obskit.state.store import JobRun

NOW = 1_000_000.0


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def shown(registry: Registry, store: MemoryStore) -> list[str]:
    first, *others = lines(registry, store, "pipeline", NOW, 86_400.0)
    assert first == "pipeline  1970-01-12T13:46:40Z"
    return [click.unstyle(line) for line in others]


def keep(store: MemoryStore, check: str, *values: float, **given: Any) -> None:
    for number, value in enumerate(values):
        store.keep(kept(check, NOW - len(values) + number, value=value, **given))


def test_a_run_that_goes_on_is_a_bar(registry: Registry, store: MemoryStore) -> None:
    store.put_job(JobRun("a", "sync", NOW - 30, done=15, total=20, beat=NOW))
    assert shown(registry, store) == [
        "running        sync  ███████████████░░░░░ 75%, 15 of 20, for 30s; it has been running for 30s"
    ]


def test_a_run_that_follows_a_good_one_is_a_bar_too(registry: Registry, store: MemoryStore) -> None:
    store.put_job(JobRun("a", "sync", NOW - 90, "ok", finished=NOW - 60))
    store.put_job(JobRun("b", "sync", NOW - 30, done=1, total=4, beat=NOW))
    assert shown(registry, store) == [
        "running        sync  █████░░░░░░░░░░░░░░░ 25%, 1 of 4, for 30s; ok, 1m ago"
    ]


def test_a_job_that_is_late_says_so(registry: Registry, store: MemoryStore) -> None:
    job("sync", expect_every="1h", late_after="1m", registry=registry)
    store.put_job(JobRun("a", "sync", NOW - 7_200, "ok", finished=NOW - 7_190))
    (line,) = shown(registry, store)
    assert line == (
        "late           sync  expected until 1970-01-12T12:47:40Z, 59m ago;"
        " its last run, at 1970-01-12T11:46:40Z, was ok"
    )


def test_a_value_with_a_limit_is_a_gauge_with_what_is_left(
    registry: Registry, store: MemoryStore
) -> None:
    registry.add("calls", lambda: 0, every="1m", judge=above(warning=96, critical=120))
    keep(store, "calls", 90.0, unit="{call}")
    assert shown(registry, store) == [
        "OK        calls  ███████████████░░░░░ 90 call of 120 call, 30 call left"
    ]


def test_large_counts_are_written_whole(registry: Registry, store: MemoryStore) -> None:
    registry.add("rows", lambda: 0, every="1m", judge=above(critical=8_000_000))
    registry.add("users", lambda: 0, every="1m")
    store.put_job(JobRun("a", "sync", NOW - 30, done=1_200_001, total=4_800_004, beat=NOW))
    keep(store, "rows", 5_200_000.0, 3_200_000.0, unit="{row}")
    keep(store, "users", 1_000_001.0, 3_000_002.0)
    goes_on, rows, users = shown(registry, store)
    assert "25%, 1200001 of 4800004, for 30s;" in goes_on
    assert rows.endswith(" 3200000 row of 8000000 row, 4800000 row left  █▁  -2000000")
    assert users == "OK        users  3000002  ▁█  +2000001"


def test_a_value_beyond_its_limit_leaves_nothing(registry: Registry, store: MemoryStore) -> None:
    registry.add("calls", lambda: 0, every="1m", judge=above(critical=120))
    keep(
        store, "calls", 130.0, unit="{call}", status="critical", message="critical from 120 upward"
    )
    assert shown(registry, store) == [
        "CRITICAL  calls  ████████████████████ 130 call of 120 call, 0 call left  critical from 120 upward"
    ]


@pytest.mark.parametrize(
    ("unit", "value", "told"),
    [("By", 2_048.0, "2.0 KiB"), ("s", 90.0, "1m30s"), ("s", -5.0, "-5s"), ("%", 7.5, "7.5 %")],
)
def test_an_amount_is_told_in_its_unit(
    registry: Registry, store: MemoryStore, unit: str, value: float, told: str
) -> None:
    registry.add("amount", lambda: 0, every="1m")
    keep(store, "amount", value, unit=unit)
    assert shown(registry, store) == [f"OK        amount  {told}"]


def test_values_over_time_are_a_trend_and_a_change(registry: Registry, store: MemoryStore) -> None:
    registry.add("rows", lambda: 0, every="1m", unit="{row}")
    keep(store, "rows", 100.0, 50.0, 125.0, unit="{row}")
    assert shown(registry, store) == ["OK        rows  125 row  ▆▁█  +25"]


def test_what_needs_somebody_comes_first(registry: Registry, store: MemoryStore) -> None:
    for name in ("fine", "new", "broken"):
        registry.add(name, lambda: None, every="1m")
    keep(store, "broken", 1.0, status="critical", message="it is gone")
    store.keep(kept("fine", NOW))
    assert shown(registry, store) == [
        "CRITICAL  broken  1  it is gone",
        "UNKNOWN   new     it has not run yet",
        "OK        fine",
    ]
