"""Spans become rows."""

from __future__ import annotations

from hypothesis import given as having
from hypothesis import settings
from hypothesis import strategies as st
from tests.dev import given

from obskit.stories.signals import Span
from obskit.stories.tree import roots, rows, statement

Shape = list[tuple[int, str, int]]


def shape(*spans: Span) -> Shape:
    """The depth, the span id and the count of every row."""
    return [(row.depth, row.span.span_id, row.times) for row in rows(spans)]


def test_children_stand_below_their_parent_in_order_of_start() -> None:
    root = given.server()
    first = given.child("a" * 16)
    second = given.child("b" * 16, start=root.start + 0.2, end=root.start + 0.21)
    grandchild = given.child("c" * 16, parent_id=first.span_id)
    assert shape(second, grandchild, root, first) == [
        (0, root.span_id, 1),
        (1, "a" * 16, 1),
        (2, "c" * 16, 1),
        (1, "b" * 16, 1),
    ]


def test_the_same_statement_several_times_is_one_row_with_the_sum() -> None:
    root = given.server()
    queries = [given.query(f"{n:016x}") for n in range(1, 4)]
    other = given.query("f" * 16, "SELECT 2")
    laid = rows([root, *queries, other])
    assert [(row.span.span_id, row.times) for row in laid] == [
        (root.span_id, 1),
        (f"{1:016x}", 3),
        ("f" * 16, 1),
    ]
    assert laid[1].duration == 0.1875


def test_statements_of_different_parents_or_with_children_are_not_folded() -> None:
    root = given.server()
    with_child, plain_one, plain_two = (given.query(f"{n:016x}") for n in range(1, 4))
    below = given.child("d" * 16, parent_id=with_child.span_id)
    elsewhere = given.query("e" * 16, parent_id=below.span_id)
    assert shape(root, with_child, plain_one, plain_two, below, elsewhere) == [
        (0, root.span_id, 1),
        (1, f"{1:016x}", 1),
        (2, "d" * 16, 1),
        (3, "e" * 16, 1),
        (1, f"{2:016x}", 2),
    ]


def test_spans_without_a_statement_are_not_folded() -> None:
    root = given.server()
    same = [given.child(f"{n:016x}", "work") for n in range(1, 3)]
    assert [row.times for row in rows([root, *same])] == [1, 1, 1]


def test_spans_without_their_parent_are_roots() -> None:
    late = given.child("a" * 16, parent_id="9" * 16, start=5.0)
    early = given.child("b" * 16, parent_id="8" * 16, start=1.0)
    assert [span.span_id for span in roots([late, early])] == ["b" * 16, "a" * 16]
    assert shape(late, early) == [(0, "b" * 16, 1), (0, "a" * 16, 1)]


def test_spans_that_name_each_other_as_parent_are_still_shown() -> None:
    one = given.child("a" * 16, parent_id="b" * 16)
    other = given.child("b" * 16, parent_id="a" * 16)
    itself = given.child("c" * 16, parent_id="c" * 16)
    assert shape(one, other, itself) == [(0, "a" * 16, 1), (1, "b" * 16, 1), (0, "c" * 16, 1)]


def test_a_statement_is_found_under_its_old_name_and_put_on_one_line() -> None:
    assert statement({"db.statement": "SELECT 1\n\tFROM  t"}) == "SELECT 1 FROM t"
    assert statement({"db.query.text": "", "db.statement": 7}) == ""


IDS = st.integers(0, 7)


@settings(deadline=None)
@having(
    st.lists(
        st.tuples(IDS, IDS, st.sampled_from(["", "SELECT 1"])),
        max_size=8,
        unique_by=lambda drawn: drawn[0],
    )
)
def test_every_span_is_in_exactly_one_row(drawn: list[tuple[int, int, str]]) -> None:
    spans = [
        given.query(f"{span:016x}", text, parent_id=f"{parent:016x}")
        for span, parent, text in drawn
    ]
    assert sum(row.times for row in rows(spans)) == len(spans)
