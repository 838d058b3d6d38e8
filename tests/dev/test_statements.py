"""The statements of a story, counted."""

from __future__ import annotations

from obskit.dev.statements import Statement, statements

from . import given


def test_each_statement_is_counted_and_the_longest_comes_first() -> None:
    spans = [
        given.query("a1", "SELECT 1", start=0.0, end=0.25),
        given.query("a2", "SELECT  1", start=1.0, end=1.5),
        given.query("a3", "SELECT 2", start=2.0, end=3.0),
        given.child("a4"),
    ]
    assert statements(spans) == [
        Statement("SELECT 2", times=1, repeated=1, duration=1.0, longest=1.0),
        Statement("SELECT 1", times=2, repeated=2, duration=0.75, longest=0.5),
    ]


def test_only_what_one_parent_repeats_is_a_loop() -> None:
    below_one = [given.query(f"a{n}", parent_id="p1") for n in range(3)]
    below_many = [given.query(f"a{n}", parent_id=f"p{n}") for n in range(3)]
    assert [made.is_loop for made in statements(below_one)] == [True]
    assert [made.is_loop for made in statements(below_many)] == [False]
    assert [made.is_loop for made in statements(below_one[:2])] == [False]
