"""Attributes leave redacted, each with its type, and no memory of them grows without end."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValueList
from tests.export.encoding.records import unchanged
from tests.monsters import RaisingDict

from obskit.export.encoding import attributes as module
from obskit.export.encoding.attributes import Attributes

_TAG = b"\x0a"  # as in `KeyValueList`


def read(attributes: Attributes, given: Any) -> dict[str, AnyValue]:
    """What a receiver reads."""
    pairs = KeyValueList.FromString(attributes.fields(_TAG, given)).values
    return {pair.key: pair.value for pair in pairs}


def pieces(attributes: Attributes) -> list[bytes]:
    """All pairs that are remembered."""
    return [
        piece
        for keys in attributes._pairs.values()
        for values in keys.values()
        for piece in values.values()
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("b", b"\x0a\x08\x0a\x01a\x12\x03\x0a\x01b"),
        ("", b"\x0a\x07\x0a\x01a\x12\x02\x0a\x00"),
        (True, b"\x0a\x07\x0a\x01a\x12\x02\x10\x01"),
        (False, b"\x0a\x07\x0a\x01a\x12\x02\x10\x00"),
        (0, b"\x0a\x07\x0a\x01a\x12\x02\x18\x00"),
        (300, b"\x0a\x08\x0a\x01a\x12\x03\x18\xac\x02"),
        (1.0, b"\x0a\x0e\x0a\x01a\x12\x09\x21\0\0\0\0\0\0\xf0\x3f"),
        (None, b"\x0a\x05\x0a\x01a\x12\x00"),
        (b"\xff", b"\x0a\x08\x0a\x01a\x12\x03\x3a\x01\xff"),
        ((), b"\x0a\x07\x0a\x01a\x12\x02\x2a\x00"),
        ({}, b"\x0a\x07\x0a\x01a\x12\x02\x32\x00"),
    ],
)
def test_an_attribute_is_its_key_and_its_value(value: Any, expected: bytes) -> None:
    attributes = Attributes(unchanged)
    assert [attributes.fields(_TAG, {"a": value}) for _ in range(2)] == [expected] * 2


@pytest.mark.parametrize(
    "values", [[1, True, 1.0, "1"], ["1", 1.0, True, 1], [0.0, -0.0, False, 0]]
)
def test_equal_values_of_other_types_are_never_mixed(values: list[Any]) -> None:
    attributes = Attributes(unchanged)
    for _ in range(2):
        for value in values:
            alone = Attributes(unchanged).fields(_TAG, {"k": value})
            assert attributes.fields(_TAG, {"k": value}) == alone


def test_nothing_is_no_bytes() -> None:
    given: list[Any] = [None, {}, BoundedAttributes(), 7]
    assert [Attributes(unchanged).fields(_TAG, each) for each in given] == [b""] * 4


def test_every_value_leaves_as_the_redaction_returns_it() -> None:
    def masked(key: str, value: Any) -> Any:
        return "***" if key == "secret" or value in ("4111", 4111, 4.5) else value

    attributes = Attributes(masked)
    for _ in range(2):
        for value in ("x", 5, True, 2.5, [1], None, "long" * 99):
            assert read(attributes, {"secret": value})["secret"].string_value == "***"
        for value in ("4111", 4111, 4.5):
            assert read(attributes, {"open": value})["open"].string_value == "***"
        assert read(attributes, {"open": "x"})["open"].string_value == "x"
        assert attributes.text(b"\x0a", "4111") == b"\x0a\x03***"
        assert attributes.body("4111") == attributes.body(4111) == b"\x05\x0a\x03***"


def test_what_the_redaction_cannot_judge_does_not_leave() -> None:
    def raising(key: str, value: Any) -> Any:
        raise ValueError(key)

    attributes = Attributes(raising)
    for value in ("x", 5, True, 2.5, [1]):
        assert read(attributes, {"k": value})["k"].string_value == "[redacted]"
    assert attributes.text(b"\x0a", "x") == b"\x0a\x0a[redacted]"
    assert attributes.body("x") == b"\x0c\x0a\x0a[redacted]"


def test_a_pair_is_redacted_once_as_long_as_it_is_remembered() -> None:
    asked: list[Any] = []

    def noted(key: str, value: Any) -> Any:
        asked.append((key, value))
        return value

    attributes = Attributes(noted)
    for _ in range(3):
        attributes.fields(_TAG, {"a": "b", "n": 1, "t": True})
        attributes.fields(b"\x4a", {"a": "b"})
        attributes.text(b"\x2a", "name")
        attributes.body("body")
    assert asked == [("a", "b"), ("n", 1), ("t", True), ("", "name"), ("", "body")]


def test_pairs_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PAIRS", 20)
    monkeypatch.setattr(module, "MAX_PAIRS_OF_KEY", 5)
    attributes = Attributes(unchanged)
    for number in range(200):
        attributes.fields(_TAG, {"same": str(number), f"k{number}": 1, "n": number, "r": 1 / 3})
        assert len(pieces(attributes)) <= 20
        assert sum(len(keys) for keys in attributes._pairs.values()) <= 20
        assert all(len(values) <= 5 for values in attributes._pairs[str].values())


def test_texts_keys_and_bodies_are_forgotten_when_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_TEXTS", 5)
    attributes = Attributes(unchanged)
    for number in range(40):
        attributes.text(_TAG, f"name {number}")
        attributes.body(f"body {number}")
        attributes.fields(_TAG, {f"key {number}": None})
        for known in (attributes._texts, attributes._bodies, attributes._keys):
            assert 1 <= len(known) <= 5


def test_long_keys_long_values_and_large_numbers_are_not_remembered() -> None:
    attributes = Attributes(lambda key, value: "x" * 600 if key == "grows" else value)
    attributes.fields(_TAG, {"a": "x" * 129, "b" * 129: "x", "n": 10_000, "r": 1.5, "grows": "y"})
    attributes.text(_TAG, "x" * 129)
    attributes.body("x" * 129)
    assert (pieces(attributes), attributes._texts, attributes._bodies) == ([], {}, {})
    attributes.fields(_TAG, {"a": "x" * 128, "b" * 128: "x", "n": 9_999})
    assert len(pieces(attributes)) == 3


def test_threads_that_share_a_memory_read_what_they_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PAIRS", 8)
    attributes, wrong = Attributes(unchanged), []

    def encode(begin: int) -> None:
        for number in range(begin, begin + 300):
            found = read(attributes, {"a": str(number % 40), "n": number % 7, "t": True})
            if found["a"].string_value != str(number % 40) or found["n"].int_value != number % 7:
                wrong.append(number)

    threads = [threading.Thread(target=encode, args=(begin,)) for begin in (0, 7, 21)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_attributes_that_another_thread_adds_to_are_encoded() -> None:
    given: dict[str, Any] = {"a": 1, "b": 2}

    def adding(key: str, value: Any) -> Any:
        given["c"] = 3
        return value

    assert list(read(Attributes(adding), given)) == ["a", "b", "c"]


def test_a_mapping_that_cannot_be_read_has_no_attributes() -> None:
    assert Attributes(unchanged).fields(_TAG, RaisingDict(a=1)) == b""
