"""How values, times and states are written on the page."""

from __future__ import annotations

import pytest

from obskit.console import words


def test_a_state_that_nobody_knows_is_a_question() -> None:
    assert (words.sign("critical"), words.sign("ok"), words.sign("strange")) == ("✖", "✓", "?")


@pytest.mark.parametrize("seconds", [-1.0, 253_402_300_800.0, float("inf"), float("nan")])
def test_a_moment_that_no_calendar_shows_is_never(seconds: float) -> None:
    assert (words.moment(seconds), words.iso(seconds), words.apart(seconds, 90.0)) == (
        "never",
        "",
        "never",
    )


def test_a_span_is_told_whichever_way_it_goes() -> None:
    assert words.span(-90.0) == "1m30s"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(1.0, "1.00 s"), (0.1, "100 ms"), (0.001, "1.0 ms"), (0.0009, "0.90 ms"), (0.0, "0.00 ms")],
)
def test_a_duration_has_as_many_digits_as_tell_something(seconds: float, told: str) -> None:
    assert words.took(seconds) == told


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [
        (3.0, "1", "3"),
        (-2_048.0, "By", "-2048 By"),
        (-5.0, "s", "-5 s"),
        (float("inf"), "By", "inf"),
        (0.0, "s", "0ms"),
    ],
)
def test_an_amount_is_told_in_its_unit_where_that_can_hold_it(
    value: float, unit: str, told: str
) -> None:
    assert words.amount(value, unit) == told


@pytest.mark.parametrize("share", [float("inf"), float("nan")])
def test_a_share_that_is_no_number_is_a_dash(share: float) -> None:
    assert words.percent(share) == "–"


def test_a_text_has_room_for_three_hundred_signs_and_half_as_many_that_take_more() -> None:
    assert words.cut("a" * 300) == "a" * 300
    assert words.cut("a" * 301) == f"{'a' * 300}…"
    assert words.cut("<" * 300) == f"{'<' * 150}…"
    assert words.cut("\ud800" * 4, 3) == "\ud800\ud800\ud800…"


def test_of_evidence_as_many_lines_are_told_as_there_is_room_for() -> None:
    assert words.evidence(["a", {"row": 8, "of": 9}], 2) == ["a", "row=8  of=9"]
    assert words.evidence(["a", "b", "c", "d"], 2) == ["a", "b", "… and 2 more"]
    assert words.evidence(["a long one"], 2, 6) == ["a long…"]
