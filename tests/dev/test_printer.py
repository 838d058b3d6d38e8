"""What is shown, compared line by line."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given as having
from hypothesis import settings
from hypothesis import strategies as st
from rich.console import Console

from obskit import names
from obskit.dev.checks import CheckChange
from obskit.dev.printer import Printer
from obskit.dev.stories import News
from obskit.stories.signals import Frame, Raised, Refused, Value
from obskit.stories.story import Story

from . import given
from .given import TRACE


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def shown(*news: News, width: int = 80, colour: bool = False) -> str:
    output = io.StringIO()
    console = Console(
        file=output,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        _environ={},
    )
    Printer(console).show(news)
    return output.getvalue()


def lines(*news: News, width: int = 80) -> list[str]:
    return shown(*news, width=width).splitlines()


def test_a_story_is_its_request_its_lines_its_spans_and_its_error() -> None:
    select = "SELECT products.id, products.name, products.price FROM products WHERE id = ?"
    frames = (
        Frame("flask/app.py", 10, "dispatch", "view()", in_app=False),
        Frame("shop.py", 84, "show", "    return total(basket)", in_app=True),
        Frame(
            "shop.py",
            90,
            "total",
            '    return basket["price"]',
            in_app=True,
            variables={"basket": "{'sku': 'A-1'}"},
        ),
    )
    story = Story(
        TRACE,
        spans=(
            given.server(failed=True, status_message="'price'"),
            given.query("a" * 16, select),
            given.child("b" * 16, "price.calculate", failed=True, status_message="too slow"),
        ),
        lines=(
            given.line(attributes={"order_id": 7, "note": "two words", names.REQUEST_ID: TRACE}),
            given.access_line(),
            given.exception_line(),
        ),
        reported=(given.event(Raised("KeyError", "'price'", frames)),),
    )
    assert lines(story) == [
        "",
        "22:13:20 GET /products/3 200  250 ms  4bf92f3577b34da6a3ce929d0e0e4736",
        "   +20.0 ms  info    order.placed  order_id=7  note='two words'",
        "     250 ms  GET /products/<int:product_id>",
        "    62.5 ms    SELECT products.id, products.name, products.price FROM products …",
        "    62.5 ms    price.calculate  too slow",
        "  ✗ KeyError: 'price'",
        "    shop.py:90 in total",
        '      return basket["price"]',
        "      basket = {'sku': 'A-1'}",
        "    shop.py:84 in show",
        "      return total(basket)",
        "    … 1 more frame in flask",
        "    Sentry event e1",
    ]


def test_a_request_without_anything_within_is_one_line() -> None:
    story = Story(TRACE, (given.server(name="GET"),), (given.access_line(),))
    assert lines(story) == [
        "",
        "22:13:20 GET /products/3 200  250 ms  4bf92f3577b34da6a3ce929d0e0e4736",
    ]


def test_an_id_that_does_not_fit_stands_on_its_own_line() -> None:
    story = Story(TRACE, (given.server(name="GET"),))
    assert len(lines(story, width=70)) == 2
    assert lines(story, width=69) == [
        "",
        "22:13:20 GET /products/3 200  250 ms",
        "         4bf92f3577b34da6a3ce929d0e0e4736",
    ]


def test_repeated_statements_show_how_often() -> None:
    story = Story(TRACE, (given.server(), given.query("a" * 16), given.query("b" * 16)))
    assert lines(story)[-1] == "     125 ms    ×2 SELECT 1"


def test_spans_of_another_service_name_it() -> None:
    call = given.child("a" * 16, "GET", kind="client", attributes={"http.url": "http://pay/"})
    inner = given.server(span_id="b" * 16, parent_id="a" * 16, name="GET /", service="pay")
    again = given.child("c" * 16, "back")
    assert lines(Story(TRACE, (given.server(), call, inner, again)))[2:] == [
        "     250 ms  GET /products/<int:product_id>",
        "    62.5 ms    GET http://pay/",
        "     250 ms      pay: GET /",
        "    62.5 ms    back",
    ]


def test_an_addition_that_says_nothing_new_is_not_shown() -> None:
    """Such as the event of Sentry's of an error that was told already."""
    error = given.event(Raised("KeyError", "'sku'"))
    told = Story(TRACE, reported=(error,), late=True, told=frozenset({error.key}))
    assert shown(told, given.line("next", trace_id="")) == shown(given.line("next", trace_id=""))
    assert (
        lines(replace(told, told=frozenset()))[1]
        == "22:13:20 late addition  4bf92f3577b34da6a3ce929d0e0e4736"
    )


def test_an_addition_says_that_it_is_late() -> None:
    addition = Story(TRACE, lines=(given.line(),), late=True)
    assert lines(addition) == [
        "",
        "22:13:20 late addition  4bf92f3577b34da6a3ce929d0e0e4736",
        "   +0.00 ms  info    order.placed",
    ]


def test_a_story_without_spans_says_so() -> None:
    assert lines(Story(TRACE, reported=(given.event(message="odd\nvery odd"),))) == [
        "",
        "22:13:20 no span received  4bf92f3577b34da6a3ce929d0e0e4736",
        "  ✗ odd",
        "    very odd",
        "    Sentry event e1",
    ]


def test_a_story_that_was_cut_says_so() -> None:
    assert lines(Story(TRACE, (given.server(),), cut=3))[-1] == (
        "  … 3 more spans, lines and errors were not kept"
    )


def test_log_lines_are_shown_whole_however_long() -> None:
    story = Story(TRACE, (given.server(),), (given.line("x" * 200),))
    assert "   +20.0 ms  info    " + "x" * 200 in lines(story)


def test_lines_outside_of_stories_are_shown_with_their_service_and_error() -> None:
    loose = replace(given.exception_line(), body="import failed", trace_id="")
    assert lines(loose) == [
        "22:13:20 shop error   import failed",
        "  ✗ KeyError: 'price'",
        "    /srv/shop/cart.py:84 in total".replace("/srv", "srv"),
        '      return basket["price"]',
    ]
    assert lines(replace(given.line(), service="")) == ["22:13:20 info    order.placed"]


def test_an_error_outside_of_stories_is_shown() -> None:
    assert lines(given.event(Raised("KeyError", "'a'"), event_id="")) == [
        "22:13:20",
        "  ✗ KeyError: 'a'",
    ]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (CheckChange("db", "ok", "", "", 0.0), "00:00:00 check db ok"),
        (
            CheckChange("db", "critical", "ok", "refused", 0.0),
            "00:00:00 check db critical, was ok: refused",
        ),
        (CheckChange("db", "odd", "", "", 0.0), "00:00:00 check db odd"),
    ],
)
def test_a_change_of_a_check_is_one_line(change: CheckChange, text: str) -> None:
    assert lines(change) == [text]


def test_what_was_refused_is_shown_with_the_reason() -> None:
    refused = Refused("/v1/logs", 415, "send protobuf")
    assert lines(refused) == ["refused /v1/logs with 415: send protobuf"]


HOSTILE = "\x1b[2J\x1b]0;owned\x07\r\x9b31m\u202e\ud800 [bold red]:smile:[/]"
HARMLESS = r"\x1b[2J\x1b]0;owned\x07\r\x9b31m\u202e\ud800 [bold red]:smile:[/]"


def test_received_text_cannot_command_the_terminal_nor_is_it_markup() -> None:
    raised = Raised(
        HOSTILE, HOSTILE, (Frame(HOSTILE, 1, HOSTILE, HOSTILE, variables={HOSTILE: HOSTILE}),)
    )
    attributes: dict[str, Value] = {HOSTILE: HOSTILE, names.REQUEST_ID: HOSTILE}
    story = Story(
        TRACE,
        spans=(
            given.server(
                name=HOSTILE,
                attributes={**given.server().attributes, names.URL_PATH: HOSTILE, **attributes},
                failed=True,
                status_message=HOSTILE,
                service=HOSTILE,
            ),
            given.query("a" * 16, HOSTILE, service=HOSTILE + "2"),
            given.child("c" * 16, HOSTILE, attributes={"url.full": HOSTILE}),
        ),
        lines=(given.line(HOSTILE, level=HOSTILE, attributes=attributes),),
        reported=(
            given.event(raised, raised, event_id=HOSTILE),
            given.event(message=HOSTILE, event_id="2"),
            given.event(Raised("E", "", stacktrace=HOSTILE), event_id="3"),
        ),
    )
    text = shown(
        story,
        given.line(HOSTILE, service=HOSTILE),
        CheckChange(HOSTILE, HOSTILE, HOSTILE, HOSTILE, 0.0),
        Refused(HOSTILE, 400, HOSTILE),
        width=500,
    )
    assert all(char.isprintable() or char == "\n" for char in text)
    assert HARMLESS in text
    assert text.count("[bold red]:smile:[/]") > 20


@settings(deadline=None)
@having(st.text())
def test_no_text_breaks_the_line_it_is_in(text: str) -> None:
    assert len(shown(replace(given.line(), attributes={f"x{text}": text})).splitlines()) == 1


def test_a_log_line_of_several_lines_stays_together() -> None:
    loose = replace(given.line("Running on\n * http://127.0.0.1:5000\n"), attributes={"pid": 7})
    assert lines(loose) == [
        "22:13:20 shop info    Running on  pid=7",
        "                       * http://127.0.0.1:5000",
    ]


def test_the_colours_of_a_log_line_are_left_out() -> None:
    assert lines(given.line("\x1b[31m\x1b[1mWARNING\x1b[0m")) == ["22:13:20 shop info    WARNING"]


def test_stories_stand_apart_from_what_is_around_them() -> None:
    loose, story = given.line(trace_id=""), Story(TRACE, (given.server(name="GET"),))
    kinds = [line[9:13] for line in lines(loose, loose, story, loose, story, story)]
    assert kinds == ["shop", "shop", "", "GET ", "", "shop", "", "GET ", "", "GET "]


def test_a_terminal_gets_colour() -> None:
    assert "\x1b[" in shown(Story(TRACE, (given.server(),)), colour=True)
    assert "\x1b[" not in shown(Story(TRACE, (given.server(),)))


@pytest.mark.parametrize("status", [200, 404, 503])
def test_the_status_has_its_colour(status: int) -> None:
    attributes = {**given.server().attributes, names.HTTP_RESPONSE_STATUS_CODE: status}
    colour = {200: "\x1b[32m", 404: "\x1b[33m", 503: "\x1b[1;31m"}[status]
    text = shown(Story(TRACE, (given.server(attributes=attributes),)), colour=True)
    assert f"{colour} {status}\x1b[0m" in text


def test_nothing_to_show_shows_nothing() -> None:
    assert shown() == ""
