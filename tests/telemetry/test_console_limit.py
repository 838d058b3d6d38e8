"""Log lines on the console that are too long."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.telemetry.consoles import ANY_TEXT, Stream, record, written

from obskit.redaction import names_and_values
from obskit.telemetry import console
from obskit.telemetry.failure import Failure

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
