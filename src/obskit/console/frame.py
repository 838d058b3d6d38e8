"""What all pages have around what they show."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

from obskit.console import answers, csrf, pages
from obskit.console.access import COOKIE, cookie
from obskit.console.answers import Header
from obskit.console.look import Look
from obskit.console.message import Response
from obskit.console.visit import Visit


def page(
    visit: Visit, seen: Look, title: str, made: Callable[[str], str], status: int = 200
) -> Response:
    """A whole page.

    Args:
        visit: Who asks.
        seen: How the service is.
        title: What the page is called.
        made: Makes what it shows, given what its forms hold.
        status: The status of HTTP.
    """
    token, headers = _signed(visit)
    text = _top(visit, title) + _rest(visit, seen, made(token), token)
    return answers.html(text, status, *headers)


def begun(visit: Visit, title: str, made: Callable[[], tuple[Look, str]]) -> Response:
    """The top of a page, which a browser shows while the rest of it is made.

    Args:
        visit: Who asks.
        title: What the page is called.
        made: Looks how the service is, and makes what the page shows of it.
    """
    token, headers = _signed(visit)

    def rest() -> bytes:
        seen, main = made()
        return answers.encoded(_rest(visit, seen, main, token))

    return replace(answers.html(_top(visit, title), 200, answers.AT_ONCE, *headers), rest=rest)


def _signed(visit: Visit) -> tuple[str, tuple[Header, ...]]:
    """What forms hold, and the cookie that a browser without one is given."""
    kept = visit.request.cookies.get(COOKIE, "")
    secret = kept or secrets.token_hex(16)
    return csrf.token(secret, visit.viewer), () if kept else (cookie(secret, visit.request),)


def _top(visit: Visit, title: str) -> str:
    config = visit.service.config
    return pages.render(
        "top",
        base=visit.request.base,
        title=f"{title} – {config.service}",
        service=config.service,
        environment=config.environment or "",
    )


def _rest(visit: Visit, seen: Look, main: str, token: str) -> str:
    return pages.render(
        "rest",
        base=visit.request.base,
        health=seen.overview.health,
        viewer=visit.viewer,
        digest=seen.digest,
        signs_in=visit.access.signs_in,
        csrf=token,
        main=pages.ours(main),
    )
