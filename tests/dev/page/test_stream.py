"""Stories as they change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.client import HTTPResponse

import pytest
from tests.dev import given

from obskit.dev.page.stream import event

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
            return change, data
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


def test_every_line_of_the_data_is_marked() -> None:
    assert event(3, "a\r\nb\x85c") == b"id: 3\ndata: a\ndata: b\ndata: c\n\n"
