"""Debian's Chromium, and windows of it in which nothing goes wrong unseen."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, expect

PROGRAM = shutil.which("chromium")
# Without them it asks for hosts of its maker.
_ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
# A loaded machine is no failure, milliseconds.
_PATIENCE = 30_000
expect.set_options(timeout=_PATIENCE)
#: Opens a window; what a context of Playwright may be given.
Open = Callable[..., Page]


def launched(playwright: Playwright) -> Browser:
    """A browser without a window yet."""
    return playwright.chromium.launch(executable_path=PROGRAM, args=_ARGUMENTS)


@contextmanager
def opening(browser: Browser) -> Iterator[Open]:
    """What opens windows, each with cookies of its own.

    At the end none of them may have written an error to its console, had its policy violated, raised, or
    asked another host for anything.
    """
    contexts = []
    complaints: list[str] = []

    def open_window(**given: Any) -> Page:
        context = browser.new_context(reduced_motion="reduce", **given)
        context.set_default_timeout(_PATIENCE)
        contexts.append(context)
        _watch(page := context.new_page(), complaints)
        return page

    try:
        yield open_window
    finally:
        for context in contexts:
            context.close()
    assert not complaints, "\n".join(complaints)


def told(page: Page, text: str) -> None:
    """Load a page again until it tells something: telemetry takes a moment, and comes in parts."""
    for _ in range(60):
        if text in page.inner_text("main"):
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"{text!r} is not told: {page.inner_text('main')}")


def _watch(page: Page, complaints: list[str]) -> None:
    def said(message: ConsoleMessage) -> None:
        # A page that is answered with 4xx is an error to Chromium; the tests say themselves which are.
        refused = message.text.startswith("Failed to load resource: the server responded with")
        if message.type in {"error", "warning"} and not (
            refused and message.location["url"] == page.url
        ):
            complaints.append(f"{page.url} says: {message.text} {message.location}")

    def asked(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme != "data" and address.hostname != "127.0.0.1":
            complaints.append(f"{page.url} asks {request.url}")

    page.on("console", said)
    page.on("pageerror", lambda error: complaints.append(f"{page.url} raises: {error}"))
    page.on("request", asked)
