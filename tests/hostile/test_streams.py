"""Lines whose stream is closed, full or gone: the host goes on, and each is counted."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import pytest
from tests.hostile.host import answer, balanced, running

import obskit
from obskit.wsgi import ObskitMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def chatty(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    obskit.get_logger("shop").info("order.placed", note="x" * 2_000)
    start_response("200 OK", [])
    return [b"ok"]


def closed(stack: ExitStack) -> TextIO:
    stream = io.StringIO()
    stream.close()
    return stream


def full_disk(stack: ExitStack) -> TextIO:
    return _text(stack, os.open("/dev/full", os.O_WRONLY))


def gone(stack: ExitStack) -> TextIO:
    reader, writer = os.pipe()
    os.close(reader)
    return _text(stack, writer)


def full_pipe(stack: ExitStack) -> TextIO:
    reader, writer = os.pipe()
    stack.callback(os.close, reader)
    os.set_blocking(writer, False)
    return _text(stack, writer)


def gone_descriptor(stack: ExitStack) -> TextIO:
    reader, writer = os.pipe()
    stream = _text(stack, writer)
    os.close(reader)
    os.close(writer)
    return stream


def _text(stack: ExitStack, descriptor: int) -> TextIO:
    stream = open(descriptor, "w", encoding="utf-8")  # noqa: SIM115
    stack.callback(_forget, stream)
    return stream


def _forget(stream: TextIO) -> None:
    with suppress(OSError):  # what could not be written is lost, as it should be
        stream.close()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize("name", ["stdout", "stderr"])
@pytest.mark.parametrize("form", ["json", "pretty"])
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (closed, "console_ValueError"),
        (lambda _: None, "console_BrokenPipeError"),
        (full_disk, "console_OSError"),
        (gone, "console_BrokenPipeError"),
        (full_pipe, "console_BlockingIOError"),
        (gone_descriptor, "console_OSError"),
    ],
    ids=["closed", "none", "full disk", "gone", "full pipe", "gone descriptor"],
)
def test_lines_that_cannot_be_written_are_counted(
    make: Any,
    reason: str,
    form: str,
    name: str,
    stack: ExitStack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = ObskitMiddleware(chatty)
    with running(tmp_path, log_format=form, log_stream=name) as runtime:
        monkeypatch.setattr(sys, name, make(stack))
        for _ in range(100):
            assert answer(app, {"PATH_INFO": "/"})[2] == b"ok"
        monkeypatch.undo()
        ledger = runtime.ledger.snapshot()
    dropped = ledger["logs"]["dropped"]
    assert set(dropped) == {reason}
    assert 40 <= dropped[reason] <= 200
    assert balanced(ledger) == dict.fromkeys(ledger, True)
