"""What people are told when telemetry cannot be sent, by whatever threads notice it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest

import obskit
from obskit.capture import StillClock
from obskit.export import notice
from obskit.export.answer import Answer
from obskit.export.outage import Outage
from obskit.ledger import Ledger
from obskit.telemetry import loggers, stdlib
from obskit.telemetry.pipeline import Pipeline, Record

AWAY = Answer("retry", reason="timeout", message="timed out")
PATIENCE = 30.0


class Meanwhile(logging.Handler):
    """Does something on another thread while a line is being told."""

    def __init__(self, do: Callable[[], object]) -> None:
        super().__init__()
        self.said: list[str] = []
        self._do: Callable[[], object] | None = do

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.levelname)
        do, self._do = self._do, None
        if do is not None:
            thread = Thread(target=do, daemon=True)
            thread.start()
            thread.join(PATIENCE)


def listening(monkeypatch: pytest.MonkeyPatch, do: Callable[[], object]) -> list[str]:
    """The levels of what is said from now on."""
    handler = Meanwhile(do)
    logger = logging.getLogger("obskit.export")
    monkeypatch.setattr(logger, "handlers", [handler])
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "level", logging.DEBUG)
    logger.manager._clear_cache()  # type: ignore[attr-defined]
    return handler.said


def outage(hook: Any = None) -> Outage:
    return Outage("http://there", Ledger(), StillClock(), hook)


def test_signals_that_fail_at_once_are_told_of_together(monkeypatch: pytest.MonkeyPatch) -> None:
    one = outage()
    said = listening(monkeypatch, lambda: one.failed("logs", AWAY, 1))
    one.failed("traces", AWAY, 1)
    one.failed("metrics", AWAY, 1)
    assert said == ["WARNING"]


def test_signals_that_arrive_at_once_are_told_of_together(monkeypatch: pytest.MonkeyPatch) -> None:
    one = outage()
    for signal in ("traces", "logs"):
        one.failed(signal, AWAY, 1)
    said = listening(monkeypatch, lambda: one.ended("logs"))
    one.ended("traces")
    assert said == []
    one.ended("logs")
    one.ended("logs")
    assert said == ["INFO"]


def test_a_forked_child_is_told_of_its_own_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    one = outage()
    said = listening(monkeypatch, bool)
    one.failed("traces", AWAY, 1)
    one.after_fork()
    one.ended("traces")
    assert said == ["WARNING"]
    one.failed("traces", AWAY, 1)
    assert said == ["WARNING", "WARNING"]


class Records:
    """A sink."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bool]] = []

    def write(self, record: Record) -> None:
        self.sent.append((record.event, record.to_backend))


@pytest.mark.parametrize("log", [logging.getLogger("shop").error, obskit.get_logger("shop").error])
def test_what_a_hook_logs_stays_in_the_process(log: Callable[[str], object]) -> None:
    records = Records()
    loggers.install(Pipeline([records], Ledger()))
    stdlib.listen("INFO", {})
    one = outage(lambda told: log(f"lost {told.records}"))
    one.failed("logs", AWAY, 1)
    one.refused("logs", Answer("refused", reason="http_400", message="no"), 2)
    log("after")
    kept = (
        "telemetry cannot be sent to http://there: timed out; it is kept, as far as there is room"
    )
    dropped = "http://there refuses logs: no; what it refuses is dropped, and counted as http_400"
    assert records.sent == [
        (kept, False),
        ("lost 1", False),
        (dropped, False),
        ("lost 2", False),
        ("after", True),
    ]


def test_a_hook_that_raises_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    def hook(_: object) -> None:
        raise RuntimeError

    said = listening(monkeypatch, bool)
    outage(hook).failed("logs", AWAY, 1)
    assert said == ["WARNING", "DEBUG"]
    assert not notice.stays()


def test_a_handler_that_raises_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    class Raising(logging.Handler):
        def handle(self, _record: logging.LogRecord) -> bool:
            raise OSError

    monkeypatch.setattr(logging.getLogger("obskit.export"), "handlers", [Raising()])
    outage().failed("logs", AWAY, 1)
    outage().refused("logs", AWAY, 1)
    assert not notice.stays()
