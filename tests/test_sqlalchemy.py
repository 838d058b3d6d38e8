"""Queries of SQLAlchemy's engines: how long they take, and which are slow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from obskit.capture import Capture

pytest.importorskip("sqlalchemy")

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError

from obskit.sqlalchemy import observe

DURATION = "db.client.operation.duration"


@pytest.fixture
def engine(obskit_capture: Capture) -> Iterator[Engine]:
    """One whose queries may ask to take a while, by the clock that stands still."""
    made = create_engine("sqlite://")

    @event.listens_for(made, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.create_function("wait", 1, obskit_capture.clock.advance)

    yield made
    made.dispose()


def ask(engine: Engine, query: str, **values: object) -> None:
    with engine.connect() as connection:
        connection.execute(text(query), values)


@pytest.mark.parametrize(("seconds", "told"), [(0.5, ["db.query.slow"]), (0.25, [])])
def test_a_slow_query_is_a_line(
    seconds: float, told: list[str], engine: Engine, obskit_capture: Capture
) -> None:
    ask(observe(engine), "SELECT wait(:seconds)", seconds=seconds)
    assert [line["event"] for line in obskit_capture.lines] == told


def test_the_line_tells_the_statement_without_its_values(
    engine: Engine, obskit_capture: Capture
) -> None:
    ask(observe(engine, slow="1s"), "SELECT wait(2), 'hunter2'")
    (line,) = obskit_capture.lines
    assert (line["level"], line["logger"]) == ("warning", "obskit.sqlalchemy")
    assert (line["db.query.text"], line[DURATION]) == ("SELECT wait(?), ?", 2.0)


def test_each_query_is_measured_by_what_it_does_and_where(
    engine: Engine, obskit_capture: Capture
) -> None:
    ask(observe(engine), "SELECT wait(0.125) FROM sqlite_master")
    (point,) = obskit_capture.metrics()[DURATION]
    assert point == {
        "attributes": {
            "db.system.name": "sqlite",
            "db.operation.name": "SELECT",
            "db.collection.name": "sqlite_master",
        },
        "count": 1,
        "sum": 0.0,
    }


def test_a_query_that_fails_is_measured_with_its_error_which_goes_on(
    engine: Engine, obskit_capture: Capture
) -> None:
    observe(engine)
    with pytest.raises(OperationalError, match="no such table: baskets"):
        ask(engine, "SELECT a FROM baskets")
    (point,) = obskit_capture.metrics()[DURATION]
    assert point["attributes"]["error.type"] == "sqlite3.OperationalError"
    assert point["count"] == 1


def test_an_engine_that_is_observed_twice_tells_once(
    engine: Engine, obskit_capture: Capture
) -> None:
    ask(observe(observe(engine)), "SELECT wait(1)")
    assert len(obskit_capture.lines) == 1
    (point,) = obskit_capture.metrics()[DURATION]
    assert (point["count"], point["sum"]) == (1, 1.0)


def test_an_async_engine_is_observed_by_the_engine_within(
    engine: Engine, obskit_capture: Capture
) -> None:
    class Async:
        sync_engine = engine

    outer = Async()
    assert observe(outer) is outer
    ask(engine, "SELECT wait(1)")
    assert [line["event"] for line in obskit_capture.lines] == ["db.query.slow"]


def test_without_init_queries_are_as_ever() -> None:
    engine = observe(create_engine("sqlite://"), slow="1ms")
    ask(engine, "SELECT 1")
    engine.dispose()


def test_a_limit_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="soon"):
        observe(create_engine("sqlite://"), slow="soon")
