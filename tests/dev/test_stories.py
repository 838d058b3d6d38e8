"""Stories are complete when they fall quiet, told once, and bounded."""

from __future__ import annotations

import threading

import pytest

from obskit import names
from obskit.dev.checks import CheckChange
from obskit.dev.stories import News, Stories
from obskit.stories.signals import Line, Point, Raised, Refused, Signal, SpanEvent
from obskit.stories.story import Story

from . import given
from .given import TRACE, HandClock


class Told:
    """Stories with a clock that is moved by hand."""

    def __init__(self, most: int = 1000) -> None:
        self.clock = HandClock()
        self.stories = Stories(clock=self.clock, quiet=0.5, patience=5.0, most=most)

    def receive(self, *signals: Signal) -> None:
        self.stories.receive(signals)

    def after(self, seconds: float) -> list[News]:
        self.clock.seconds += seconds
        return self.stories.due()

    def story_after(self, seconds: float) -> Story:
        (story,) = self.after(seconds)
        assert isinstance(story, Story)
        return story


@pytest.fixture
def told() -> Told:
    return Told()


def test_a_story_is_told_when_its_request_has_ended_and_nothing_came_for_a_while(
    told: Told,
) -> None:
    query, line, server = given.query("a" * 16), given.line(), given.server()
    told.receive(query, line)
    assert told.after(0.5) == []
    told.receive(server)
    assert told.after(0.25) == []
    assert told.after(0.25) == [Story(TRACE, (query, server), (line,))]
    assert told.after(10) == []


def test_every_arrival_starts_the_wait_anew(told: Told) -> None:
    told.receive(given.server())
    assert told.after(0.25) == []
    told.receive(given.line())
    assert told.after(0.25) == []
    assert len(told.story_after(0.25).lines) == 1


def test_a_story_without_its_request_is_told_when_patience_ends(told: Told) -> None:
    told.receive(given.line())
    assert told.after(4.75) == []
    assert told.story_after(0.25).lines == (given.line(),)


def test_the_rest_is_told_at_the_end_complete_or_not(told: Told) -> None:
    told.receive(given.line())
    assert told.stories.rest() == [Story(TRACE, lines=(given.line(),))]
    assert told.stories.rest() == []


def test_what_comes_later_is_told_as_an_addition(told: Told) -> None:
    told.receive(given.server(), given.event(Raised("KeyError", "'price'")))
    told.after(0.5)
    told.receive(given.line("afterwards"), given.exception_line())
    assert told.after(0.25) == []
    addition = told.story_after(0.25)
    assert addition.late
    assert addition.spans == ()
    assert [line.body for line in addition.lines] == ["afterwards", "exception"]
    assert addition.errors() == []
    assert told.after(10) == []


def test_an_addition_needs_no_root(told: Told) -> None:
    told.receive(given.line("first"))
    told.after(5)
    told.receive(given.server())
    assert told.story_after(0.5).spans == (given.server(),)


def test_lines_are_in_order_of_time(told: Told) -> None:
    told.receive(given.line("second", time=2.0), given.line("first", time=1.0), given.server())
    assert [line.body for line in told.story_after(0.5).lines] == ["first", "second"]


def test_what_is_told_at_once_is_in_order_of_time(told: Told) -> None:
    late = given.server(trace_id="a" * 32, start=9.0)
    told.receive(late, given.server(start=8.0), given.line(time=7.0, trace_id=""))
    told.receive(Refused("/v1/logs", 400, "broken"))
    kinds = [type(news).__name__ for news in told.after(0.5)]
    assert kinds == ["Refused", "Line", "Story", "Story"]


def test_lines_and_errors_without_a_trace_are_told_at_once(told: Told) -> None:
    line, error = given.line(trace_id=""), given.event(message="odd", trace_id="")
    told.receive(line, error)
    assert told.after(0) == [line, error]
    assert told.after(10) == []


def test_what_is_sent_twice_is_kept_once(told: Told) -> None:
    told.receive(given.server(), given.server(), given.event(), given.event())
    story = told.story_after(0.5)
    assert (len(story.spans), len(story.reported), story.cut) == (1, 1, 0)


def test_a_story_is_bounded_and_says_what_was_cut(told: Told) -> None:
    told.receive(*(given.child(f"{n:016x}") for n in range(503)))
    told.receive(*(given.line() for _ in range(504)))
    told.receive(*(given.event(event_id="") for _ in range(25)), given.server())
    (story,) = told.stories.all()
    assert (len(story.spans), len(story.lines), len(story.reported)) == (500, 500, 20)
    assert story.cut == 3 + 1 + 4 + 5


def test_a_span_that_was_kept_is_still_known_when_the_story_is_full(told: Told) -> None:
    told.receive(*(given.child(f"{n:016x}") for n in range(500)), given.child(f"{7:016x}"))
    assert told.stories.all()[0].cut == 0


def test_an_event_that_was_kept_is_still_known_when_the_story_is_full(told: Told) -> None:
    events = [given.event(event_id=f"e{n}") for n in range(20)]
    told.receive(*events, events[3])
    assert told.stories.all()[0].cut == 0


def test_an_addition_tells_only_of_what_was_cut_since(told: Told) -> None:
    told.receive(given.server(), *(given.line() for _ in range(502)))
    assert told.story_after(0.5).cut == 2
    told.receive(given.line())
    assert told.story_after(0.5).cut == 1


def test_only_the_newest_stories_are_kept_and_the_lost_are_counted() -> None:
    told = Told(most=2)
    traces = [f"{n:032x}" for n in range(4)]
    told.receive(given.server(trace_id=traces[0]))
    told.after(0.5)
    told.receive(*(given.server(trace_id=trace) for trace in traces[1:]))
    assert [story.trace_id for story in told.stories.all()] == traces[2:]
    assert told.stories.counts["stories lost"] == 1


def test_lines_outside_of_stories_are_bounded_and_the_lost_are_counted(told: Told) -> None:
    told.receive(*(given.line(trace_id="") for _ in range(10_002)))
    assert len(told.after(0)) == 10_000
    assert told.stories.counts["lines lost"] == 2


def test_all_stories_are_whole_whether_told_or_not(told: Told) -> None:
    told.receive(given.server())
    told.after(0.5)
    told.receive(given.line())
    told.after(0.5)
    assert told.stories.all() == [Story(TRACE, (given.server(),), (given.line(),))]


def check_run(**fields: object) -> Signal:
    attributes = {names.CHECK_NAME: "database"}
    return given.server(kind="internal", name="check database", attributes=attributes, **fields)


FAILURE = SpanEvent(0.0, "exception", {names.EXCEPTION_TYPE: "ConnectionError"})


def test_a_check_is_told_of_the_first_time_and_when_it_changes(told: Told) -> None:
    ok, bad = given.check_line("ok"), given.check_line("critical", message="refused")
    told.receive(ok, ok, bad, bad, ok)
    assert told.after(0) == [
        CheckChange("database", "ok", "", "", ok.time),
        CheckChange("database", "critical", "ok", "refused", ok.time),
        CheckChange("database", "ok", "critical", "", ok.time),
    ]
    assert told.stories.checks.states == {"database": "ok"}


def test_a_result_without_name_or_state_is_told_as_unknown(told: Told) -> None:
    told.receive(given.line(event_name=names.EVENT_CHECK, attributes={}))
    (change,) = told.after(0)
    assert isinstance(change, CheckChange)
    assert (change.name, change.state) == ("?", "unknown")


def test_the_states_of_checks_are_bounded(told: Told) -> None:
    told.receive(*(given.check_line("ok", name=f"check-{n}") for n in range(1001)))
    told.receive(given.check_line("critical", name="check-7"))
    assert len(told.stories.checks.states) == 1000
    assert told.stories.checks.states["check-7"] == "critical"


def test_the_run_of_a_check_that_is_well_is_no_story(told: Told) -> None:
    result = given.line(event_name=names.EVENT_CHECK, attributes=given.check_line("ok").attributes)
    told.receive(result, check_run())
    assert [type(news) for news in told.after(10)] == [CheckChange]
    assert told.stories.rest() == []


def test_the_run_in_which_a_check_failed_first_is_a_story(told: Told) -> None:
    for trace in ("a" * 32, "b" * 32):
        attributes = given.check_line("critical").attributes
        result = given.line(event_name=names.EVENT_CHECK, trace_id=trace, attributes=attributes)
        told.receive(result, check_run(trace_id=trace, events=(FAILURE,)))
    stories = [news for news in told.after(10) if isinstance(news, Story)]
    assert [story.trace_id for story in stories] == ["a" * 32]


def test_the_run_of_a_check_that_logs_is_a_story(told: Told) -> None:
    told.receive(check_run(), given.line())
    assert told.story_after(0.5).lines == (given.line(),)


def test_the_runs_of_checks_are_not_counted_as_lost_stories() -> None:
    told = Told(most=1)
    told.receive(check_run(), given.server(trace_id="a" * 32))
    assert told.stories.counts["stories lost"] == 0


def test_points_add_up_by_series(told: Told) -> None:
    ok, failed = (("http.route", "/"), ("status", "200")), (("status", "500"),)
    told.receive(
        Point("requests", "a", ok, 3),
        Point("requests", "a", ok, 5),
        Point("requests", "b", ok, 1),
        Point("requests", "a", failed, 1, delta=True),
        Point("requests", "a", failed, 2, delta=True),
        Point("other", "a", ok, 100),
    )
    assert told.stories.series.total("requests") == 9.0
    assert told.stories.series.total("requests", status="200") == 6.0
    assert told.stories.series.total("requests", status="200", http_route="/x") == 0.0


def test_series_are_bounded(told: Told) -> None:
    told.receive(*(Point("m", "", (("n", str(n)),), 1) for n in range(10_001)))
    told.receive(Point("m", "", (("n", "7"),), 5))
    assert told.stories.series.total("m") == 10_004.0


def test_everything_is_counted(told: Told) -> None:
    told.receive(given.server(), given.line(), given.event(), Point("m", "", (), 1))
    told.receive(Refused("/", 400, ""), Line(0.0, "", ""))
    assert told.stories.counts == {
        "spans": 1,
        "lines": 2,
        "errors": 1,
        "points": 1,
        "refused": 1,
    }


def test_several_threads_may_send_at_once(told: Told) -> None:
    def send(number: int) -> None:
        for n in range(200):
            told.receive(given.server(span_id=f"{number:08x}{n:08x}"))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert told.stories.counts["spans"] == 800
    (story,) = told.stories.all()
    assert len(story.spans) + story.cut == 800
