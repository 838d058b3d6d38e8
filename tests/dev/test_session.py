"""A session as a library: a command, its stories, its end."""

from __future__ import annotations

import io
import os
import sys
import threading

import pytest
from rich.console import Console

from obskit.dev import Printer, Session
from obskit.stories.story import Head

SEND = """
import json, os, time, urllib.request
span = {
    "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7", "name": "import",
    "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000000250000000",
}
request = urllib.request.Request(
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces",
    json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode(),
    {"Content-Type": "application/json"},
)
urllib.request.urlopen(request).close()
time.sleep(600)
"""


def session(code: str, output: io.StringIO) -> Session:
    printer = Printer(Console(file=output, width=80, _environ={}))
    return Session([sys.executable, "-c", code], printer=printer)


def test_stories_can_be_read_while_the_command_runs_and_it_can_be_stopped() -> None:
    output = io.StringIO()
    running = session(SEND, output)
    seen: list[Head] = []

    def watch() -> None:
        pause = threading.Event()
        for _ in range(1200):
            if "import" in output.getvalue():
                break
            pause.wait(0.05)
        seen.extend(story.heads()[0] for story in running.stories.all())
        running.stop()

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert running.run() == 143
    watcher.join(60)
    assert seen == [
        Head("import", 1_700_000_000.0, 0.25, request_id="4bf92f3577b34da6a3ce929d0e0e4736")
    ]
    assert output.getvalue().count("  import\n") == 0
    assert "\nreceived 1 span, 0 points, 0 lines, 0 errors\n" in output.getvalue()


def test_what_came_last_is_told_at_the_end() -> None:
    output = io.StringIO()
    assert session(SEND.replace("time.sleep(600)", "os._exit(5)"), output).run() == 5
    assert " import  250 ms  4bf92f3577b34da6a3ce929d0e0e4736\n" in output.getvalue()


def test_it_can_be_stopped_before_it_runs() -> None:
    early = session("import time; time.sleep(600)", io.StringIO())
    early.stop()
    assert early.run() == 143


def test_the_environment_can_be_given() -> None:
    output = io.StringIO()
    code = "import os, sys; sys.exit(int(os.environ['CODE']))"
    given = Session(
        [sys.executable, "-c", code],
        environ={**os.environ, "CODE": "7"},
        printer=Printer(Console(file=output)),
    )
    assert given.run() == 7


def test_the_command_is_ended_when_it_cannot_be_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = session("import time; time.sleep(600)", io.StringIO())

    def fail() -> None:
        raise RuntimeError("the printer is broken")

    monkeypatch.setattr(broken.stories, "due", fail)
    with pytest.raises(RuntimeError, match="the printer is broken"):
        broken.run()
