"""The attributes of series are encoded once."""

from __future__ import annotations

from typing import Any

import pytest

from obskit.export.encoding import series as module
from obskit.export.encoding.attributes import Attributes
from obskit.export.encoding.series import Series


class Asked:
    """A redaction that keeps what it was asked for."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def __call__(self, _key: str, value: Any) -> Any:
        self.values.append(value)
        return value


def test_the_same_object_is_encoded_once() -> None:
    asked = Asked()
    series = Series(Attributes(asked))
    held = {"a": ["x"]}  # a list is remembered by nothing else
    first = series.fields(b"\x3a", held)
    assert series.fields(b"\x3a", held) is first
    assert asked.values == [["x"]]


def test_equal_objects_are_different_series() -> None:
    """1 and True are equal, and two values of OTLP."""
    series = Series(Attributes(lambda _key, value: value))
    assert series.fields(b"\x3a", {"a": 1}) == b"\x3a\x07\x0a\x01a\x12\x02\x18\x01"
    assert series.fields(b"\x3a", {"a": True}) == b"\x3a\x07\x0a\x01a\x12\x02\x10\x01"


def test_a_field_of_another_tag_is_another_field() -> None:
    series = Series(Attributes(lambda _key, value: value))
    held = {"a": 1}
    assert series.fields(b"\x3a", held) == b"\x3a\x07\x0a\x01a\x12\x02\x18\x01"
    assert series.fields(b"\x4a", held) == b"\x4a\x07\x0a\x01a\x12\x02\x18\x01"


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SERIES", 3)
    series = Series(Attributes(lambda _key, value: value))
    for number in range(10):
        series.fields(b"\x3a", {"a": number})
        assert len(series._known) <= 3
    series._known.clear()
    series.fields(b"\x3a", {"a": "x" * 513})
    assert series._known == {}
