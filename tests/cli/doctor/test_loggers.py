"""What keeps lines back before they are written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.doctor.conftest import Doctor
from tests.cli.host import CHECKS, Host

from obskit.telemetry import levels


@pytest.fixture
def log(app: Host, doctor: Doctor, tmp_path: Path) -> None:
    """A log file that was written to just now."""
    (tmp_path / "log" / "app.log").write_text("{}\n")


def of_app(host: Host, code: str) -> tuple[list[str], int]:
    """What is told of the loggers of an app, which has done something to `logging`."""
    host.write("", before=f"import logging, logging.config\n{code}{CHECKS}")
    done = host.process("doctor", "logs")
    found = [line for line in done.stdout.splitlines() if "no file is written" not in line]
    return found, done.returncode


def test_a_level_that_hides_lines_is_found(log: None, doctor: Doctor) -> None:
    found = doctor("logs", OBSKIT_LOG_LEVEL="ERROR")
    assert "lines below ERROR are not written: set OBSKIT_LOG_LEVEL=INFO" in found.output
    assert found.exit_code == 1


def test_a_level_hides_lines_that_leave_over_otlp_too(app: Host, doctor: Doctor) -> None:
    environ = {"OBSKIT_LOG_FOLDER": None, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318"}
    found = doctor("logs", OBSKIT_LOG_LEVEL="WARNING", **environ)
    assert "lines below WARNING are not written: set OBSKIT_LOG_LEVEL=INFO" in found.output


@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
def test_a_level_that_lets_info_pass_is_well(log: None, doctor: Doctor, level: str) -> None:
    found = doctor("logs", OBSKIT_LOG_LEVEL=level)
    assert (found.exit_code, "not written" in found.output) == (0, False)


def test_the_level_of_a_logger_is_told(log: None, doctor: Doctor) -> None:
    found = doctor("logs", OBSKIT_LOG_LEVELS="sqlalchemy.engine=ERROR")
    assert (
        "OK      logs          lines of sqlalchemy.engine are written from ERROR on" in found.output
    )
    assert found.exit_code == 0


def test_a_level_that_somebody_changed_in_all_processes_is_found(
    log: None, doctor: Doctor, tmp_path: Path
) -> None:
    folder = tmp_path / "run" / "obskit" / "shop"
    folder.mkdir(parents=True)
    levels.write(folder, "root", "CRITICAL")
    levels.write(folder, "shop.orders", "ERROR")
    environ = {"OBSKIT_RUN_DIR": str(tmp_path / "run"), "OTEL_SERVICE_NAME": "shop"}
    found = doctor("logs", **environ)
    assert (
        "FAILED  logs          lines below CRITICAL are not written: somebody changed the level in all"
        " processes: change it back: obskit status --set-level root=INFO"
    ) in found.output
    assert "lines of shop.orders are written from ERROR on" in found.output
    levels.write(folder, "root", "INFO")
    assert "not written" not in doctor("logs", OBSKIT_LOG_LEVEL="ERROR", **environ).output


@pytest.mark.parametrize("written", ["[7]", "7", "{", json.dumps({"root": None})])
def test_what_else_stands_in_place_of_levels_fails_nothing(
    log: None, doctor: Doctor, tmp_path: Path, written: str
) -> None:
    folder = tmp_path / "run" / "obskit" / "shop"
    folder.mkdir(parents=True)
    (folder / "levels.json").write_text(written)
    environ = {"OBSKIT_RUN_DIR": str(tmp_path / "run"), "OTEL_SERVICE_NAME": "shop"}
    assert "a mistake of obskit's" not in doctor("logs", **environ).output


def test_an_app_that_switches_logging_off_is_found(host: Host) -> None:
    lines, code = of_app(host, "logging.disable(logging.ERROR)")
    assert lines == [
        (
            "FAILED  logs          logging.disable(ERROR) is in force: no line of that level or below is"
            " written, whoever writes it: take that call out of the app, or out of what it imports"
        )
    ]
    assert code == 1


def test_what_is_switched_off_below_info_hides_little(host: Host) -> None:
    assert of_app(host, "logging.disable(logging.DEBUG)") == ([], 0)


def test_a_root_logger_that_the_app_makes_quiet_is_found(host: Host) -> None:
    lines, code = of_app(host, "logging.basicConfig(level='ERROR')")
    assert lines == [
        (
            "FAILED  logs          lines below ERROR are not written: the app sets the root logger to"
            " ERROR: set it to INFO there, or OBSKIT_LOG_LEVEL=INFO"
        )
    ]
    assert code == 1


def test_a_root_logger_with_handlers_and_no_level_is_a_warning(host: Host) -> None:
    lines, code = of_app(host, "logging.basicConfig()")
    assert lines == [
        (
            "WARNING logs          lines of logging below WARNING are not written: the app gives the root"
            " logger handlers and no level: set OBSKIT_LOG_LEVEL=INFO"
        )
    ]
    assert code == 0


def test_loggers_that_a_dict_config_disabled_are_named(host: Host) -> None:
    made = "".join(f"logging.getLogger('shop.{name}')\n" for name in "abcdefg")
    lines, code = of_app(host, f"{made}logging.config.dictConfig({{'version': 1}})")
    assert "WARNING logs          lines of logging are switched off for " in lines[0]
    assert lines[0].endswith(
        "name them in the app's dictConfig, or give it disable_existing_loggers: False"
    )
    assert code == 0


def test_a_filter_that_refuses_a_plain_line_is_named(host: Host) -> None:
    code = """
logging.getLogger("shop.orders").addFilter(lambda record: record.levelno > logging.ERROR)
logging.getLogger("shop.bills").addFilter(lambda record: record.bill > 0)
logging.getLogger("shop.goods").addFilter(lambda record: True)
"""
    lines, exit_code = of_app(host, code)
    assert lines == [
        (
            "WARNING logs          a filter of the logger shop.bills fails on a plain line, AttributeError:"
            " 'LogRecord' object has no attribute 'bill': lines that it refuses are written nowhere: take"
            " it out, or put it on a handler"
        ),
        (
            "WARNING logs          a filter of the logger shop.orders refuses a plain line: lines that it"
            " refuses are written nowhere: take it out, or put it on a handler"
        ),
    ]
    assert exit_code == 0
