"""What was received is shown harmless and bounded."""

from __future__ import annotations

from markupsafe import Markup

from obskit.dev.page.rendering import fitting, short


def test_text_that_grows_when_made_plain_is_still_cut() -> None:
    assert short("\u202e" * 100, 20) == "\\u202e\\u202e\\u202e\\…"


def test_text_that_fits_is_not_cut() -> None:
    assert short("abcd", 4) == "abcd"


def test_the_first_item_is_written_whatever_its_size() -> None:
    assert fitting(["aaa", "b"], Markup, most=2) == ([Markup("aaa")], 1)


def test_bytes_are_what_counts() -> None:
    assert fitting(["a", "ü", "c"], Markup, most=2) == ([Markup("a")], 1)


def test_nothing_fits_any_page() -> None:
    assert fitting([], Markup, most=2) == ([], 0)
