"""The status page: what each path answers, and to whom."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

pytest.importorskip("jinja2", reason="Jinja is not installed")

from tests.console.browser import Browser, browser, console, header, parsed
from tests.console.given import ANN, many, overview, remembering, run, service

from obskit.capture import Capture
from obskit.config import Config
from obskit.console import Console
from obskit.console.message import Request
from obskit.exceptions import StoreError
from obskit.overview.model import Overview

# What a browser counts the style sheet as, and no other one.
_DIGEST = sha256(Path("src/obskit/console/static/console.css").read_bytes()).digest()
STYLE = f"'sha256-{b64encode(_DIGEST).decode()}'"
POLICY = (
    f"default-src 'none'; style-src {STYLE}; script-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGES = [
    "/",
    "/?page=2&q=ro&status=critical",
    "/check/rows",
    "/check/crm",
    "/check/rows?explain=1",
    "/job/import",
    "/request/r-1",
]


@pytest.mark.parametrize("path", PAGES)
def test_each_page_is_answered(path: str) -> None:
    found = browser().get(path)
    assert (found.status, header(found, "Content-Type")) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/check/nothing", "/check/", "/job/nothing", "/request/nothing", "/request"],
)
def test_what_is_not_there_is_said_on_a_page(path: str) -> None:
    found = browser().get(path)
    assert found.status == 404
    assert [each for each in parsed(found).elements if each[0] == "h1"] == [("h1", {})]


@pytest.mark.parametrize("path", ["/static/", "/static/../console.py", "/static/console.js"])
def test_of_files_only_those_that_pages_name_are_there(path: str) -> None:
    assert browser().get(path).status == 404


def test_files_may_be_kept_for_a_year_as_their_names_change() -> None:
    asked = browser()
    (script,) = parsed(asked.get()).all("script")
    found = asked.get(str(script["src"]).removeprefix("/status"))
    assert (found.status, header(found, "Content-Type")) == (200, "text/javascript; charset=utf-8")
    assert header(found, "Cache-Control") == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", [*PAGES, "/nowhere", "/events", "/request?id=r-1", "/static/x"])
@pytest.mark.parametrize("viewer", [ANN, None], ids=["a viewer", "nobody"])
def test_every_answer_has_the_headers_that_keep_a_browser_in(path: str, viewer: None) -> None:
    found = browser(viewer).get(path)
    assert header(found, "Content-Security-Policy") == POLICY
    assert header(found, "X-Content-Type-Options") == "nosniff"
    assert header(found, "Referrer-Policy") == "same-origin"
    assert header(found, "Cache-Control") == "no-store"


@pytest.mark.parametrize("path", [*PAGES, "/nowhere"])
def test_no_page_holds_a_script_a_handler_or_a_style_but_the_one_that_is_allowed(path: str) -> None:
    found = browser().get(path)
    page = parsed(found)
    style = found.body.decode().partition("<style>")[2].partition("</style>")[0]
    assert sha256(style.encode()).digest() == _DIGEST
    assert [each for each in page.all("script") if not each.get("src")] == []
    assert page.all("style") == [{}]
    named = {name for _, attributes in page.elements for name in attributes}
    assert [name for name in named if name == "style" or name.startswith("on")] == []


@pytest.mark.parametrize("path", PAGES)
def test_every_link_within_the_page_leads_somewhere(path: str) -> None:
    asked = browser()
    page = parsed(asked.get(path))
    within = {str(each["href"]) for each in [*page.all("a"), *page.all("link")] if "href" in each}
    ids = {each["id"] for _, each in page.elements if "id" in each}
    assert {each[1:] for each in within if each.startswith("#")} <= ids
    own = {each for each in within if each.startswith("/")}
    assert {each.split("/")[1] for each in own} == {"status"}
    told = {each: asked.get(each.removeprefix("/status")).status for each in own}
    assert set(told.values()) == {200}


@pytest.mark.parametrize("path", [*PAGES, "/nowhere"])
def test_each_page_has_one_heading_one_main_part_a_way_past_the_rest_and_labels(path: str) -> None:
    page = parsed(browser().get(path))
    assert (len(page.all("h1")), len(page.all("main"))) == (1, 1)
    assert page.all("html") == [{"lang": "en"}]
    assert page.all("a")[0] == {"class": "skip", "href": "#main"}
    assert all("scope" in each for each in page.all("th"))
    labelled = {each["for"] for each in page.all("label")}
    fields = [*page.all("input"), *page.all("select")]
    assert {each["id"] for each in fields if each.get("type") != "hidden"} == labelled
    ids = [each["id"] for _, each in page.elements if "id" in each]
    assert len(ids) == len(set(ids))
    for name in ("aria-label", "aria-labelledby"):
        named = [each[name] for _, each in page.elements if name in each]
        assert len(named) == len(set(named))
    pictures = [each for each in page.all("svg") if each.get("role") != "img"]
    assert pictures == []
    assert len(page.all("svg")) == sum(name == "title" for name, _ in page.elements) - 1


def test_what_is_asked_for_stays_on_the_next_page() -> None:
    big = many(120)
    asked = browser(of=service(lambda: big))
    first = parsed(asked.get("/?q=check&status=critical"))
    assert "Page 1 of 5, 120 checks" in first.words
    (after,) = [each["href"] for each in first.all("a") if each.get("rel") == "next"]
    assert after == "?q=check&status=critical&page=2"
    assert "Page 2 of 5, 120 checks" in parsed(asked.get(f"/{after}")).words


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 30, "6"])
def test_a_page_that_is_not_there_is_the_nearest(number: str) -> None:
    big = many(120)
    page = parsed(browser(of=service(lambda: big)).get(f"/?page={number}"))
    wanted = "Page 5 of 5" if number == "6" else "Page 1 of 5"
    assert wanted in page.words


@pytest.mark.parametrize(
    "text", ["a message", '"' * 400, "<" * 400, "ü" * 400], ids=["plain", "quotes", "tags", "utf-8"]
)
def test_the_overview_of_500_checks_that_fail_is_less_than_100_kb(text: str) -> None:
    failed = run(status="critical", value=3.0, message=text, evidence=[text] * 50)
    big = many(500, latest=failed, description=text, owner=text, runbook=text)
    found = browser(of=service(lambda: big, store=remembering(big))).get()
    assert found.status == 200
    assert 30_000 < len(found.body) < 100_000


def test_what_fails_comes_first_however_many_checks_there_are() -> None:
    words = parsed(browser(of=service(lambda: many(500))).get()).words
    assert "490 more" not in words  # the job, the operation and the quota fail too
    assert "493 more are in the lists below." in words
    assert words.index("What fails now") < words.index("check-000") < words.index("Checks Text")


def test_what_everybody_sees_is_made_once_until_something_changes() -> None:
    looks: list[Overview] = []

    def look() -> Overview:
        looks.append(overview())
        return looks[-1]

    page = console(of=service(look))
    bodies = {Browser(page).get().body.partition(b"<main")[2] for _ in range(5)}
    assert (len(bodies), len(looks), len(page._mains)) == (1, 1, 1)


def test_a_browser_is_given_one_cookie_whether_the_page_is_made_or_kept() -> None:
    page = console()
    made, kept = Browser(page), Browser(page)
    for asked in (made, kept):
        first = header(asked.get(), "Set-Cookie") or ""
        assert first.startswith("obskit_console=")
        assert header(asked.get(), "Set-Cookie") is None
    assert made.cookies != kept.cookies


def test_the_page_is_named_with_service_and_environment() -> None:
    found = browser(of=service(config=Config(service="shop", environment="staging"))).get()
    assert " shop staging " in parsed(found).words


def test_so_much_is_kept_of_it_and_no_more() -> None:
    page = console()
    for number in range(200):
        Browser(page).get(f"/?q={number}")
    assert 0 < len(page._mains) <= 64


def test_head_is_answered_without_a_body() -> None:
    found = console().answer(Request("HEAD", "/", "/status"))
    assert (found.status, found.body) == (200, b"")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(method: str) -> None:
    assert console().answer(Request(method, "/", "/status")).status == 405


def test_the_mount_without_a_slash_leads_to_the_page() -> None:
    found = browser().get("")
    assert (found.status, header(found, "Location")) == (303, "/status/")


def test_a_head_of_a_page_is_no_reason_to_look() -> None:
    def look() -> Overview:
        raise ZeroDivisionError

    found = console(of=service(look)).answer(Request("HEAD", "/", "/status"))
    assert (found.status, found.whole) == (200, b"")


def test_a_store_that_cannot_be_read_is_said_and_nothing_else_fails() -> None:
    def look() -> Overview:
        raise StoreError("the store at sqlite:///state is locked")

    asked = browser(of=service(look))
    found = asked.get("/check/rows")
    assert (found.status, parsed(found).words) == (
        503,
        "Not now Not now the store at sqlite:///state is locked",
    )
    # Of the first page the top has gone out already.
    found = asked.get()
    words = "Status – shop Skip to the content shop Not now the store at sqlite:///state is locked"
    assert (found.status, parsed(found).words) == (200, words)
    assert found.body.endswith(b"</html>")


def test_what_fails_in_the_page_never_reaches_the_host_and_tells_nothing(
    obskit_capture: Capture,
) -> None:
    def look() -> Overview:
        raise ZeroDivisionError("hunter2")

    asked = browser(of=service(look))
    found = asked.get("/check/rows")
    assert found.status == 500
    first = asked.get()
    assert parsed(first).words.endswith(" shop It failed The log says why.")
    assert b"hunter2" not in found.body + first.body
    lines = [(each["event"], each["path"]) for each in obskit_capture.lines]
    assert lines == [("console.failed", "/check/rows"), ("console.failed", "/")]


def test_an_event_tells_what_the_page_shows() -> None:
    asked = browser()
    (main,) = parsed(asked.get()).all("main")
    found = asked.get("/events")
    assert header(found, "Content-Type") == "text/event-stream; charset=utf-8"
    assert found.body == f"retry: 5000\ndata: {main['data-digest']}\n\n".encode()


def test_before_init_there_is_nothing() -> None:
    page = Console(access=lambda _: ANN)
    assert page.answer(Request("GET", "/", "/status")).status == 404
    assert page.live is None
