"""A story in one line."""

from __future__ import annotations

from obskit import names
from obskit.dev.entry import Entry, entry_of
from obskit.stories.story import Story

from . import given
from .given import TRACE


def test_a_request_is_summed_up() -> None:
    spans = (given.server(), *(given.query(f"a{n}") for n in range(3)), given.child("b1"))
    story = Story(TRACE, spans, (given.line(), given.access_line(), given.exception_line()))
    assert entry_of(story) == Entry(
        trace_id=TRACE,
        request_ids=(TRACE,),
        title="GET /products/3",
        start=1_700_000_000.0,
        duration=0.25,
        status=200,
        failed=True,
        services=("shop",),
        routes=("/products/<int:product_id>",),
        spans=5,
        queries=3,
        repeated=3,
        lines=1,
        errors=1,
        is_check=False,
    )


def test_services_stand_in_the_order_of_their_spans() -> None:
    late = given.child("a1", service="billing")
    assert entry_of(Story(TRACE, (late, given.server()))).services == ("shop", "billing")


def test_a_check_that_raised_nothing_is_a_check() -> None:
    run = given.child("a1", "check", parent_id="", attributes={names.CHECK_NAME: "db"})
    assert entry_of(Story(TRACE, (run,))).is_check
    assert not entry_of(Story(TRACE, (run,), (given.exception_line(),))).is_check


def test_a_check_whose_line_came_before_its_span_is_a_check() -> None:
    assert entry_of(Story(TRACE, lines=(given.check_line("ok"),))).is_check


def test_a_request_that_tells_of_a_check_is_a_request() -> None:
    story = Story(TRACE, (given.server(),), (given.check_line("ok"),))
    assert not entry_of(story).is_check


def test_a_story_of_lines_alone_has_no_title() -> None:
    entry = entry_of(Story(TRACE, lines=(given.line(),)))
    assert (entry.title, entry.duration, entry.lines, entry.failed) == ("", None, 1, False)
