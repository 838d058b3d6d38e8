"""`get_logger`: structlog's logger, with the pipeline behind it."""

from __future__ import annotations

import asyncio
import json
import logging
import logging.config
import re
from typing import Any

import pytest
import structlog
from tests.monsters import MONSTERS, Text, Trap
from tests.telemetry.lines import Installed

import obskit
from obskit.telemetry import levels, loggers


@pytest.fixture
def installed() -> Installed:
    logging.getLogger().setLevel(logging.DEBUG)
    return Installed()


LEVELS = [
    ("debug", 10),
    ("info", 20),
    ("msg", 20),
    ("warning", 30),
    ("warn", 30),
    ("error", 40),
    ("exception", 40),
    ("critical", 50),
    ("fatal", 50),
]


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_every_method_of_structlog_logs_at_its_level(
    installed: Installed, name: str, level: int
) -> None:
    log: Any = obskit.get_logger("shop")
    getattr(log, name)("order.placed", order_id=7)
    asyncio.run(getattr(log, f"a{name}")("order.shipped", order_id=8))
    told = [(each.level, each.logger, each.event, each.fields) for each in installed.lines.records]
    assert told == [
        (level, "shop", "order.placed", {"order_id": 7}),
        (level, "shop", "order.shipped", {"order_id": 8}),
    ]
    assert getattr(log, name).__name__ == name


@pytest.mark.parametrize(
    ("given", "level"), [(25, 25), (5, 5), ("WARNING", 30), ("nonsense", 20), (None, 20), (True, 20)]
)  # fmt: skip
def test_any_level_can_be_given(installed: Installed, given: Any, level: int) -> None:
    logging.getLogger().setLevel(1)
    log: Any = obskit.get_logger("shop")
    log.log(given, "x %d", 5, a=1)
    asyncio.run(log.alog(given, "y"))
    told = [(each.level, each.event, each.fields) for each in installed.lines.records]
    assert told == [(level, "x 5", {"a": 1}), (level, "y", {})]


def test_bound_fields_are_on_every_line_and_may_be_taken_off(installed: Installed) -> None:
    log = obskit.get_logger("shop", shop="a", token="secret")
    more = log.bind(order_id=7)
    more.info("x", shop="b")
    more.unbind("order_id").info("y")
    more.new(z=1).info("z")
    assert [each.fields for each in installed.lines.records] == [
        {"shop": "b", "token": "[redacted]", "order_id": 7},
        {"shop": "a", "token": "[redacted]"},
        {"z": 1},
    ]


def test_the_name_is_that_of_the_asking_module_unless_given(installed: Installed) -> None:
    obskit.get_logger().info("x")
    obskit.get_logger("shop.orders").info("y")
    assert [each.logger for each in installed.lines.records] == [__name__, "shop.orders"]


@pytest.mark.parametrize("name", ["structlogger", "obskit.telemetryx", None])
def test_a_module_of_any_name_may_ask(installed: Installed, name: str | None) -> None:
    code = compile("obskit.get_logger().info('x')", "module", "exec")
    exec(code, {"__name__": name, "obskit": obskit})
    assert installed.last.logger == (name or "root")


def test_structlog_itself_goes_the_same_way(installed: Installed) -> None:
    loggers.configure_structlog()
    structlog.get_logger().bind(a=1).info("x", b=2)
    structlog.get_logger("named", c=3).warning("y")
    told = [(each.logger, each.level, each.event, each.fields) for each in installed.lines.records]
    assert told == [(__name__, 20, "x", {"a": 1, "b": 2}), ("named", 30, "y", {"c": 3})]


def test_structlogs_own_context_is_on_the_lines(installed: Installed) -> None:
    structlog.contextvars.bind_contextvars(a=1, b=2)
    obskit.get_logger("shop").info("x", b=3)
    structlog.contextvars.clear_contextvars()
    obskit.get_logger("shop").info("y")
    assert [each.fields for each in installed.lines.records] == [{"a": 1, "b": 3}, {}]


def test_a_host_that_configured_structlog_keeps_it(installed: Installed) -> None:
    given: list[Any] = []

    def keep(_logger: Any, _method: str, event: Any) -> Any:
        given.append(event)
        raise structlog.DropEvent

    structlog.configure(processors=[keep])
    loggers.configure_structlog()
    structlog.get_logger().info("x")
    assert given == [{"event": "x"}]
    assert installed.lines.records == []


def rendered(_logger: Any, _method: str, event: Any) -> str:
    return f"host: {event['event']}"


@pytest.mark.parametrize(
    ("chosen", "written"),
    [
        ({"processors": [rendered]}, "host: x\n"),
        ({"logger_factory": structlog.PrintLoggerFactory()}, "[info     ] x"),
        ({"processors": [rendered], "wrapper_class": structlog.BoundLogger}, "host: x\n"),
    ],
    ids=["processors", "factory", "wrapper"],
)
def test_a_host_that_configures_structlog_after_us_has_what_it_chose(
    chosen: Any, written: str, installed: Installed, capsys: pytest.CaptureFixture[str]
) -> None:
    loggers.configure_structlog()
    structlog.configure(**chosen)
    structlog.get_logger().info("x")
    assert written in re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert installed.lines.records == []


@pytest.mark.parametrize(
    ("event", "args", "shown"),
    [
        ("%s of %d", ("two", 3), "two of 3"),
        ("%(a)s", ({"a": 1},), "1"),
        ("100%", (), "100%"),
        ("%d", ("text",), "%d ('text',) (not formatted: TypeError)"),
        ("nothing", (1, 2), "nothing (1, 2) (not formatted: TypeError)"),
        ("%s %s", ("one",), "%s %s ('one',) (not formatted: TypeError)"),
        (None, (1,), "None (1,) (not formatted: TypeError)"),
        ({"a": 1}, (1,), "{'a': 1} (1,) (not formatted: TypeError)"),
    ],
)
def test_wrong_arguments_cost_no_line(
    installed: Installed, event: Any, args: tuple[object, ...], shown: str
) -> None:
    obskit.get_logger("shop").info(event, *args)
    assert installed.last.event == shown


def test_every_name_can_be_a_field(installed: Installed) -> None:
    names = ("self", "level", "logger", "name", "args", "fields", "method_name", "error")
    obskit.get_logger("shop").info("x", **dict.fromkeys(names, 1))
    assert installed.last.fields == dict.fromkeys(names, 1)


def test_the_event_may_be_given_by_name_and_else_is_a_field(installed: Installed) -> None:
    log: Any = obskit.get_logger("shop")
    log.info(event="x")
    log.info("y", event="z")
    assert [(each.event, each.fields) for each in installed.lines.records] == [
        ("x", {}),
        ("y", {"event": "z"}),
    ]


@pytest.mark.parametrize("name", MONSTERS)
def test_no_argument_makes_it_raise(installed: Installed, name: str) -> None:
    make: Any = MONSTERS[name]
    log: Any = obskit.get_logger("shop").bind(bound=make())
    log.info(make(), make(), field=make())
    log.info("%s", make())
    log.info("x", exc_info=make(), stack_info=make())
    log.info("x", **{Text("key"): make()})
    assert len(installed.lines.records) == 4
    log.log(make(), "x")
    assert installed.dropped() == {}


def raised() -> ValueError:
    try:
        raise ValueError("no")
    except ValueError as error:
        return error


def test_the_exception_at_hand_is_told(installed: Installed) -> None:
    log = obskit.get_logger("shop")

    async def in_a_task() -> None:
        try:
            raise KeyError("b")
        except KeyError:
            await log.aexception("y")

    try:
        raise KeyError("a")
    except KeyError:
        log.exception("x")
        log.info("without")
        log.exception("also without", exc_info=False)  # noqa: LOG007
    asyncio.run(in_a_task())
    log.warning("z", exc_info=raised())
    log.bind(exc_info=raised()).info("bound")
    told = [each.failure and each.failure.message for each in installed.lines.records]
    assert told == ["'a'", None, None, "'b'", "no", "no"]
    assert installed.lines.records[0].fields == {}


def test_the_stack_is_told_when_asked_for(installed: Installed) -> None:
    log = obskit.get_logger("shop")
    log.info("x", stack_info=True)
    log.info("y", stack_info=False)
    stack = str(installed.lines.records[0].fields["stack"])
    assert stack.rstrip().endswith('log.info("x", stack_info=True)')
    assert installed.lines.records[1].fields == {}


def test_levels_are_those_of_logging_and_change_live(installed: Installed) -> None:
    log: Any = obskit.get_logger("shop.orders")
    levels.set_level("shop", "error")
    log.warning("hidden")
    assert (log.is_enabled_for(30), log.get_effective_level()) == (False, 40)
    levels.set_level("shop.orders", "debug")
    log.debug("shown")
    assert (log.is_enabled_for(10), log.get_effective_level()) == (True, 10)
    assert installed.lines.events == ["shown"]


def test_logging_disabled_for_all_disables_ours_too(installed: Installed) -> None:
    log: Any = obskit.get_logger("shop")
    logging.disable(logging.CRITICAL)
    log.critical("hidden")
    assert log.get_effective_level() == 60
    logging.disable(logging.NOTSET)
    log.critical("shown")
    assert installed.lines.events == ["shown"]


def test_a_dict_config_that_disables_all_loggers_does_not_silence_ours(
    installed: Installed,
) -> None:
    log = obskit.get_logger("shop")
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": True})
    assert logging.getLogger("shop").disabled
    log.info("shown")
    levels.set_level("shop", "warning")
    log.info("hidden")
    assert installed.lines.events == ["shown"]


def test_before_init_lines_are_on_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    log = obskit.get_logger("shop")
    log.info("early", a=1)
    log.debug("hidden")
    out, err = capsys.readouterr()
    assert out == ""
    assert [json.loads(line)["event"] for line in err.splitlines()] == ["early"]


def test_installing_a_pipeline_gives_back_the_one_before() -> None:
    first, second = Installed(), Installed()
    assert loggers.active() is second.pipeline
    assert loggers.install(first.pipeline) is second.pipeline
    assert loggers.install(None) is first.pipeline
    assert loggers.install(None) is None


def test_a_repr_that_raises_and_a_level_that_hides_it_are_no_work(installed: Installed) -> None:
    class Counted:
        shown = 0

        def __repr__(self) -> str:
            Counted.shown += 1
            raise Trap

    levels.set_level("shop", "info")
    obskit.get_logger("shop").debug("%s", Counted(), field=Counted())
    assert Counted.shown == 0
