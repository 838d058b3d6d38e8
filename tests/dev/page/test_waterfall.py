"""Spans over time, and log lines where they were written."""

from __future__ import annotations

from tests.dev import given

from obskit import names
from obskit.dev.page.waterfall import Mark, waterfall
from obskit.stories.signals import Line, Span, Value
from obskit.stories.story import Story

START = 1_700_000_000.0


def names_of(marks: list[Mark]) -> list[tuple[int, str]]:
    return [
        (mark.depth, mark.signal.name if isinstance(mark.signal, Span) else mark.signal.body)
        for mark in marks
    ]


def story(spans: list[Span], *lines: Line) -> Story:
    return Story(given.TRACE, tuple(spans), tuple(lines))


def test_lines_stand_between_the_spans_of_their_parent_by_time() -> None:
    spans = [
        given.server(),
        given.child("a1", "first", start=START + 0.05, end=START + 0.1),
        given.child("a2", "inner", parent_id="a1", start=START + 0.06, end=START + 0.07),
        given.child("a3", "second", start=START + 0.15, end=START + 0.2),
    ]
    own = spans[0].span_id
    marks = waterfall(
        story(
            spans,
            given.line("before", time=START + 0.01, span_id=own),
            given.line("in first", time=START + 0.08, span_id="a1"),
            given.line("between", time=START + 0.12, span_id=own),
            given.line("after", time=START + 0.22, span_id=own),
        )
    )
    assert names_of(marks) == [
        (0, "GET /products/<int:product_id>"),
        (1, "before"),
        (1, "first"),
        (2, "inner"),
        (2, "in first"),
        (1, "between"),
        (1, "second"),
        (1, "after"),
    ]


def test_where_spans_end_the_inner_line_comes_first() -> None:
    spans = [given.server(), given.child("a1", "inner")]
    lines = [
        given.line("outer", time=START + 0.2, span_id=spans[0].span_id),
        given.line("inner line", time=START + 0.21, span_id="a1"),
    ]
    assert names_of(waterfall(story(spans, *lines)))[2:] == [(2, "inner line"), (1, "outer")]


def test_a_line_of_a_folded_statement_stands_beside_it() -> None:
    spans = [given.server(), *(given.query(f"a{n}") for n in range(3))]
    marks = waterfall(story(spans, given.line("slow", time=START + 0.2, span_id="a2")))
    assert names_of(marks)[1:] == [(1, "SELECT"), (1, "slow")]
    assert (marks[1].times, marks[1].is_loop, marks[1].sql) == (3, True, "SELECT 1")


def test_a_line_without_a_span_stands_in_the_topmost_one_of_its_time() -> None:
    lines = [given.line("within", time=START + 0.1), given.line("later", time=START + 9)]
    marks = waterfall(story([given.server(), given.child("a1")], *lines))
    assert names_of(marks)[1:] == [(1, "within"), (1, "work"), (0, "later")]


def test_spans_are_drawn_to_scale() -> None:
    marks = waterfall(story([given.server(), given.child("a1", end=START + 0.125)]))
    assert [(mark.left, mark.width) for mark in marks] == [(0, 1000), (500, 2)]
    assert [mark.offset for mark in marks] == [0.0, 0.125]


def test_a_story_without_extent_is_drawn() -> None:
    marks = waterfall(story([], given.line("alone")))
    assert [(mark.left, mark.depth) for mark in marks] == [(0, 0)]
    assert waterfall(story([])) == []


def test_what_the_head_and_the_error_say_is_not_repeated() -> None:
    assert waterfall(story([], given.access_line(), given.exception_line())) == []


def test_of_what_a_line_says_the_senders_own_additions_are_left_out() -> None:
    line = given.line(attributes={"order_id": 7, names.REQUEST_ID: "a", "code.line.number": 3})
    (mark,) = waterfall(story([], line))
    assert mark.pairs == [("order_id", 7)]


def test_of_what_a_line_says_beside_its_text_the_first_six_are_shown() -> None:
    attributes: dict[str, Value] = {"code.line.number": 7}
    attributes |= {f"key{number}": number for number in range(8)}
    (mark,) = waterfall(story([], given.line(attributes=attributes)))
    assert mark.pairs == [(f"key{number}", number) for number in range(6)]
