"""A host that sets up `logging` itself: every record on the console once, and nothing of it lost."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console as RichConsole
from rich.logging import RichHandler
from werkzeug._internal import _log as werkzeug_log

import obskit
from obskit.ledger import Ledger
from obskit.telemetry import loggers, stdlib
from obskit.telemetry.console import Console
from obskit.telemetry.pipeline import Pipeline

Capsys = pytest.CaptureFixture[str]


def listen() -> None:
    # Called by each test, because pytest puts handlers of its own there just before.
    logging.getLogger().handlers.clear()
    loggers.install(Pipeline([Console("json", "stderr", 65_536)], Ledger()))
    stdlib.listen("INFO", {})


def shown(capsys: Capsys) -> list[str]:
    """What stands on the console: the event of our lines, and others as they are."""
    out, err = capsys.readouterr()
    return [
        json.loads(line)["event"] if line.startswith("{") else line
        for line in (out + err).splitlines()
    ]


def test_without_handlers_of_the_host_every_line_is_ours(capsys: Capsys) -> None:
    listen()
    logging.getLogger("host").info("a")
    logging.warning("b")  # noqa: LOG015
    werkzeug_log("info", "c")
    obskit.get_logger("host").info("d")
    assert shown(capsys) == ["a", "b", "c", "d"]
    assert logging.getLogger("werkzeug").handlers == []


def handlers_to(stream: Any, **options: Any) -> dict[str, Any]:
    handler = {"class": "logging.StreamHandler", "stream": stream, "formatter": "f", **options}
    return {
        "version": 1,
        "formatters": {"f": {"format": "host: %(message)s"}},
        "handlers": {"h": handler},
        "root": {"handlers": ["h"], "level": "INFO"},
    }


@pytest.mark.parametrize("stream", ["ext://sys.stderr", "ext://sys.stdout"])
@pytest.mark.parametrize("disable", [True, False])
def test_a_dict_config_after_init_neither_doubles_nor_silences_a_line(
    capsys: Capsys, stream: str, disable: bool
) -> None:
    listen()
    ours, theirs = obskit.get_logger("ours"), logging.getLogger("theirs")
    logging.config.dictConfig(handlers_to(stream) | {"disable_existing_loggers": disable})
    ours.info("a")
    theirs.info("b")
    logging.getLogger(f"new.{stream}.{disable}").info("c")
    expected = ["a", "host: c"] if disable else ["a", "host: b", "host: c"]
    assert sorted(shown(capsys)) == expected


def test_a_dict_config_without_a_root_leaves_no_last_resort_to_print(capsys: Capsys) -> None:
    listen()
    logging.config.dictConfig({"version": 1, "root": {}, "disable_existing_loggers": False})
    logging.getLogger("host").warning("a")
    logging.getLogger("alone").propagate = False
    logging.getLogger("alone").warning("b")
    assert shown(capsys) == ["a", "b"]


def test_a_file_of_the_hosts_is_written_and_the_console_too(capsys: Capsys, tmp_path: Path) -> None:
    listen()
    logging.getLogger().addHandler(logging.FileHandler(tmp_path / "host.log"))
    logging.getLogger("host").info("a")
    assert shown(capsys) == ["a"]
    assert (tmp_path / "host.log").read_text() == "a\n"
    logging.getLogger().handlers[-1].close()


def test_a_basic_config_after_init_does_what_the_host_means(capsys: Capsys, tmp_path: Path) -> None:
    listen()
    logging.basicConfig(filename=tmp_path / "host.log", level=logging.DEBUG, format="%(message)s")
    logging.getLogger("host").debug("a")
    assert shown(capsys) == ["a"]
    assert (tmp_path / "host.log").read_text() == "a\n"
    assert stdlib._listener in logging.getLogger().handlers
    logging.basicConfig(level=logging.WARNING)  # does nothing, as ever: there is a handler
    logging.getLogger("host").info("b")
    assert shown(capsys) == ["b"]
    logging.basicConfig(force=True, stream=sys.stdout, format="host: %(message)s")
    logging.getLogger("host").info("c")
    assert shown(capsys) == ["host: c"]


def test_a_basic_config_that_raises_leaves_ours_in_place() -> None:
    listen()
    with pytest.raises(ValueError, match="Unrecognised"):
        logging.basicConfig(no_such_option=1)  # type: ignore[call-overload]
    assert stdlib._listener in logging.getLogger().handlers


def test_after_the_end_basic_config_is_pythons_own(capsys: Capsys) -> None:
    listen()
    basic_config = logging.basicConfig
    stdlib.stop()
    basic_config(format="host: %(message)s")
    logging.getLogger("host").warning("a")
    assert shown(capsys) == ["host: a"]
    assert stdlib._listener not in logging.getLogger().handlers


def test_only_a_handler_that_takes_the_record_counts(capsys: Capsys) -> None:
    listen()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("host: %(message)s"))
    handler.setLevel(logging.ERROR)
    logger = logging.getLogger("host.some")
    logger.addHandler(handler)
    logger.warning("a")
    logger.error("b")
    handler.addFilter(lambda record: record.msg != "c")  # as Django's, which only debugging opens
    logger.error("c")
    logger.error("d")
    logging.getLogger("host.other").error("e")
    assert shown(capsys) == ["a", "host: b", "c", "host: d", "e"]


def test_handlers_above_a_logger_that_does_not_propagate_do_not_count(capsys: Capsys) -> None:
    listen()
    logging.getLogger().addHandler(logging.StreamHandler(sys.stderr))
    logging.getLogger("host.alone").propagate = False
    logging.getLogger("host.alone").info("a")
    logging.getLogger("host.alone.below").info("b")
    assert shown(capsys) == ["a", "b"]


def test_richs_handler_counts_where_it_writes_to_the_console(capsys: Capsys) -> None:
    listen()
    logger, elsewhere = logging.getLogger("host.rich"), logging.getLogger("host.elsewhere")
    logger.addHandler(RichHandler(console=RichConsole(file=sys.stderr, width=200)))
    elsewhere.addHandler(RichHandler(console=RichConsole(file=io.StringIO())))
    logger.info("a rich line")
    elsewhere.info("b")
    lines = shown(capsys)
    assert len(lines) == 2
    assert "a rich line" in lines[0]
    assert lines[1] == "b"


def test_the_console_under_the_name_of_a_file_counts(capsys: Capsys) -> None:
    listen()

    class Device(io.StringIO):
        name = "/dev/stdout"

    logging.getLogger("host").addHandler(logging.StreamHandler(Device()))
    logging.getLogger("host").info("a")
    assert shown(capsys) == []


class Hostile(io.StringIO):
    def __eq__(self, _: object) -> bool:
        raise RuntimeError

    __hash__ = io.StringIO.__hash__


def test_a_handler_that_cannot_be_asked_costs_no_line(capsys: Capsys) -> None:
    listen()
    stream = Hostile()
    logging.getLogger("host").addHandler(logging.StreamHandler(stream))
    logging.getLogger("host").info("a")
    assert shown(capsys) == ["a"]
    assert stream.getvalue() == "a\n"


def test_a_stream_that_logs_what_is_written_to_it_ends(
    capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    listen()

    class ToLogging:
        written = 0

        def write(self, text: str) -> None:
            self.written += 1
            logging.getLogger("stderr").info(text)

    stream = ToLogging()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        logging.getLogger("host").info("a")
    assert stream.written == 1
