"""One request, step by step: how long the name, the connection, TLS and the answer took."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast
from urllib.parse import urlencode, urlsplit

from obskit.clock import SYSTEM_CLOCK
from obskit.config import Otlp
from obskit.export.deadline import Deadline, Stream
from obskit.export.dial import dial
from obskit.export.failure import ProxyError
from obskit.export.route import Route, route
from obskit.export.tls import Trust
from obskit.version import version

_MOST = 1024 * 1024
_SUCCESSES = range(200, 300)
# HTTP/2's preface and an empty SETTINGS frame; a server's first frame is of SETTINGS, too.
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"
_FRAME, _KIND, _SETTINGS = 9, 3, 4
#: The steps, in order; a proxy and TLS are not on every way.
STEPS = ("name", "tcp", "proxy", "tls", "http")


class Step(NamedTuple):
    """A step that was taken.

    Attributes:
        name: One of `STEPS`.
        seconds: How long it took.
    """

    name: str
    seconds: float


@dataclass(frozen=True)
class Asked:
    """A request.

    Attributes:
        url: Where to; a user and a password in it are its login.
        method: What is done there.
        headers: Its headers.
        otlp: Whom to trust, and who asks.
        http2: Say no more than how HTTP/2 begins, as gRPC does, past every proxy.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] | None = None
    otlp: Otlp = field(default_factory=Otlp)
    http2: bool = False


class Answered(NamedTuple):
    """An answer.

    Attributes:
        status: Its status; 200 where HTTP/2 began.
        headers: Their names in lower case.
        body: The first mebibyte of it.
        steps: The way there.
        moment: Our clock in the middle of the last step, seconds since the Unix epoch.
        route: The way, as it may be shown.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    steps: tuple[Step, ...]
    moment: float
    route: str

    @property
    def is_good(self) -> bool:
        """Whether it is 2xx."""
        return self.status in _SUCCESSES

    def json(self) -> Any:
        """The body, read; None where it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class Unanswered(Exception):
    """None came.

    Attributes:
        cause: Why.
        step: The step that was not taken.
        seconds: How long all of it took.
    """

    def __init__(self, cause: Exception, step: str, seconds: float) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.step = step
        self.seconds = seconds


def ask(asked: Asked, timeout: float) -> Answered:
    """Ask once. Follow no redirect.

    Args:
        asked: What.
        timeout: Seconds for all of it.

    Raises:
        Unanswered: No answer came.
    """
    began = last = SYSTEM_CLOCK.monotonic()
    steps: list[Step] = []

    def passed(name: str) -> None:
        nonlocal last
        now = SYSTEM_CLOCK.monotonic()
        steps.append(Step(name, now - last))
        last = now

    deadline = Deadline(timeout)
    try:
        way = route(asked.url)
        if asked.http2:
            way = Route(way.endpoint, None, way.path)
        trust = _trust(asked)
        last = SYSTEM_CLOCK.monotonic()
        stream = dial(way, trust, deadline, passed)
        try:
            sent = SYSTEM_CLOCK.now()
            stream.sendall(_PREFACE if asked.http2 else _head(way, asked))
            status, headers, body = (_begun if asked.http2 else _read)(stream, asked.method)
            moment = (sent + SYSTEM_CLOCK.now()) / 2
        finally:
            stream.close()
    # ValueError: no URL, or a file that holds no certificate.
    except (OSError, http.client.HTTPException, ValueError) as error:
        missed = _missed(steps, error, secure=asked.url.startswith("https:"))
        raise Unanswered(error, missed, SYSTEM_CLOCK.monotonic() - began) from None
    passed("http")
    return Answered(status, headers, body, tuple(steps), moment, str(way))


def url_of(base: str, path: str, **query: str) -> str:
    """A URL below another one, whose login it keeps.

    >>> url_of("http://jaeger:16686/ui/", "/api/services", limit="1")
    'http://jaeger:16686/ui/api/services?limit=1'
    """
    found = base.partition("?")[0].rstrip("/") + path
    return f"{found}?{urlencode(query)}" if query else found


def shown(url: str) -> str:
    """A URL without a login and without a query.

    >>> shown("https://ada:hunter2@jaeger/ui?token=abc")
    'https://jaeger/ui'
    """
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    except ValueError:
        return "a URL that cannot be read"


def _missed(steps: list[Step], error: Exception, *, secure: bool) -> str:
    if isinstance(error, ProxyError):
        return "proxy"
    taken = {step.name for step in steps}
    waiting = [name for name in STEPS if name != "proxy" and (name != "tls" or secure)]
    return next(name for name in waiting if name not in taken)


def _trust(asked: Asked) -> Trust:
    trust = Trust(asked.otlp)
    if asked.http2 and asked.url.startswith("https:"):
        trust.context().set_alpn_protocols(["h2"])
    return trust


def _head(way: Route, asked: Asked) -> bytes:
    headers = {
        "host": way.endpoint.authority,
        "user-agent": f"obskit/{version()}",
        "accept-encoding": "identity",
        "connection": "close",
    }
    if asked.method == "POST":
        headers["content-length"] = "0"
    if way.endpoint.authorization:
        headers["authorization"] = way.endpoint.authorization
    if way.proxy is not None and way.proxy.authorization and not way.endpoint.is_secure:
        headers["proxy-authorization"] = way.proxy.authorization
    for name, value in (asked.headers or {}).items():
        if not (name + value).isprintable():
            raise ValueError(f"the header {name!r} has characters that a header cannot have")
        headers[name.lower()] = value
    lines = [f"{asked.method} {way.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "".join(f"{each}\r\n" for each in [*lines, ""]).encode("latin-1")


def _read(stream: Stream, method: str) -> tuple[int, dict[str, str], bytes]:
    response = http.client.HTTPResponse(cast("Any", stream), method=method)
    try:
        response.begin()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return response.status, headers, response.read(_MOST)
    finally:
        response.close()


def _begun(stream: Stream, _method: str) -> tuple[int, dict[str, str], bytes]:
    frame = stream.makefile().read(_FRAME)
    if len(frame) < _FRAME or frame[_KIND] != _SETTINGS:
        raise http.client.BadStatusLine(repr(frame[:5]))
    return 200, {}, b""


def bearing(token: str) -> dict[str, str]:
    """The header of a token."""
    return {"authorization": f"Bearer {token}"}
