"""Exceptions that nobody catches."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from obskit import default_runtime
from obskit.capture import Capture
from obskit.telemetry import uncaught


@pytest.fixture(autouse=True)
def hooks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The host's own hooks, and what they were called with."""
    called: list[Any] = []
    monkeypatch.setattr(sys, "excepthook", lambda _kind, error, _stack: called.append(error))
    monkeypatch.setattr(threading, "excepthook", lambda args: called.append(args.exc_value))
    monkeypatch.setattr(uncaught, "_hooks", None)
    uncaught.listen(lambda: running.errors if (running := default_runtime.current()) else None)
    return called


def tell(error: BaseException) -> None:
    sys.excepthook(type(error), error, None)


def test_it_is_one_line_and_one_error_and_the_hook_of_the_host_is_called(
    obskit_capture: Capture, hooks: list[Any]
) -> None:
    error = ValueError("an empty basket")
    tell(error)
    (line,) = obskit_capture.lines
    assert (line["level"], line["event"]) == ("critical", "The program ends by an exception")
    (event,) = obskit_capture.errors
    assert event["exception"]["values"][0]["mechanism"]["handled"] is False
    assert hooks == [error]


def test_a_thread_is_told_of_too(obskit_capture: Capture, hooks: list[Any]) -> None:
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    (line,) = obskit_capture.lines
    assert line["event"] == "A thread ends by an exception"
    assert [type(one) for one in hooks] == [ZeroDivisionError]


def test_what_was_logged_already_is_not_told_again(
    obskit_capture: Capture, hooks: list[Any]
) -> None:
    import obskit

    try:
        with obskit.span("work"):
            raise ValueError("an empty basket")
    except ValueError as error:
        tell(error)
    assert [line["event"] for line in obskit_capture.lines] == ["work failed"]
    assert len(obskit_capture.errors) == 1
    assert len(hooks) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_what_ends_it_on_purpose_is_no_error(
    obskit_capture: Capture, hooks: list[Any], error: BaseException
) -> None:
    tell(error)
    assert obskit_capture.lines == []
    assert hooks == [error]


def test_hooks_that_are_put_over_ours_stay(hooks: list[Any], monkeypatch: Any) -> None:
    over: Any = print
    monkeypatch.setattr(sys, "excepthook", over)
    uncaught.stop()
    assert sys.excepthook is over


def test_it_can_be_undone(hooks: list[Any]) -> None:
    ours = sys.excepthook
    uncaught.stop()
    assert sys.excepthook is not ours
    tell(error := ValueError())
    assert hooks == [error]
