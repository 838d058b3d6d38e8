"""Log lines on the console."""

from __future__ import annotations

import io
import json
import re
import sys
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from obskit.ledger import Ledger
from obskit.redaction import names_and_values
from obskit.telemetry import console
from obskit.telemetry.console import Console, visible
from obskit.telemetry.failure import Failure
from obskit.telemetry.pipeline import Pipeline, Record

ANY_TEXT = st.text(st.characters(codec=None), max_size=80)
#: What ends a line, steers a terminal, or turns the direction of a text.
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # fmt: skip
NASTY = "a\r\nb\x1b[2J\x85\x9b31m\u2028\u2029\u202e\u2066\x7f\x00\x0b\x0c\x1c"
COLORS = re.compile("\x1b\\[[0-9]+m")


class Stream(io.StringIO):
    """A stream that may be a terminal, and of any encoding."""

    def __init__(self, *, encoding: str = "utf-8", terminal: bool = False) -> None:
        super().__init__()
        self._encoding = encoding
        self._terminal = terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._terminal


def record(**changes: Any) -> Record:
    given: dict[str, Any] = {
        "timestamp": 1_767_225_600.000001,
        "level": 20,
        "logger": "shop.orders",
        "event": "order.placed",
        "fields": {"order_id": 7},
        "request_id": "request-1",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "span_id": "b7ad6b7169203331",
        "failure": None,
        "event_name": None,
        "on_console": True,
        "to_backend": True,
    }
    return Record(**given | changes)


def written(
    monkeypatch: pytest.MonkeyPatch,
    one: Record,
    format: str = "json",
    *,
    stream: Any = None,
    limit: int = 65_536,
    service: dict[str, Any] | None = None,
) -> str:
    stream = Stream() if stream is None else stream
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        Console(format, "stderr", limit, service).write(one)
    return str(stream.getvalue())


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


PLAIN_VALUES = st.recursive(
    ANY_TEXT | st.integers(-(2**63), 2**63 - 1) | st.sampled_from(["é\u2028😀x" * 500, None]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(ANY_TEXT, inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=50)
@given(
    st.dictionaries(ANY_TEXT, PLAIN_VALUES, max_size=10),
    st.text("a\u2028😀\x7fé", max_size=60).map(lambda text: text * 40),
    st.sampled_from([1_024, 1_500, 4_096]),
    st.booleans(),
)
def test_a_line_never_outgrows_its_limit_and_stays_json(
    fields: dict[str, Any], text: str, limit: int, ascii: bool
) -> None:
    told = Failure(text, text, text)
    given = names_and_values(fields, 40)
    one = record(event=text, logger=text[:256], fields=given, failure=told, request_id="r" * 128)
    line = console.to_json(one, {"service.name": "shop"}, limit, ascii=ascii)
    assert len(line.encode()) <= limit
    read = json.loads(line)
    assert read["request_id"] == "r" * 128
    assert read["trace_id"] == one.trace_id
    assert read["timestamp"] == "2026-01-01T00:00:00.000001Z"
    assert {"level", "event", "logger"} <= set(read)


def test_a_long_line_says_how_long_it_was_and_shortens_its_texts() -> None:
    whole = console.to_json(record(event="e" * 5_000, fields={"a": "x" * 30, "b": 1}), {}, 65_536)
    line = json.loads(
        console.to_json(record(event="e" * 5_000, fields={"a": "x" * 30, "b": 1}), {}, 4_096)
    )
    assert line["event"] == "e" * 1_024 + "…[cut]"
    assert (line["a"], line["b"]) == ("x" * 30, 1)
    assert line["truncated_bytes"] == len(whole)


def test_a_line_as_long_as_its_limit_is_whole() -> None:
    one = record(event="e" * 2_000)
    whole = console.to_json(one, {}, 65_536)
    assert console.to_json(one, {}, len(whole)) == whole
    assert "truncated_bytes" in console.to_json(one, {}, len(whole) - 1)


def test_of_too_many_fields_as_many_are_kept_as_have_room() -> None:
    fields = {f"field{number:03}": "é" * 100 for number in range(100)}
    told = Failure("ValueError", "no", "stack")
    text = console.to_json(record(fields=fields, failure=told), {}, 2_048)
    line = json.loads(text)
    kept = [name for name in line if name.startswith("field")]
    assert kept == [f"field{number:03}" for number in range(len(kept))]
    assert line["field000"] == "é" * 64 + "…[cut]"
    assert line["exception"] == {"type": "ValueError", "message": "no", "stacktrace": "stack"}
    assert 2_048 - len(text.encode()) < 200


def test_a_field_too_large_makes_room_for_the_next() -> None:
    fields = {"rows": [["é" * 100] * 30] * 30, "order_id": 7}
    line = json.loads(console.to_json(record(fields=fields), {}, 1_024))
    assert "rows" not in line
    assert line["order_id"] == 7


@pytest.mark.parametrize("terminal", [True, False])
def test_a_readable_line_is_cut_with_a_mark_and_leaves_no_colour_on(
    monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    one = record(event="é" * 5_000)
    line = written(monkeypatch, one, "pretty", limit=1_024, stream=Stream(terminal=terminal))
    assert len(line.encode()) <= 1_025
    assert line.endswith("…[cut]\x1b[0m\n" if terminal else "é…[cut]\n")


def test_a_readable_line_as_long_as_its_limit_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = written(monkeypatch, record(), "pretty")
    limit = len(whole) - 1
    assert written(monkeypatch, record(), "pretty", limit=limit) == whole
    assert written(monkeypatch, record(), "pretty", limit=limit - 1).endswith("…[cut]\n")


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
