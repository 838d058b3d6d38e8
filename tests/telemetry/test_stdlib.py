"""Lines of `logging`, read as they leave their loggers."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from opentelemetry import context as otel_context
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY
from tests.monsters import MONSTERS
from tests.telemetry.lines import Installed

from obskit.telemetry import stdlib


def reading() -> Installed:
    # Called by each test, because pytest puts handlers of its own there just before.
    logging.getLogger().handlers.clear()
    stdlib.listen("DEBUG", {})
    return Installed()


def test_a_line_of_logging_is_told_like_ours() -> None:
    installed = reading()
    before = time.time()
    logging.getLogger("host.orders").warning(
        "placed %s", "order", extra={"order_id": 7, "token": "secret"}
    )
    record = installed.last
    assert (record.logger, record.level, record.event) == ("host.orders", 30, "placed order")
    assert record.fields == {"order_id": 7, "token": "[redacted]"}
    assert before <= record.timestamp <= time.time()
    assert record.failure is None
    assert record.to_backend
    assert len(installed.lines.records) == 1


def test_its_exception_and_stack_are_told_too() -> None:
    installed = reading()
    log = logging.getLogger("host")
    try:
        raise KeyError("row")
    except KeyError:
        log.exception("failed")
    log.info("where", stack_info=True)
    failure = installed.lines.records[0].failure
    assert failure is not None
    assert (failure.type, failure.message) == ("KeyError", "'row'")
    assert "log.info(" in str(installed.last.fields["stack"])


@pytest.mark.parametrize(
    ("message", "args", "shown"),
    [
        ("%d", ("text",), "'%d' ('text',) (not formatted: TypeError)"),
        ("%s %s", ("one",), "'%s %s' ('one',) (not formatted: TypeError)"),
        ({"a": 1}, (), "{'a': 1}"),
        (ValueError("x"), (), "x"),
        (None, (), "None"),
    ],
)
def test_logging_misused_yields_a_line(message: Any, args: tuple[object, ...], shown: str) -> None:
    installed = reading()
    logging.getLogger("host").info(message, *args)
    assert installed.last.event == shown


def test_sqlalchemys_lines_are_read() -> None:
    installed = reading()
    logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("select 41 + 1"))
    engine.dispose()
    logging.getLogger("sqlalchemy.engine").setLevel(logging.NOTSET)
    told = [each for each in installed.lines.records if each.logger == "sqlalchemy.engine.Engine"]
    assert "select 41 + 1" in [each.event for each in told]


@pytest.mark.parametrize("name", MONSTERS)
def test_no_record_makes_it_raise(name: str) -> None:
    installed = reading()
    make: Any = MONSTERS[name]
    attributes = ("msg", "args", "name", "created", "exc_info", "stack_info", "own")
    for attribute in attributes:
        record = logging.LogRecord("host", 20, "", 1, "x", (), None)
        vars(record)[attribute] = make()
        logging.getLogger("host").callHandlers(record)
    counted = installed.ledger.snapshot()["logs"]["accepted"]
    assert isinstance(counted, int)
    assert len(installed.lines.records) + counted == len(attributes)


def test_a_level_that_is_no_whole_number_counts_as_info() -> None:
    installed = reading()
    logging.getLogger("host").handle(logging.makeLogRecord({"msg": "x", "levelno": 35.5}))
    assert installed.last.level == 20


def test_a_record_that_cannot_be_read_still_reaches_the_hosts_handlers() -> None:
    installed = reading()

    class Unreadable(logging.LogRecord):
        @property
        def stack_info(self) -> str:
            raise RuntimeError

        @stack_info.setter
        def stack_info(self, _: object) -> None: ...

    class Keeps(logging.Handler):
        kept: list[logging.LogRecord] = []  # noqa: RUF012

        def emit(self, record: logging.LogRecord) -> None:
            self.kept.append(record)

    logger = logging.getLogger("host.own")
    logger.addHandler(Keeps())
    record = Unreadable("host.own", 20, "", 1, "x", (), None)
    logger.handle(record)
    assert Keeps.kept == [record]
    assert installed.dropped() == {"record_not_readable": 1}


@pytest.mark.parametrize(
    ("name", "leaves"),
    [
        ("opentelemetry", False),
        ("opentelemetry.sdk.trace", False),
        ("grpc._channel", False),
        ("grpcservice", True),
        ("opentelemetry_demo", True),
        ("requests.sessions", True),
        ("urllib3.connectionpool", True),
    ],
)
def test_lines_of_the_export_path_do_not_leave_by_it(name: str, leaves: bool) -> None:
    installed = reading()
    logging.getLogger(name).critical("x")
    assert installed.last.to_backend is leaves
    assert installed.last.on_console


def test_nothing_leaves_that_is_logged_while_exporting() -> None:
    installed = reading()
    token = otel_context.attach(otel_context.set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
    logging.getLogger("urllib3").info("x")
    otel_context.detach(token)
    thread = threading.Thread(
        target=lambda: logging.getLogger("urllib3").info("y"), name="sentry-sdk.BackgroundWorker"
    )
    thread.start()
    thread.join()
    assert [(each.event, each.to_backend) for each in installed.lines.records] == [
        ("x", False),
        ("y", False),
    ]


@pytest.mark.parametrize(
    ("given", "host_level", "host_handles", "level"),
    [
        ("ERROR", 30, False, 40),
        (None, 30, False, 20),
        (None, 30, True, 30),
        (None, 10, False, 10),
        ("DEBUG", 30, True, 10),
    ],
)
def test_the_root_level_is_the_given_one_or_the_hosts_or_info(
    given: str | None, host_level: int, host_handles: bool, level: int
) -> None:
    root = logging.getLogger()
    root.handlers[:] = [logging.NullHandler()] if host_handles else []
    root.setLevel(host_level)
    stdlib.listen(given, {"host.loud": "DEBUG", "host.quiet": "CRITICAL"})
    assert root.level == level
    assert logging.getLogger("host.loud").level == 10
    assert logging.getLogger("host.quiet").level == 50


def test_listening_twice_reads_each_line_once() -> None:
    installed = reading()
    stdlib.listen("DEBUG", {})
    logging.getLogger("host").info("x")
    assert installed.lines.events == ["x"]
    assert logging.getLogger().handlers.count(stdlib._listener) == 1


def test_after_the_end_logging_is_as_it_was(tmp_path: Path) -> None:
    root, quiet = logging.getLogger(), logging.getLogger("host.quiet")
    root.setLevel(logging.WARNING)
    before = _state()
    stdlib.listen("DEBUG", {"host.quiet": "CRITICAL"})
    assert _state() != before
    stdlib.stop()
    assert _state() == before
    assert (root.level, quiet.level) == (30, 0)
    installed = Installed()
    quiet.warning("x")
    assert installed.lines.events == []
    stdlib.stop()
    assert _state() == before


def _state() -> tuple[Any, ...]:
    return (
        logging.Logger.callHandlers,
        logging.basicConfig,
        logging.lastResort,
        list(logging.getLogger().handlers),
    )


def patched(calls: list[str], name: str) -> Any:
    """As an integration of Sentry does it: whatever stands there is called as well."""
    before = logging.Logger.callHandlers

    def call_handlers(self: logging.Logger, record: logging.LogRecord) -> None:
        calls.append(name)
        before(self, record)

    logging.Logger.callHandlers = call_handlers  # type: ignore[method-assign]
    return call_handlers


def test_what_others_put_in_the_same_place_stays_there() -> None:
    calls: list[str] = []
    first = patched(calls, "before")
    stdlib.listen("DEBUG", {})
    installed = Installed()
    second = patched(calls, "after")
    logging.getLogger("host").info("x")
    assert calls == ["after", "before"]
    stdlib.stop()
    assert logging.Logger.callHandlers is second
    logging.getLogger("host").warning("not read")
    assert calls == ["after", "before"] * 2
    stdlib.listen("DEBUG", {})
    logging.getLogger("host").info("y")
    assert calls == ["after", "before"] * 3
    assert installed.lines.events == ["x", "y"]
    assert first is not second


def test_a_hook_of_ours_that_somebody_put_back_does_not_call_itself() -> None:
    stdlib.listen("DEBUG", {})
    ours = logging.Logger.callHandlers
    stdlib.stop()
    logging.Logger.callHandlers = ours  # type: ignore[method-assign]
    stdlib.listen("DEBUG", {})
    installed = Installed()
    logging.getLogger("host").info("x")
    assert installed.lines.events == ["x"]


def test_a_hook_of_ours_within_one_that_somebody_put_back_is_no_circle() -> None:
    calls: list[str] = []
    stdlib.listen("DEBUG", {})
    ours = logging.Logger.callHandlers
    around = patched(calls, "around")
    logging.Logger.callHandlers = ours  # type: ignore[method-assign]
    stdlib.stop()
    logging.Logger.callHandlers = around  # type: ignore[method-assign]
    stdlib.listen("DEBUG", {})
    installed = Installed()
    logging.getLogger("host").info("x")
    assert (installed.lines.events, calls) == (["x"], ["around"])
