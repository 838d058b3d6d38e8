"""`obskit probe`: whether a URL answers, for the health check of a container without curl."""

from __future__ import annotations

import signal
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from types import FrameType
from urllib.parse import SplitResult, urlsplit

import click

from obskit.cli.group import Command, Refused
from obskit.cli.spans import read_span

# Docker knows 0 and 1, and keeps 2 for itself.
_UNHEALTHY = 1
_SUCCESSES = range(200, 300)


@click.command(cls=Command, refused=_UNHEALTHY, interrupted=_UNHEALTHY)
@click.option(
    "--timeout",
    default="5s",
    metavar="SPAN",
    callback=read_span,
    show_default=True,
    help="How long all of it may take.",
)
@click.option(
    "--header", "headers", multiple=True, metavar="NAME:VALUE", help="A header; several times."
)
@click.argument("url")
def probe(url: str, timeout: float, headers: tuple[str, ...]) -> None:
    """Ask URL once. Follow no redirect.

    \b
        HEALTHCHECK CMD ["obskit", "probe", "http://127.0.0.1:8000/readyz"]

    \b
    Exit code:
      0  the answer is 2xx
      1  it is another one, there is none, or the command is wrong
    """  # noqa: D301 - Click reads the backspace itself
    parts = _parts(url)
    fields = dict(_header(each) for each in headers)
    try:
        status, reason = _answer(parts, fields, timeout)
    except TimeoutError:
        raise Refused(f"no answer within {timeout:g} s") from None
    except (OSError, HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise Refused(f"no answer: {why}") from None
    # What a server says must not steer a terminal.
    shown = reason.encode("ascii", "replace").decode() if reason.isprintable() else repr(reason)
    click.echo(f"{status} {shown}".rstrip())
    click.get_current_context().exit(0 if status in _SUCCESSES else _UNHEALTHY)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or not url.isascii() or not url.isprintable() or " " in url:
        raise Refused(f"{url!r} is no URL: write it such as http://127.0.0.1:8000/readyz")
    return parts


def _header(given: str) -> tuple[str, str]:
    name, colon, value = given.partition(":")
    if not colon or not name.strip():
        raise Refused("a header has no colon: write --header 'Name: value'")  # it may be a secret
    return name.strip(), value.strip()


def _answer(parts: SplitResult, headers: dict[str, str], timeout: float) -> tuple[int, str]:
    """The status and its words.

    Raises:
        TimeoutError: There is none in time.
        OSError: There is no connection.
        HTTPException: It is no answer of HTTP.
    """
    # The socket's own would begin anew with each piece of a slow answer.
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _time_is_up)
        signal.setitimer(signal.ITIMER_REAL, timeout)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(str(parts.hostname), parts.port, timeout=timeout)
    path = parts.path or "/"
    try:
        connection.request("GET", f"{path}?{parts.query}" if parts.query else path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.reason
    except ValueError as error:  # what no header can hold
        raise HTTPException(str(error)) from None
    finally:
        connection.close()
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)


def _time_is_up(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError
