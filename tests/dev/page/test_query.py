"""What an address asks for."""

from __future__ import annotations

import pytest

from obskit.dev.page.query import Query
from obskit.dev.search import Wanted


@pytest.mark.parametrize(
    ("value", "number"), [("7", 7), (" 7 ", 7), ("-1", 0), ("x", 0), ("٣", 0), ("9" * 16, 0)]
)
def test_only_a_whole_number_is_one(value: str, number: int) -> None:
    assert Query({"from": [value]}).number("from") == number


def test_the_last_of_several_values_counts_and_long_ones_are_cut() -> None:
    query = Query({"text": ["a", "b" * 300]})
    assert query.text("text") == "b" * 200
    assert query.text("other") == ""


def test_what_is_wanted_is_read() -> None:
    fields = {"id": ["a"], "route": ["/b"], "status": ["5XX"], "service": ["c"], "text": ["d"]}
    assert Query(fields).wanted() == Wanted("a", "/b", "5xx", "c", "d", checks=False)
    assert Query({"checks": ["1"]}).wanted() == Wanted(checks=True)


def test_an_empty_value_leaves_the_address() -> None:
    assert Query({"before": ["7"], "text": ["ä&b"]}).changed(before="") == "text=%C3%A4%26b"
