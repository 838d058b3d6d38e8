"""The shop is broken from outside, in many ways, and mended: who is told what, when, how often."""

from __future__ import annotations

import pytest

from .faulty.run import carried_out
from .faulty.told import Run

pytestmark = pytest.mark.timeout(900)  # everything is broken, and mended, before the first of them

NAMES = (
    "job never ran",
    "workers killed again and again",
    "rules out of date",
    "app killed",
    "worker killed",
    "collector killed",
    "telemetry dropped",
    "slow route",
    "no traffic",
    "burst of errors",
    "explosion of labels",
    "operation fails",
    "budget used up",
    "job late",
    "job fails",
    "job takes too long",
    "flapping",
    "database locked, 12 checks depend on it",
    "database down",
    "certificate expired",
    "disk full",
    "nothing synchronised",
    "check hung",
    "pattern in a log",
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Everything is broken, and mended, once."""
    made = carried_out(tmp_path_factory.mktemp("faults"))
    print(made)
    return made


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_is_told_once_and_so_is_its_end(run: Run, name: str) -> None:
    told = run.told[name]
    assert (told.messages, told.endings) == (1, 1)


def test_no_fault_goes_untried(run: Run) -> None:
    assert run.told.keys() == set(NAMES)


def test_nothing_else_is_told(run: Run) -> None:
    assert run.others == []


def test_while_nothing_is_broken_nothing_is_told_but_the_watchdog(run: Run) -> None:
    assert run.before == []
    assert set(run.beats) == {"Watchdog"}


def test_the_watchdog_goes_on_all_the_time_and_nothing_else_goes_its_way(run: Run) -> None:
    assert set(run.watchdog) == {"Watchdog"}
    assert len(run.watchdog) >= len(run.beats) + 10
