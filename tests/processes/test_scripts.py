"""Scripts that live for a moment: what they tell arrives, however they end."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from tests.config.child import run
from tests.config.receiver import Receiver
from tests.processes import arrivals

SCRIPT = """
import os, signal, sys
import obskit
from obskit import metrics

obskit.init("script")
with obskit.span("work"):
    obskit.get_logger("script").info("worked")
    metrics.count("done")
    try:
        {}["row"]
    except KeyError:
        obskit.get_logger("script").exception("no row")
"""
FORKS = """
if os.fork() == 0:
    with obskit.span("child's work"):
        metrics.count("done")
    obskit.flush()
    os._exit(0)
os.wait()
"""


@pytest.mark.parametrize(
    ("end", "status", "errors"),
    [
        ("", 0, ["KeyError"]),
        ("sys.exit(3)", 3, ["KeyError"]),
        ("raise ValueError('an empty basket')", 1, ["KeyError", "ValueError"]),
        ("signal.raise_signal(signal.SIGTERM)", -signal.SIGTERM, ["KeyError"]),
        ("signal.raise_signal(signal.SIGINT)", -signal.SIGINT, ["KeyError"]),
    ],
    ids=["end", "exit", "exception", "terminated", "interrupted"],
)
def test_a_script_of_a_moment_loses_nothing(
    tmp_path: Path, end: str, status: int, errors: list[str]
) -> None:
    pytest.importorskip("sentry_sdk")
    with Receiver() as receiver:
        ended = run(SCRIPT + end, _environ(receiver), tmp_path)
    assert ended.status == status, ended.errors
    assert arrivals.spans(receiver) == {"work": 1}
    assert arrivals.lines(receiver, "worked") == 1
    assert arrivals.total(receiver, "done") == 1
    assert _errors(receiver) == errors
    assert arrivals.lines(receiver, "The program ends by an exception") == errors.count(
        "ValueError"
    )
    # Python prints it, and nobody else does.
    assert ended.errors.count("ValueError: an empty basket") == errors.count("ValueError")
    assert arrivals.unended(receiver) == set()


def test_a_child_that_leaves_by_os_exit_loses_nothing_that_it_has_flushed(tmp_path: Path) -> None:
    pytest.importorskip("sentry_sdk")
    with Receiver() as receiver:
        ended = run(SCRIPT + FORKS, _environ(receiver), tmp_path)
    assert ended.status == 0, ended.errors
    assert arrivals.spans(receiver) == {"work": 1, "child's work": 1}
    assert arrivals.total(receiver, "done") == 2
    assert _errors(receiver) == ["KeyError"]


def test_a_thread_that_ends_by_an_exception_is_one_error(tmp_path: Path) -> None:
    pytest.importorskip("sentry_sdk")
    thread = """
import threading
def fails():
    raise ValueError("an empty basket")
thread = threading.Thread(target=fails)
thread.start()
thread.join()
"""
    with Receiver() as receiver:
        ended = run(SCRIPT + thread, _environ(receiver), tmp_path)
    assert ended.status == 0
    assert _errors(receiver) == ["KeyError", "ValueError"]
    assert arrivals.lines(receiver, "A thread ends by an exception") == 1
    assert ended.errors.count("ValueError: an empty basket") == 1


def _environ(receiver: Receiver) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "SENTRY_DSN": receiver.dsn}


def _errors(receiver: Receiver) -> list[Any]:
    events = receiver.envelope_items("event")
    return [event["exception"]["values"][-1]["type"] for event in events]
