"""What the pages show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape

import pytest
from tests.dev import given

from obskit import names
from obskit.stories.signals import Frame, Point, Raised, Refused, Signal, SpanEvent, Value

from .browser import Browser, browsing

START = 1_700_000_000.0
FRAMES = (
    Frame("/x/site-packages/flask/app.py", 9, "dispatch", in_app=False),
    Frame("shop.py", 84, "total", "return basket['price']", True, {"basket": "{'sku': 'A-1'}"}),
)


@pytest.fixture
def browser() -> Iterator[Browser]:
    with browsing() as ready:
        yield ready


def text(html: str) -> list[str]:
    """Return the rows of a page's tables as text, and what is a paragraph or a heading."""
    blocks = re.findall(r"<(?:tr|p|h1|h2|h3|pre)\b.*?</(?:tr|p|h1|h2|h3|pre)>", html, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]*>", " ", block)).split()) for block in blocks]


def rows(html: str) -> list[str]:
    return re.findall(r'<tr id="([^"]*)"', html)


def test_before_anything_arrives_the_page_says_so(browser: Browser) -> None:
    assert "Nothing was received yet." in text(browser.get())
    assert "No check has told a result." in text(browser.get("checks"))
    assert "Nothing was received yet." in text(browser.get("metrics"))
    assert "Nothing was received yet." in text(browser.get("loose"))


def test_the_list_says_of_each_request_what_one_chooses_by(browser: Browser) -> None:
    browser.received(given.server(), *(given.query(f"a{n}") for n in range(3)))
    browser.received(given.line(), given.exception_line())
    shown = text(browser.get())
    assert shown[-1].split(" ", 1)[1] == (
        "GET /products/3 200 250 ms shop 4 spans, 3 queries N+1: ×3 , 1 line, 1 error"
    )
    assert "1 story kept, 0.0 MB." in shown


def test_the_list_is_paged_and_only_its_newest_page_is_live(browser: Browser) -> None:
    browser.received(*(given.server(trace_id=f"{number:032x}") for number in range(60)))
    first = browser.get("?service=shop")
    assert (rows(first)[0], rows(first)[-1], len(rows(first))) == ("story-60", "story-11", 50)
    assert f'data-events="{browser.root}events?service=shop&amp;after=60"' in first
    older = re.search(r'href="[^"]*\?([^"]*)" rel="next"', first)
    assert older
    second = browser.get("?" + unescape(older[1]))
    assert rows(second) == [f"story-{number}" for number in range(10, 0, -1)]
    assert "data-events" not in second
    assert f'<a href="{browser.root}?service=shop">To the newest</a>' in second


def test_what_is_looked_for_stays_in_the_form(browser: Browser) -> None:
    browser.received(given.server())
    page = browser.get("?id=4bf9&route=%2Fproducts&status=200&service=shop&text=GET&checks=1")
    assert rows(page) == ["story-1"]
    for field in (
        '<input name="id" value="4bf9"',
        '<input name="route" value="/products"',
        '<input name="status" value="200"',
        '<option selected value="shop">',
        '<input name="text" value="GET"',
        '<input type="checkbox" name="checks" value="1" checked>',
    ):
        assert field in page
    assert "Nothing matches." in text(browser.get("?status=5xx"))


def test_what_is_no_status_is_said_with_what_is_one(browser: Browser) -> None:
    browser.received(given.server())
    assert "<50 is no status: write a number such as 404, a class such as 5xx, or failed." in text(
        browser.get("?status=%3C50")
    )
    assert [line for line in text(browser.get("?status=failed")) if "no status" in line] == []


def test_losses_are_told(browser: Browser) -> None:
    browser.received(Refused("/v1/logs", 400, "empty"))
    for number in range(10_001):
        browser.received(Point("n", "", (("k", str(number)),), 1.0))
    browser.received(*(given.check_line("ok", "x" * 70_000),))
    assert text(browser.get())[1] == (
        "0 stories kept, 0.0 MB; check results not kept: 1; refused: 1;"
        " points of too many series: 1."
    )


def test_a_story_is_a_waterfall_with_its_lines_in_place(browser: Browser) -> None:
    browser.received(
        given.server(),
        *(given.query(f"a{n}", start=START + 0.05, end=START + 0.06) for n in range(4)),
        given.line("begun", attributes={"order_id": 7}),
        given.line("done", time=START + 0.2, level="warning"),
    )
    page = browser.get("story?number=1")
    summaries = re.sub(r"<dl.*?</dl>", "", page, flags=re.DOTALL)
    assert [line for line in text(summaries) if line.startswith("+")] == [
        "+0.00 ms GET /products/<int:product_id> shop 250 ms",
        "+20.0 ms info begun order_id=7 shop",
        "+50.0 ms N+1: ×4 SELECT 1 shop 40.0 ms",
        "+200 ms warning done shop",
    ]
    assert page.count("<svg ") == 4
    assert '<rect class="span-bar" x="0" y="1" width="1000" height="8"/>' in page
    assert "4 N+1: ×4 40.0 ms 10.0 ms SELECT 1" in text(page)


def test_of_many_requests_in_one_trace_the_first_are_told_and_the_rest_counted(
    browser: Browser,
) -> None:
    browser.received(*(given.server(span_id=f"{number:016x}") for number in range(8)))
    page = browser.get("story?number=1")
    assert len(re.findall(r"<h[12]>", page)) == 5
    assert "… 3 more requests" in text(page)


def test_an_error_is_shown_with_stack_and_locals(browser: Browser) -> None:
    cause = Raised("ValueError", "no price")
    browser.received(given.event(cause, Raised("app.Declined", "card", FRAMES)))
    page = browser.get("story?number=1")
    shown = text(page)
    assert "app.Declined : card" in shown
    assert "from ValueError : no price" in shown
    assert "shop.py:84 in total" in shown
    assert "return basket['price']" in shown
    assert "<dt>basket</dt> <dd>{&#39;sku&#39;: &#39;A-1&#39;}</dd>" in page
    assert "The whole stack of error 1 Sentry event e1" in shown
    whole = text(browser.get("error?number=1&error=0"))
    assert "/x/site-packages/flask/app.py:9 in dispatch" in whole
    assert "ValueError : no price" in whole


def test_a_stack_that_is_text_alone_is_shown(browser: Browser) -> None:
    browser.received(given.event(Raised("E", "m", stacktrace="at one\nat two")))
    assert "at one at two" in text(browser.get("story?number=1"))
    assert text(browser.get("error?number=1"))[-2:] == ["at one", "at two"]


def test_a_message_alone_is_an_error_too(browser: Browser) -> None:
    browser.received(given.event(message="out of stock"))
    assert "out of stock" in text(browser.get("story?number=1"))
    assert "out of stock" in text(browser.get("error?number=1"))


def test_what_a_story_lost_is_told(browser: Browser) -> None:
    browser.received(*(given.line(f"line {number}") for number in range(502)))
    assert "2 more spans, lines and errors were not kept" in text(browser.get("story?number=1"))[2]


def test_a_long_story_is_paged(browser: Browser) -> None:
    browser.received(*(given.line(f"line {number}") for number in range(400)))
    seen: list[str] = []
    page = browser.get("story?number=1")
    while following := re.search(r'href="[^"]*/(story\?[^"]*)" rel="next"', page):
        assert len(page.encode()) < 100_000
        seen += re.findall(r">(line \d+)<", page)
        page = browser.get(unescape(following[1]))
    seen += re.findall(r">(line \d+)<", page)
    assert seen == [f"line {number}" for number in range(400)]


def test_checks_are_shown_with_their_newest_states(browser: Browser) -> None:
    line = given.check_line("ok")
    late = given.check_line("critical", message="no answer")
    more: dict[str, Value] = {
        names.CHECK_SEVERITY: "sev1",
        names.CHECK_OWNER: "data",
        names.CHECK_RESULT_VALUE: 3,
    }
    browser.received(line, replace(late, attributes={**late.attributes, **more}))
    page = browser.get("checks")
    (row,) = [row for row in text(page) if "database" in row]
    assert re.sub(r"\d\d:\d\d:\d\d", "NOW", row) == (
        "critical database shop no answer 3 NOW sev1 data"
    )
    assert '<span class="state critical">critical</span>' in page


def test_the_newest_value_of_each_series_is_shown(browser: Browser) -> None:
    for value in (1.0, 2.5):
        browser.received(Point("queue.size", "'shop' 'a'", (("queue", "mail"),), value))
    browser.received(Point("other", "'shop' 'a'", (), 7.0))
    assert text(browser.get("metrics"))[-2:] == [
        "other 'shop' 'a' 7",
        "queue.size queue=mail 'shop' 'a' 2.5",
    ]
    assert text(browser.get("metrics?name=queue"))[-1] == "queue.size queue=mail 'shop' 'a' 2.5"
    assert "Nothing matches." in text(browser.get("metrics?name=nothing"))


def test_metrics_are_paged(browser: Browser) -> None:
    points = [Point(f"m{number:04}", "", (), 1.0) for number in range(2000)]
    browser.received(*points)
    seen: list[str] = []
    page = browser.get("metrics")
    while following := re.search(r'href="[^"]*/(metrics\?[^"]*)" rel="next"', page):
        seen += re.findall(r">(m\d+)<", page)
        page = browser.get(unescape(following[1]))
    seen += re.findall(r">(m\d+)<", page)
    assert seen == [f"m{number:04}" for number in range(2000)]


def test_what_belongs_to_no_request_is_shown(browser: Browser) -> None:
    error = given.event(Raised("KeyError", "'x'", FRAMES), trace_id="")
    browser.received(given.line("started", trace_id=""), error, Refused("/v1/logs", 400, "empty"))
    shown = [re.sub(r"\d\d:\d\d:\d\d ", "", line) for line in text(browser.get("loose"))]
    assert "refused /v1/logs with 400: empty" in shown
    assert "info shop started" in shown
    assert [line for line in shown if line.startswith("error KeyError : 'x'")]


CANARY = "<script>alert(1)</script>\"'&\u202e\x00{{7*7}}"


def hostile() -> list[Signal]:
    """Signals with markup in every field that can hold text."""
    attributes = {
        CANARY: CANARY,
        names.HTTP_ROUTE: CANARY,
        names.REQUEST_ID: CANARY,
        names.URL_PATH: CANARY,
        names.HTTP_REQUEST_METHOD: CANARY,
        "db.query.text": CANARY,
    }
    event = SpanEvent(START, CANARY, {names.EXCEPTION_TYPE: CANARY, "exception.message": CANARY})
    frame = Frame(CANARY, 1, CANARY, CANARY, True, {CANARY: CANARY})
    raised = Raised(CANARY, CANARY, (frame,), CANARY)
    span = given.server(
        name=CANARY, service=CANARY, status_message=CANARY, attributes=attributes, failed=True
    )
    check = dict.fromkeys(
        (
            names.CHECK_NAME,
            names.CHECK_STATE,
            names.CHECK_RESULT_MESSAGE,
            names.CHECK_RESULT_VALUE,
            names.CHECK_RESULT_UNIT,
            names.CHECK_SEVERITY,
            names.CHECK_OWNER,
        ),
        CANARY,
    )
    line = given.line(CANARY, level=CANARY, service=CANARY, attributes={CANARY: [CANARY]})
    return [
        replace(span, events=(event,)),
        replace(span, span_id="b1", parent_id=span.span_id),
        line,
        replace(line, trace_id=""),
        replace(line, trace_id=CANARY),
        given.event(raised, raised, event_id=CANARY, service=CANARY),
        given.event(raised, event_id="e2", trace_id="", service=CANARY),
        replace(given.check_line("ok"), attributes=check, service=CANARY),
        Point(CANARY, CANARY, ((CANARY, CANARY),), 1.0),
        Refused(CANARY, 400, CANARY),
    ]


ALL_PAGES = (
    "",
    "?id={0}&route={0}&status={0}&service={0}&text={0}",
    "story?number=1",
    "story?number=2",
    "error?number=1",
    "checks",
    "metrics",
    "metrics?name={0}",
    "loose",
)


@pytest.mark.parametrize("page", ALL_PAGES)
def test_markup_in_any_field_is_text(browser: Browser, page: str) -> None:
    browser.received(*hostile())
    html = browser.get(page.format("%3Cscript%3Ealert(1)%3C/script%3E%22'%26%E2%80%AE"))
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;\\u202e" in html
    assert "\u202e" not in html
    assert "\x00" not in html


def test_markup_in_the_stream_is_text(browser: Browser) -> None:
    browser.received(*hostile())
    stream = browser.ask(f"{browser.root}events?after=0")
    lines = [stream.readline().decode() for _ in range(9)]
    assert "<script>" not in "".join(lines)
    assert "&lt;script&gt;alert(1)" in "".join(lines)


@pytest.fixture(scope="module")
def full() -> Iterator[Browser]:
    """A page with more of everything than fits, in characters that grow when they are shown."""
    long = '"' * 700
    many = {f"{number}{long}": long for number in range(30)}
    raised = Raised(long, long, (Frame(long, 1, long, long, True, many),) * 8, long)
    of_one: list[Signal] = []
    with browsing() as ready:
        for number in range(60):
            trace = f"{number:032x}"
            ready.received(
                given.server(trace_id=trace, name=long, service=f"{number}{long}"),
                given.line(long, trace_id="", service=long, attributes=many),
                replace(given.check_line("ok", f"{number}{long}", long), service=long),
                Point(f"{number}{long}", long, tuple(many.items()), 1.0),
                given.event(raised, raised, trace_id=trace, event_id=long, message=long),
            )
            of_one += (
                given.query(f"a{number}", f"{number}{long}", trace_id="0" * 32, service=long),
                given.child(f"b{number}", long, trace_id="0" * 32, attributes=many),
                given.line(long, trace_id="0" * 32, attributes=many),
                given.event(
                    replace(raised, type=f"{number}{long}"), trace_id="0" * 32, event_id=f"{number}"
                ),
            )
        ready.received(*of_one)
        yield ready


@pytest.mark.parametrize("page", ALL_PAGES)
def test_no_page_reaches_100_kilobytes(full: Browser, page: str) -> None:
    size = len(full.get(page.format("x" * 300)).encode())
    assert 1_000 < size < 100_000
