"""How late the event loop is, and what blocks it."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from obskit.ledger import Ledger
from obskit.telemetry.event_loop import EventLoop, _place
from obskit.telemetry.pipeline import Pipeline, Record


class Told:
    """Takes lines, and lets others wait for the first."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.first = threading.Event()

    def write(self, record: Record) -> None:
        self.records.append(record)
        self.first.set()


@pytest.fixture
def told() -> Told:
    return Told()


def watched(
    told: Told, work: Callable[[EventLoop], Any], *, reader: InMemoryMetricReader | None = None
) -> None:
    provider = MeterProvider([reader] if reader else [], shutdown_on_exit=False)
    event_loop = EventLoop(provider.get_meter("test"), Pipeline([told], Ledger()))

    async def serve() -> None:
        event_loop.watch(asyncio.get_running_loop())
        result = work(event_loop)
        if result is not None:
            await result

    asyncio.run(serve())
    thread = event_loop._thread
    assert thread is not None
    thread.join(30)
    assert not thread.is_alive()


def test_what_blocks_the_loop_is_named_while_it_does(told: Told) -> None:
    def block(_: EventLoop) -> None:
        told.first.wait(30)

    watched(told, block)
    (record,) = told.records
    assert record.level_name == "warning"
    # Python 3.10 does not know what a function is within.
    assert str(record.fields["code.function.name"]).startswith(__name__)
    assert str(record.fields["code.function.name"]).endswith(".block")
    assert record.fields["code.file.path"] == __file__
    assert record.event.endswith(
        " blocks the event loop: every request waits for it."
        " Await instead, or call it by asyncio.to_thread"
    )


def test_a_function_that_blocks_it_again_is_not_named_again_at_once(told: Told) -> None:
    def block(event_loop: EventLoop) -> None:
        told.first.wait(30)
        again = threading.Thread(target=event_loop._tell, args=(threading.get_ident(),))
        again.start()
        again.join()

    watched(told, block)
    assert len(told.records) == 1


def test_a_loop_that_waits_is_no_blocked_one() -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    deadline = monotonic() + 30
    try:
        while _place(sys._current_frames().get(thread.ident or 0)) is not None:
            assert monotonic() < deadline
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_how_late_the_loop_is_is_measured(told: Told) -> None:
    reader = InMemoryMetricReader()

    async def until_measured(_: EventLoop) -> None:
        while reader.get_metrics_data() is None:  # noqa: ASYNC110 - the loop must go on meanwhile
            await asyncio.sleep(0.01)

    watched(told, until_measured, reader=reader)
    data = reader.get_metrics_data()
    assert data is not None
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    assert (metric.name, metric.unit) == ("obskit.event_loop.lag", "s")


def test_a_loop_is_watched_by_one_thread_however_often_it_is_asked_for(told: Told) -> None:
    def twice(event_loop: EventLoop) -> None:
        first = event_loop._thread
        event_loop.watch(asyncio.get_running_loop())
        assert event_loop._thread is first

    watched(told, twice)
