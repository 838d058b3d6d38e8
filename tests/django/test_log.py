"""A host's own `LOGGING`, extended."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from logging.config import dictConfig
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import pytest
from django.test import Client

import obskit
from obskit.capture import Capture
from obskit.django.log import Formatter, Ids


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Path]:
    """The file that the host writes, as the module's docstring shows it; and a plain one beside it."""
    handler = {"class": "logging.FileHandler", "filters": ["ids"]}
    dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"ids": {"()": "obskit.django.log.Ids"}},
            "formatters": {
                "plain": {"format": "{levelname} [{request_id}] {message}", "style": "{"},
                "json": {"()": "obskit.django.log.Formatter"},
            },
            "handlers": {
                "json": {**handler, "filename": tmp_path / "json", "formatter": "json"},
                "plain": {**handler, "filename": tmp_path / "plain", "formatter": "plain"},
            },
            "loggers": {"basket": {"handlers": ["json", "plain"]}},
        }
    )
    yield tmp_path
    logger = logging.getLogger("basket")
    for one in list(logger.handlers):
        logger.removeHandler(one)
        one.close()


def test_the_hosts_files_have_the_ids_and_obskit_has_the_line_once(
    written: Path, client: Client, obskit_capture: Capture
) -> None:
    response = client.get("/filled/")
    request_id = response.headers["X-Request-ID"]
    (line,) = [line for line in obskit_capture.lines if line["event"] == "filled by 7"]
    (told,) = map(json.loads, (written / "json").read_text().splitlines())
    assert told == {
        "timestamp": told["timestamp"],
        "level": "warning",
        "logger": "basket",
        "event": "filled by 7",
        "request_id": request_id,
        "trace_id": line["trace_id"],
        "span_id": line["span_id"],
        "token": "[redacted]",
    }
    assert (written / "plain").read_text() == f"WARNING [{request_id}] filled by 7\n"


def test_outside_a_request_there_is_a_dash(written: Path) -> None:
    logging.getLogger("basket").warning("swept")
    assert (written / "plain").read_text() == "WARNING [-] swept\n"
    assert "request_id" not in json.loads((written / "json").read_text())


def test_an_exception_is_in_the_line_with_its_stack() -> None:
    try:
        raise ZeroDivisionError("an empty basket")
    except ZeroDivisionError:
        given = logging.LogRecord("basket", 40, "", 0, "failed", (), sys.exc_info())
    told = json.loads(Formatter().format(given))
    assert told["exception"]["type"] == "ZeroDivisionError"
    assert told["exception"]["stacktrace"].startswith("Traceback (most recent call last)")


def test_a_record_that_another_thread_writes_keeps_its_requests_ids(
    obskit_capture: Capture,
) -> None:
    given = logging.LogRecord("basket", 20, "", 0, "filled", (), None)
    with obskit.span("fill"):
        assert Ids().filter(given)
    told: SimpleQueue[str] = SimpleQueue()
    thread = Thread(target=lambda: told.put(Formatter().format(given)))
    thread.start()
    thread.join()
    found = json.loads(told.get())
    assert found["trace_id"] == "00000000000000000000000000000001"
    assert found["span_id"] == "0000000000000001"


@pytest.mark.parametrize("args", [("one", "too many"), ({"a": object()},)])
def test_a_record_that_cannot_be_formatted_is_a_line_all_the_same(args: Any) -> None:
    given = logging.LogRecord("basket", 20, "", 0, "filled %d", args, None)
    assert json.loads(Formatter().format(given))["event"].startswith("'filled %d' ")


def test_a_console_of_the_hosts_own_shows_each_line_once(
    client: Client, obskit_capture: Capture, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter())
    logging.getLogger("basket").addHandler(handler)
    try:
        client.get("/filled/")
    finally:
        logging.getLogger("basket").removeHandler(handler)
    assert capsys.readouterr().err.count("filled by 7") == 1
