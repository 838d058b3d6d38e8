"""Signals as kept text, and back."""

from __future__ import annotations

import math

import pytest

from obskit.dev.packed import Kept, kind_of, pack, unpack
from obskit.stories.signals import Frame, Raised, Refused, SpanEvent

from . import given

FRAME = Frame("app.py", 3, "boom", "1 / 0", in_app=True, variables={"basket": "{}"})


@pytest.mark.parametrize(
    ("kind", "signal"),
    [
        ("span", given.server(events=(SpanEvent(1.5, "retry", {"n": 1, "deep": {"a": [1]}}),))),
        ("span", given.query("aa")),
        ("line", given.line("a\nb \u202e “ü”", attributes={"none": None, "yes": True})),
        ("error", given.event(Raised("KeyError", "'x'", (FRAME,)), Raised("B", "", (), "text"))),
        ("refused", Refused("/v1/logs", 400, "empty")),
    ],
)
def test_a_signal_comes_back_as_it_was(kind: str, signal: Kept) -> None:
    assert kind_of(signal) == kind
    assert unpack(kind, pack(signal)) == signal


def test_the_names_of_fields_are_not_kept() -> None:
    assert "service" not in pack(given.server())
    assert "in_app" not in pack(given.event(Raised("KeyError", "", (FRAME,))))


def test_bytes_are_kept_as_hexadecimal() -> None:
    back = unpack("line", pack(given.line(attributes={"key": b"\xff\x00"})))
    assert back == given.line(attributes={"key": "ff00"})


def test_half_a_character_is_replaced() -> None:
    assert unpack("line", pack(given.line("a\ud800b"))) == given.line("a?b")


def test_a_number_that_is_none_comes_back() -> None:
    back = unpack("line", pack(given.line(attributes={"ratio": math.nan})))
    assert repr(back).count("nan") == 1
