"""Stories as they change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.client import HTTPResponse

import pytest
from markupsafe import Markup
from tests.dev import given

from obskit.dev.page.stream import Stream, written
from obskit.dev.search import Wanted
from obskit.stories.signals import Refused

from .browser import Browser, browsing


@pytest.fixture
def browser() -> Iterator[Browser]:
    with browsing() as ready:
        yield ready


def next_event(stream: HTTPResponse) -> tuple[int, str]:
    """Return the number of the next change and its data."""
    change, data = 0, ""
    while line := stream.readline().decode():
        if line.startswith("id: "):
            change = int(line[4:])
        elif line.startswith("data: "):
            data += line[6:]
        elif line == "\n" and data:
            if change:
                return change, data
            data = ""  # how much is kept
    raise AssertionError("the stream ended")


def follow(browser: Browser, query: str = "after=0", **headers: str) -> HTTPResponse:
    stream = browser.ask(f"{browser.root}events?{query}", **headers)
    assert (stream.status, stream.headers["Content-Type"]) == (200, "text/event-stream")
    assert stream.readline() == b": obskit dev\n"
    return stream


def row(html: str) -> tuple[str, str]:
    """Return a row's id and its title."""
    found = re.search(r'<tr id="([^"]+)".*?<a [^>]*>([^<]*)</a>', html, re.DOTALL)
    assert found
    return found[1], found[2]


def test_a_story_comes_when_it_begins_and_again_when_it_grows(browser: Browser) -> None:
    stream = follow(browser)
    browser.received(given.line())
    change, html = next_event(stream)
    assert (change, row(html)) == (1, ("story-1", "no span received"))
    browser.received(given.server())
    change, html = next_event(stream)
    assert (change, row(html)) == (2, ("story-1", "GET /products/3"))


def test_a_browser_goes_on_where_it_was(browser: Browser) -> None:
    browser.received(given.server(trace_id="a" * 32), given.server(trace_id="b" * 32))
    assert row(next_event(follow(browser, "after=1"))[1])[0] == "story-2"
    assert row(next_event(follow(browser, "after=0", Last_Event_ID="1"))[1])[0] == "story-2"


def test_only_what_is_looked_for_comes(browser: Browser) -> None:
    stream = follow(browser, "after=0&status=5xx")
    failing = {**given.server().attributes, "http.response.status_code": 500}
    browser.received(given.server(trace_id="a" * 32))
    browser.received(given.server(trace_id="b" * 32, attributes=failing))
    assert row(next_event(stream)[1])[0] == "story-2"


def test_more_than_one_page_of_changes_comes_whole(browser: Browser) -> None:
    browser.received(*(given.server(trace_id=f"{number:032x}") for number in range(120)))
    stream = follow(browser)
    assert [next_event(stream)[0] for _ in range(120)] == list(range(1, 121))


def next_kept(stream: HTTPResponse) -> str:
    """Return what the next event says of how much is kept."""
    while stream.readline() != b"event: kept\n":
        pass
    return re.sub(r"<[^>]*>", "", stream.readline().decode().removeprefix("data: ")).strip()


def test_how_much_is_kept_is_told_whatever_is_looked_for(browser: Browser) -> None:
    stream = follow(browser, "after=0&status=5xx")
    browser.received(given.server(trace_id="a" * 32))
    assert next_kept(stream) == "1 story kept, 0.0 MB."
    browser.received(given.server(trace_id="b" * 32))
    assert next_kept(stream) == "2 stories kept, 0.0 MB."


def test_a_loss_is_told_at_once(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obskit.dev.page.stream._HEARTBEAT_S", 3600.0)
    stream = follow(browser)
    browser.received(Refused("/v1/logs", 400, "empty"))
    assert next_kept(stream) == "0 stories kept, 0.0 MB; refused: 1."


def test_the_stream_ends_with_obskit_dev(browser: Browser) -> None:
    stream = follow(browser)
    browser.archive.close()
    assert stream.read() == b"\n"


def test_too_many_followers_are_refused_until_one_has_gone(browser: Browser) -> None:
    streams = [follow(browser) for _ in range(32)]
    assert browser.ask(f"{browser.root}events").status == 503
    browser.close()
    for stream in streams:
        stream.close()
    for _ in range(600):
        # A write shows that the other side has gone.
        browser.received(given.line())
        if browser.ask(f"{browser.root}events").status == 200:
            return
    raise AssertionError("no place became free")


def test_a_follower_whom_nobody_reads_leaves_its_place_when_it_goes(browser: Browser) -> None:
    following = Stream(browser.archive, lambda *_: Markup(), Markup)
    for _ in range(40):
        events = following.follow(Wanted(), 0)
        assert events is not None
        events.close()


def test_who_follows_is_told_of_each_change_once_and_else_that_it_lives(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("obskit.dev.page.stream._HEARTBEAT_S", 0.01)
    following = Stream(browser.archive, lambda *_: Markup("row"), lambda: Markup("kept"))
    events = following.follow(Wanted(text="wanted"), 0)
    assert events is not None
    browser.received(given.line("wanted"))
    told = [next(events) for _ in range(3)]
    assert told == [b": obskit dev\n\n", b"id: 1\ndata: row\n\n", b"event: kept\ndata: kept\n\n"]
    browser.received(given.line("other", trace_id="b" * 32))
    assert [next(events) for _ in range(2)] == [b":\n\n"] * 2
    browser.received(given.server())
    assert next(events) == b"id: 3\ndata: row\n\n"
    events.close()


def test_every_line_of_the_data_is_marked() -> None:
    assert written("a\r\nb\x85c") == b"data: a\ndata: b\ndata: c\n\n"
