"""What servers of others are asked and told over HTTP, for a bounded time."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

import click

from obskit.clock import SYSTEM_CLOCK
from obskit.redaction.sensitive import redact_own_url
from obskit.telemetry.console import visible

# Seconds for all of an answer, from the connection to its last byte.
_TIMEOUT = 20.0
_MAX_ANSWER = 256 * 1024 * 1024
_PIECE = 64 * 1024
_MAX_SHOWN = 300
_OK = 200
_LOGIN = {401, 403}


class NoAnswer(Exception):
    """There is none, or not the one that was asked for. The message says who was asked and why."""


def read_url(_: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    """Take the URL of a server: a callback of Click's.

    Raises:
        BadParameter: It is none.
    """
    if given is None:
        return None
    try:
        parts = urlsplit(given)
        good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or not given.isascii() or not given.isprintable() or " " in given:
        raise click.BadParameter(
            f"{redact_own_url(given)!r} is no URL: write it such as http://127.0.0.1:9090",
            param=parameter,
        )
    return given.rstrip("/")


def shown(base: str) -> str:
    """A URL without its password."""
    return redact_own_url(base)


def text(base: str, path: str, **asked: str) -> str:
    """What a server answers.

    Args:
        base: Its URL; a user and a password in it are sent as its login.
        path: What is asked for.
        **asked: The query.

    Raises:
        NoAnswer: It does not answer, or with an error.
    """
    target = path + (f"?{urlencode(asked)}" if asked else "")
    hint = "give its login in the URL, https://user:password@host"
    return _answer(base, "GET", target, _login(urlsplit(base)), None, hint)


def post(base: str, path: str, given: Mapping[str, Any], token: str) -> None:
    """Tell a server something, in JSON.

    Args:
        base: Its URL.
        path: What it is for.
        given: What it is told.
        token: Who says so.

    Raises:
        NoAnswer: It does not answer, or with an error.
    """
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    hint = "has the token expired, or may it not write?"
    _answer(base, "POST", path, headers, json.dumps(given), hint)


def _answer(
    base: str, method: str, target: str, headers: dict[str, str], sent: str | None, hint: str
) -> str:
    try:
        status, body = _exchange(base, method, target, headers, sent)
    except TimeoutError:
        raise NoAnswer(f"{shown(base)} gave no answer within {_TIMEOUT:g} s") from None
    except (OSError, HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise NoAnswer(f"{shown(base)} gave no answer: {why}") from None
    if status != _OK:
        path = target.partition("?")[0]
        why = visible(_said(body))[:_MAX_SHOWN]
        hint = f": {hint}" if status in _LOGIN else ""
        raise NoAnswer(f"{shown(base)}{path} answered {status} {why}".rstrip() + hint)
    return body


def json_of(base: str, path: str, **asked: str) -> Any:
    """What a server answers in JSON.

    Args:
        base: Its URL.
        path: What is asked for.
        **asked: The query.

    Raises:
        NoAnswer: It does not answer, with an error, or with something else.
    """
    body = text(base, path, **asked)
    try:
        return json.loads(body)
    except ValueError:
        raise NoAnswer(
            f"{shown(base)}{path} answered no JSON: is it the URL of another server?"
        ) from None


def _exchange(
    base: str, method: str, target: str, headers: dict[str, str], sent: str | None
) -> tuple[int, str]:
    parts = urlsplit(base)
    until = SYSTEM_CLOCK.monotonic() + _TIMEOUT
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(str(parts.hostname), parts.port, timeout=_TIMEOUT)
    try:
        connection.request(method, parts.path.rstrip("/") + target, sent, headers)
        answer = connection.getresponse()
        return answer.status, _body(answer, until).decode("utf-8", "replace")
    finally:
        connection.close()


def _body(answer: HTTPResponse, until: float) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := answer.read1(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if SYSTEM_CLOCK.monotonic() > until:
            raise TimeoutError
        if size > _MAX_ANSWER:
            raise HTTPException(f"it is longer than {_MAX_ANSWER} bytes")
    if answer.length:
        raise HTTPException(f"it ended {answer.length} bytes early")
    return b"".join(pieces)


def _login(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def _said(body: str) -> str:
    """What an error says: the text of Prometheus' JSON, or what there is."""
    try:
        found = json.loads(body)
    except ValueError:
        return body.strip()
    return str(found.get("error", body)) if isinstance(found, dict) else str(found)
