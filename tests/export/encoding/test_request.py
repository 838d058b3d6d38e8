"""Records stand under their scopes, scopes under their resources."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from tests.export.encoding.records import unchanged

from obskit.export.encoding import Encoder, assemble
from obskit.export.encoding import request as module


def test_records_are_grouped_in_order_of_first_appearance() -> None:
    encoder = Encoder(unchanged)
    one, two = Resource({}, "1"), Resource({}, "2")
    a, b = InstrumentationScope("a"), InstrumentationScope("b", "7", "u")
    parts = [
        (encoder.scope(two, b), b"\x12\x00"),
        (encoder.scope(one, a), b"\x12\x01p"),
        (encoder.scope(two, a), b"\x12\x01q"),
        (encoder.scope(two, b), b"\x12\x01r"),
    ]
    of_b = b"\x12\x10\x0a\x06\x0a\x01b\x12\x017\x12\x00\x12\x01r\x1a\x01u"
    assert assemble(parts) == (
        b"\x0a\x21\x0a\x00" + of_b + b"\x12\x08\x0a\x03\x0a\x01a\x12\x01q\x1a\x012"
        b"\x0a\x0f\x0a\x00\x12\x08\x0a\x03\x0a\x01a\x12\x01p\x1a\x011"
    )


def test_equal_scopes_of_other_identity_are_one_group() -> None:
    encoder = Encoder(unchanged)
    scopes = [encoder.scope(Resource({"a": "b"}), InstrumentationScope("t")) for _ in range(2)]
    assert scopes[0] == scopes[1]
    assert assemble([(scope, b"\x12\x00") for scope in scopes]).count(b"\x0a\x01t") == 1


def test_a_scope_is_encoded_once_and_held_so_that_its_identity_stays_its_own() -> None:
    encoder = Encoder(unchanged)
    resource = Resource({})
    assert encoder.scope(resource, None) is encoder.scope(resource, None)
    found = [encoder.scope(Resource({}, str(number)), None) for number in range(50)]
    assert len(set(found)) == 50


def test_scopes_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SCOPES", 3)
    encoder = Encoder(unchanged)
    for number in range(10):
        encoder.scope(Resource({}, str(number)), None)
        assert 1 <= len(encoder._scopes._known) <= 3


def test_attributes_of_resources_and_scopes_are_redacted() -> None:
    encoder = Encoder(lambda _key, _value: "x")
    scope = InstrumentationScope("t", attributes={"s": "secret"})
    found = encoder.scope(Resource({"r": "secret"}), scope)
    assert found.resource == b"\x0a\x0a\x0a\x08\x0a\x01r\x12\x03\x0a\x01x"
    assert found.scope == b"\x0a\x0d\x0a\x01t\x1a\x08\x0a\x01s\x12\x03\x0a\x01x"


def test_no_scope_and_a_scope_that_says_nothing_are_one_group() -> None:
    encoder = Encoder(unchanged)
    scopes = [encoder.scope(None, scope) for scope in (None, InstrumentationScope(""))]
    assert scopes[0] == scopes[1]


def test_nothing_known_is_an_empty_resource_and_scope() -> None:
    assert Encoder(unchanged).scope(None, None) == (b"\x0a\x00", b"", b"\x0a\x00", b"")
