"""Who may see the page, and what protects those who do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.client import RemoteDisconnected

import pytest
from tests.dev import given

from .browser import Browser, browsing

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGES = ("", "story?number=1", "error?number=1", "checks", "metrics", "loose")


@pytest.fixture
def browser() -> Iterator[Browser]:
    with browsing() as ready:
        ready.received(given.server(), given.exception_line(), given.query("a1"), given.line())
        yield ready


def test_the_path_cannot_be_guessed_and_differs_from_run_to_run(browser: Browser) -> None:
    with browsing() as other:
        assert re.fullmatch(r"/[A-Za-z0-9_-]{24}/", other.root)
        assert other.root != browser.root


@pytest.mark.parametrize("path", ["/", "/story", "/page.css", "/x/", "//", "/%00/", "*"])
def test_without_the_token_there_is_only_a_hint(browser: Browser, path: str) -> None:
    answer = browser.ask(path)
    assert answer.status == 404
    assert answer.read() == b"Open the link that `obskit dev` printed in its terminal.\n"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "127.0.0.1:x"])
def test_a_name_that_was_bent_to_our_address_sees_nothing(browser: Browser, host: str) -> None:
    answer = browser.ask(browser.root, Host=host)
    assert (answer.status, answer.read()) == (403, b"The page is at 127.0.0.1 alone.\n")


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1"])
def test_our_own_names_see_it(browser: Browser, host: str) -> None:
    assert browser.ask(browser.root, Host=host).status == 200


@pytest.mark.parametrize("page", [*PAGES, "page.css", "live.js", "icon.svg", "nowhere", "events"])
def test_every_answer_carries_the_protecting_headers(browser: Browser, page: str) -> None:
    headers = browser.ask(browser.root + page, Origin="https://evil.example").headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert [name for name in headers if name.startswith("Access-Control-")] == []


@pytest.mark.parametrize(
    ("page", "status", "content_type"),
    [
        ("", 200, "text/html; charset=utf-8"),
        ("checks/", 200, "text/html; charset=utf-8"),
        ("page.css", 200, "text/css; charset=utf-8"),
        ("live.js", 200, "text/javascript; charset=utf-8"),
        ("icon.svg", 200, "image/svg+xml"),
        ("nowhere", 404, "text/plain; charset=utf-8"),
        ("story", 404, "text/plain; charset=utf-8"),
        ("story?number=99", 404, "text/plain; charset=utf-8"),
        ("error?number=1&error=0", 200, "text/html; charset=utf-8"),
        ("error?number=1&error=1", 404, "text/plain; charset=utf-8"),
        ("../views.py", 404, "text/plain; charset=utf-8"),
        ("%2e%2e/views.py", 404, "text/plain; charset=utf-8"),
    ],
)
def test_each_address_has_its_answer(
    browser: Browser, page: str, status: int, content_type: str
) -> None:
    answer = browser.ask(browser.root + page)
    assert (answer.status, answer.headers["Content-Type"]) == (status, content_type)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_holds_script_style_or_anything_of_others(browser: Browser, page: str) -> None:
    html = browser.get(page)
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", html) == []
    assert re.findall(r"<script(?! src=)", html) == []
    addresses = re.findall(r"(?:src|href|action|data-events)=\"([^\"]*)\"", html)
    assert len(addresses) > 5
    assert [a for a in addresses if not a.startswith((browser.root, "#"))] == []


def test_telemetry_is_taken_beside_the_page(browser: Browser) -> None:
    assert browser.ask("/v1/traces").status == 405


def test_a_page_that_is_asked_for_at_the_end_is_no_news(
    browser: Browser, capfd: pytest.CaptureFixture[str]
) -> None:
    browser.archive.close()
    with pytest.raises(RemoteDisconnected):
        browser.get()
    assert capfd.readouterr() == ("", "")
