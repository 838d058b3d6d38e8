"""A request as its page tells it: bounded, from its begin, the innermost frame first."""

from __future__ import annotations

from dataclasses import replace

from tests.console.given import NOW, TRACE, story

from obskit.console.telling import told
from obskit.stories.signals import Attributes, Error, Frame, Line, Raised, Span
from obskit.stories.story import Story


def span(number: int, above: int | None = None, start: float = 0.0, **facts: object) -> Span:
    """A span that began so many seconds after the begin, and took one."""
    parent = "" if above is None else f"{above:016x}"
    given = Span(
        TRACE, f"{number:016x}", parent, f"span {number}", "internal", NOW, NOW + 1, "shop"
    )
    return replace(given, start=NOW + start, end=NOW + start + 1.0, **facts)  # type: ignore[arg-type]


def error(number: int, *exceptions: Raised) -> Error:
    return Error("sentry", NOW + number, exceptions, f"it failed {number}", f"e-{number}", TRACE)


def test_of_a_long_story_so_much_is_told_and_the_rest_counted() -> None:
    spans = tuple(span(number, None if number == 0 else 0) for number in range(120))
    lines = tuple(Line(NOW, "info", f"line {number}") for number in range(230))
    errors = tuple(error(number, Raised("E", f"{number}")) for number in range(13))
    found = told(Story(TRACE, spans, lines, errors, cut=2))
    assert (len(found.steps), len(found.entries), len(found.faults)) == (100, 200, 10)
    assert found.cut == 2 + 20 + 30 + 3
    assert told(Story(TRACE, spans[:5], lines[:5], errors[:5])).cut == 0


def test_after_the_begin_is_after_the_first_that_has_a_moment() -> None:
    spans = (replace(span(1), start=0.0, end=0.0), span(2, start=5.0), span(3, 2, start=4.0))
    lines = (Line(NOW + 3, "info", "early"), Line(NOW + 7, "info", "late"))
    found = told(Story(TRACE, spans, lines))
    assert [(step.name, step.after) for step in found.steps] == [
        ("span 1", 0.0),
        ("span 2", 0.0),
        ("span 3", 0.0),
    ]
    assert [(entry.text, entry.after) for entry in found.entries] == [("early", 0.0), ("late", 2.0)]


def test_a_service_is_named_where_it_is_not_that_of_the_span_above() -> None:
    services = {1: (None, "shop"), 2: (1, "shop"), 3: (2, "depot"), 4: (3, "depot"), 5: (1, "shop")}
    spans = tuple(
        span(number, above, start=number / 10, service=service)
        for number, (above, service) in services.items()
    )
    found = told(Story(TRACE, spans)).steps
    assert [(step.name, step.depth, step.service) for step in found] == [
        ("span 1", 0, "shop"),
        ("span 2", 1, ""),
        ("span 3", 2, "depot"),
        ("span 4", 3, ""),
        ("span 5", 1, ""),
    ]


def test_a_story_that_goes_deep_stands_in_no_farther_than_the_page_has_room() -> None:
    spans = tuple(span(number, number - 1 if number else None) for number in range(15))
    assert [step.depth for step in told(Story(TRACE, spans)).steps] == [*range(13), 12, 12]


def test_a_statement_that_is_made_again_is_one_step_of_all_its_time() -> None:
    query: Attributes = {"db.query.text": "SELECT\n 1"}
    again = [span(number, 1, number, name="SELECT", attributes=query) for number in (2, 3, 4)]
    top, step = told(Story(TRACE, (span(1), *again))).steps
    assert (step.name, step.times, step.duration, step.after) == ("SELECT 1", 3, 3.0, 2.0)
    assert (top.times, top.duration) == (1, 1.0)


def test_a_step_says_what_was_called_and_why_it_failed_as_far_as_there_is_room() -> None:
    called: Attributes = {"url.full": "https://pay.example/"}
    failed = span(1, name="GET", attributes=called, failed=True, status_message="x" * 300)
    long = span(2, start=1.0, name="y" * 300)
    first, second = told(Story(TRACE, (failed, long))).steps
    assert (first.name, first.said) == ("GET https://pay.example/", f"{'x' * 200}…")
    assert (second.name, second.said) == (f"{'y' * 200}…", "")


def test_a_line_is_told_by_its_text_or_its_event_without_what_senders_add() -> None:
    added: Attributes = {
        "code.function.name": "charge",
        "thread.name": "MainThread",
        "process.pid": 7,
        "exception.type": "KeyError",
        "log.record.uid": "x",
        "obskit.request.id": "r-1",
        "order_id": 7,
    }
    many: Attributes = {f"field {number}": "z" * 300 for number in range(25)}
    lines = (
        Line(NOW, "info", "", "order.placed", attributes=added),
        Line(NOW, "info", "it is paid", "order.paid", attributes=many),
    )
    placed, paid = told(Story(TRACE, (), lines)).entries
    assert (placed.text, placed.fields) == ("order.placed", [("order_id", "7")])
    assert (paid.text, len(paid.fields)) == ("it is paid", 20)
    assert paid.fields[0] == ("field 0", f"{'z' * 200}…")


def test_an_error_is_told_with_its_nearest_causes_and_the_innermost_frames() -> None:
    frames = tuple(Frame("shop.py", number, "charge") for number in range(15))
    causes = [Raised("KeyError", f"cause {number}", (), f"stack {number}") for number in range(4)]
    given = error(1, *causes, Raised("ZeroDivisionError", "by zero", frames, "all of it"))
    found = told(Story(TRACE, reported=(given,))).faults
    assert [(fault.message, fault.is_cause, fault.event_id) for fault in found] == [
        ("by zero", False, "e-1"),
        ("cause 3", True, ""),
        ("cause 2", True, ""),
        ("cause 1", True, ""),
    ]
    assert [frame.line for frame in found[0].frames] == [*range(14, 2, -1)]
    assert (found[0].more, found[0].stack) == (3, "")
    assert (found[1].more, found[1].stack) == (0, "stack 3")


def test_an_error_without_an_exception_is_told_by_its_message() -> None:
    (fault,) = told(Story(TRACE, reported=(error(1),))).faults
    assert (fault.type, fault.message, fault.event_id) == ("", "it failed 1", "e-1")


def test_a_usual_story_is_told_whole() -> None:
    found = told(story())
    assert (len(found.steps), len(found.entries), len(found.faults), found.cut) == (2, 1, 2, 2)
