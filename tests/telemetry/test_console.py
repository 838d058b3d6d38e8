"""Log lines on the console."""

from __future__ import annotations

import io
import json
import re
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.telemetry.consoles import ANY_TEXT, COLORS, Stream, record, written

from obskit.ledger import Ledger
from obskit.redaction import names_and_values
from obskit.telemetry import console
from obskit.telemetry.console import Console, visible
from obskit.telemetry.failure import Failure
from obskit.telemetry.pipeline import Pipeline, Record

#: What ends a line, steers a terminal, or turns the direction of a text.
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # fmt: skip
NASTY = "a\r\nb\x1b[2J\x85\x9b31m\u2028\u2029\u202e\u2066\x7f\x00\x0b\x0c\x1c"


def test_a_line_of_json_holds_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    failure = Failure("KeyError", "'row'", "Traceback…\nKeyError: 'row'\n")
    line = written(
        monkeypatch,
        record(level=40, failure=failure, fields={"order_id": 7, "tags": ["a", None]}),
        service={"service.name": "shop", "service.version": ""},
    )
    assert line.endswith("}\n")
    assert list(json.loads(line).items()) == [
        ("timestamp", "2026-01-01T00:00:00.000001Z"),
        ("level", "error"),
        ("logger", "shop.orders"),
        ("event", "order.placed"),
        ("request_id", "request-1"),
        ("trace_id", "0af7651916cd43dd8448eb211c80319c"),
        ("span_id", "b7ad6b7169203331"),
        ("service.name", "shop"),
        ("order_id", 7),
        ("tags", ["a", None]),
        (
            "exception",
            {
                "type": "KeyError",
                "message": "'row'",
                "stacktrace": "Traceback…\nKeyError: 'row'\n",
            },
        ),
    ]


def test_ids_that_are_not_there_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    line = json.loads(
        written(monkeypatch, record(request_id=None, trace_id=None, span_id=None, fields={}))
    )
    assert list(line) == ["timestamp", "level", "logger", "event"]


def test_fields_of_the_host_forge_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = dict.fromkeys(("timestamp", "level", "event", "request_id", "trace_id"), "forged")
    fields |= {"exception": "forged", "service.name": "forged", "truncated_bytes": "forged"}
    line = json.loads(written(monkeypatch, record(fields=fields), service={"service.name": "shop"}))
    assert [name for name, value in line.items() if value == "forged"] == [
        "timestamp_",
        "level_",
        "event_",
        "request_id_",
        "trace_id_",
        "exception_",
        "service.name_",
        "truncated_bytes_",
    ]
    assert line["service.name"] == "shop"


@given(event=ANY_TEXT, logger=ANY_TEXT, key=ANY_TEXT, value=ANY_TEXT, ascii=st.booleans())
@example(event=NASTY, logger=NASTY, key=NASTY, value=NASTY, ascii=False)
@example(event="😀é", logger="", key="", value="", ascii=True)
def test_any_text_is_one_line_of_json_that_reads_back(
    event: str, logger: str, key: str, value: str, ascii: bool
) -> None:
    records: list[Record] = []

    class Keep:
        def write(self, one: Record) -> None:
            records.append(one)

    Pipeline([Keep()], Ledger()).emit(logger, 20, event, {key: [value, {key: value}]})
    line = console.to_json(records[0], {}, 65_536, ascii=ascii)
    assert len(line.splitlines()) == 1
    assert not STEERING.search(line)
    assert line.isascii() or not ascii
    read = json.loads(line.encode())
    assert read["event"] == records[0].event
    assert read["logger"] == records[0].logger
    if not re.search("[\ud800-\udfff?]", event) and "://" not in event:
        assert read["event"] == event


@given(event=ANY_TEXT, logger=ANY_TEXT, key=ANY_TEXT, value=ANY_TEXT, terminal=st.booleans())
@example(event=NASTY, logger=NASTY, key=NASTY, value=NASTY, terminal=True)
@example(event="", logger="", key="stack", value="two\nlines", terminal=False)
def test_any_text_is_one_readable_line_that_steers_no_terminal(
    event: str, logger: str, key: str, value: str, terminal: bool
) -> None:
    fields = names_and_values({key: value, "list": [value]}, 9)
    one = record(event=visible_input(event), logger=visible_input(logger), fields=fields)
    with pytest.MonkeyPatch.context() as monkeypatch:
        line = written(monkeypatch, one, "pretty", stream=Stream(terminal=terminal))
    assert line.endswith("\n")
    assert len(line.splitlines()) == 1
    assert not STEERING.search(COLORS.sub("", line))


def visible_input(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


@pytest.mark.parametrize("key", ["stack", "exc_info", "exception", "logger_name", "event", "level"])
def test_no_field_is_taken_for_a_part_of_a_readable_line(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    line = written(monkeypatch, record(fields={key: True}), "pretty")
    assert line == (
        f"00:00:00.000 [info     ] order.placed [shop.orders] {key}_=True request_id=request-1\n"
    )


def test_a_readable_line_shows_the_stack_set_in_so_that_it_forges_no_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failure = Failure("ValueError", "x", "ValueError: x\n00:00:00.000 [info] forged\r\x1b[2J\n")
    line = written(monkeypatch, record(failure=failure, fields={}), "pretty")
    assert line == (
        "00:00:00.000 [info     ] order.placed [shop.orders] request_id=request-1\n"
        "    ValueError: x\n"
        "    00:00:00.000 [info] forged\n"
        "    \\x1b[2J\n"
    )


@pytest.mark.parametrize(
    ("format", "terminal", "beginning"),
    [
        ("auto", True, "\x1b[2m00:00:00.000"),
        ("auto", False, '{"timestamp"'),
        ("pretty", False, "00:00:00.000 [info"),
        ("json", True, '{"timestamp"'),
    ],
)
def test_lines_are_for_people_on_a_terminal_and_for_machines_elsewhere(
    monkeypatch: pytest.MonkeyPatch, format: str, terminal: bool, beginning: str
) -> None:
    line = written(monkeypatch, record(), format, stream=Stream(terminal=terminal))
    assert line.startswith(beginning)


def test_a_line_that_a_host_shows_itself_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert written(monkeypatch, record(on_console=False)) == ""


def test_the_stream_is_the_one_of_the_moment(capsys: pytest.CaptureFixture[str]) -> None:
    Console("json", "stdout", 65_536).write(record())
    out, err = capsys.readouterr()
    assert json.loads(out)["event"] == "order.placed"
    assert err == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "no-such-encoding", None])
def test_a_stream_of_another_encoding_gets_json_that_is_whole(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    event = "naïve 😀 \u2028"
    line = written(monkeypatch, record(event=event), stream=Stream(encoding=encoding))
    assert json.loads(line)["event"] == event
    assert line.isascii() or encoding in {"no-such-encoding", None}


@pytest.mark.parametrize("format", ["json", "pretty"])
def test_a_real_ascii_stream_takes_every_line(monkeypatch: pytest.MonkeyPatch, format: str) -> None:
    raw = io.BytesIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", io.TextIOWrapper(raw, "ascii", errors="strict"))
        Console(format, "stderr", 65_536).write(record(event="naïve 😀"))
        taken = raw.getvalue().decode("ascii")
        sys.stderr.detach()  # type: ignore[union-attr]
    assert {"json": "na\\u00efve \\ud83d\\ude00", "pretty": "na\\xefve \\U0001f600"}[
        format
    ] in taken


class OnlyWrites:
    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text

    def getvalue(self) -> str:
        return self.text


def test_what_stands_in_for_a_stream_need_only_take_text(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "naïve" in written(monkeypatch, record(event="naïve"), "auto", stream=OnlyWrites())


def closed() -> io.TextIOWrapper:
    stream = io.TextIOWrapper(io.BytesIO(), "utf-8")
    stream.close()
    return stream


class NoPipe(io.StringIO):
    def flush(self) -> None:
        raise BrokenPipeError


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (None, "console_BrokenPipeError"),
        (closed(), "console_ValueError"),
        (NoPipe(), "console_BrokenPipeError"),
    ],
)
@pytest.mark.parametrize("format", ["json", "pretty", "auto"])
def test_a_stream_that_takes_nothing_is_counted(
    monkeypatch: pytest.MonkeyPatch, format: str, stream: Any, reason: str
) -> None:
    ledger = Ledger()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        Pipeline([Console(format, "stderr", 65_536)], ledger).emit("shop", 20, "x", {})
    assert ledger.snapshot()["logs"]["dropped"] == {reason: 1}


def test_a_line_is_written_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[str] = []

    class Pieces(Stream):
        def write(self, text: str) -> int:
            pieces.append(text)
            return len(text)

    written(monkeypatch, record(), stream=Pieces())
    assert [piece.count("\n") for piece in pieces] == [1]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 😀", "plain é 😀"),
        ("no-break\xa0space", "no-break\xa0space"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\r\t", "a\\nb\\r\\t"),
        ("\u2028\u202e\x9b", "\\u2028\\u202e\\x9b"),
    ],
)
def test_what_would_steer_a_terminal_is_made_visible(text: str, shown: str) -> None:
    assert visible(text) == shown
