"""What processes leave that do not live long enough to send it."""

from __future__ import annotations

from collections.abc import Callable

from obskit.capture import Capture
from obskit.declared import Declarations
from obskit.operations.inherited import inherit
from obskit.operations.job import job
from obskit.operations.surroundings import Surroundings
from obskit.state.memory import MemoryStore
from obskit.state.store import Count

Install = Callable[..., Surroundings]


def runs_counted(capture: Capture) -> list[float]:
    return [point["value"] for point in capture.metrics().get("obskit.job.runs", [])]


def test_a_short_lived_process_leaves_its_counts_to_a_resident_one(
    install: Install, store: MemoryStore, registry: Declarations, obskit_capture: Capture
) -> None:
    declared = job("import", registry=registry)
    for _ in range(2):  # two processes, one after the other
        install(store=store).leave_counts()
        with declared as run:
            run.count(rows=5)
    assert runs_counted(obskit_capture) == []

    resident = install(store=store)
    assert inherit(resident) == 2
    assert runs_counted(obskit_capture) == [2]
    (rows,) = obskit_capture.metrics()["obskit.job.counted"]
    assert rows["value"] == 10
    assert inherit(resident) == 0
    assert runs_counted(obskit_capture) == [2]


def test_a_resident_process_counts_at_once(
    install: Install, store: MemoryStore, registry: Declarations, obskit_capture: Capture
) -> None:
    install(store=store)
    with job("import", registry=registry):
        pass
    assert runs_counted(obskit_capture) == [1]
    assert store.take_counts() == []


def test_without_a_store_a_short_lived_process_sends_what_it_has_counted(
    install: Install, registry: Declarations, obskit_capture: Capture
) -> None:
    around = install()
    around.leave_counts()
    with job("import", registry=registry):
        pass
    assert runs_counted(obskit_capture) == [1]
    assert inherit(around) == 0


class Broken(MemoryStore):
    def add(self, count: Count) -> None:
        raise OSError("the disk is full")


def test_counts_that_cannot_be_left_are_sent(
    install: Install, registry: Declarations, obskit_capture: Capture
) -> None:
    install(store=Broken()).leave_counts()
    with job("import", registry=registry):
        pass
    assert runs_counted(obskit_capture) == [1]


def test_a_count_that_nobody_knows_is_told(
    install: Install, store: MemoryStore, obskit_capture: Capture
) -> None:
    store.add(Count("obskit.future.counter", {}, 7))
    assert inherit(install(store=store)) == 1
    assert obskit_capture.lines[-1]["event"] == (
        "nobody counts 'obskit.future.counter' here: 7 of it are lost"
    )
