"""Text, durations and times as they are shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.dev.plain import duration, plain, time_of_day
from obskit.stories.signals import instant


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grüße 你好 é 👍", "Grüße 你好 é 👍"),
        ("tab\tbell\x07", r"tab\tbell\x07"),
        ("\u202eevil\u2028\u200b", r"\u202eevil\u2028\u200b"),
        ("\ud800", r"\ud800"),
        ("\x85\x9b\x7f", r"\x85\x9b\x7f"),
    ],
)
def test_only_harmful_characters_are_replaced(text: str, shown: str) -> None:
    assert plain(text) == shown


@settings(deadline=None)
@given(st.text())
def test_all_text_becomes_one_line_that_can_be_written(text: str) -> None:
    shown = plain(text)
    assert len(shown.splitlines()) <= 1
    assert shown.encode().decode() == shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.00 ms"),
        (0.000994, "0.99 ms"),
        (0.001, "1.0 ms"),
        (0.0994, "99.4 ms"),
        (0.1, "100 ms"),
        (0.9994, "999 ms"),
        (1.0, "1.00 s"),
        (99.994, "99.99 s"),
        (100.0, "100 s"),
        (86_400.0, "86400 s"),
    ],
)
def test_durations_show_three_digits_or_so(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@settings(deadline=None)
@given(st.floats() | st.integers())
def test_every_instant_that_is_let_in_has_a_time_of_day(seconds: float) -> None:
    assert len(time_of_day(instant(seconds))) == 8
