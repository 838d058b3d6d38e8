"""HTTP: an endpoint answers as it should."""

from __future__ import annotations

import base64
import http.client
import json
import os
import ssl
import time
import urllib.request
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property, partial
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from obskit.checks.library.connection import Deadline, connect, reading
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status
from obskit.duration import Duration, parse_duration
from obskit.redaction import describe, redact_url, safe_repr

_MAX_BODY = 1_000_000
# The body, its headers, and the marks between its chunks.
_MAX_ANSWER = 4 * _MAX_BODY
_MAX_REDIRECTS = 10
_SHOWN = 500
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}


class _Answer(NamedTuple):
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    text: str


@dataclass(frozen=True)
class Endpoint:
    """An HTTP endpoint answers, with the status and the contents that are expected.

    Its value is how long the whole answer took, in seconds. One GET is sent, through the proxy that
    the environment names. Of the body a million bytes are read.

    Args:
        url: The address; a user and password in it are sent as basic authorization.
        expect_status: The status, or those that are well.
        expect_text: A text that the body contains.
        expect_json: Values in the body by their path: keys and indexes with dots between.
        expect_headers: Texts that the answer's headers contain, by name; `""` is content with any.
        headers: Headers to send. A redirect to another origin gets none of them.
        follow_redirects: Judge what a redirect leads to, ten steps at most, not the redirect.
        verify: Whether the server's certificate must be valid for its name.
        ca_file: Certificates of the authorities to trust, PEM, in place of the system's.
        timeout: How long the whole run may take. A look-up of the name cannot be interrupted.

    Raises:
        ValueError: The URL is no address of HTTP, or the time-out no span of time.

    >>> health = Endpoint("https://shop.example/health", expect_json={"checks.0.status": "ok"})
    >>> health.expect_status
    range(200, 300)
    """

    url: str = field(repr=False)
    expect_status: int | Container[int] = range(200, 300)
    expect_text: str = ""
    expect_json: Mapping[str, object] = field(default_factory=dict)
    expect_headers: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    follow_redirects: bool = False
    verify: bool = True
    ca_file: str | os.PathLike[str] | None = None
    timeout: Duration = 5.0

    def __post_init__(self) -> None:
        """Refuse what could never be asked."""
        _parts(self.url)
        parse_duration(self.timeout)

    def __reduce__(self) -> tuple[object, ...]:
        """For a process of its own, without the certificates that were read."""
        return Endpoint, tuple(getattr(self, one.name) for one in fields(self))

    def __call__(self) -> Measurement | CheckResult:
        """Ask once.

        Returns:
            The seconds that it took; critical, where the answer is not as expected.

        Raises:
            OSError: There is no answer, or none in time, or its certificate is not valid.
        """
        started = time.perf_counter()
        answer = self._follow(Deadline(self.timeout))
        seconds = time.perf_counter() - started
        facts = {"url": redact_url(answer.url), "status": answer.status, "bytes": len(answer.body)}
        faults = list(self._faults(answer))
        if not faults:
            return Measurement(seconds, "s", f"answered {answer.status}", facts)
        return CheckResult(
            Status.CRITICAL,
            f"{redact_url(answer.url)} {'; it '.join(faults)}",
            seconds,
            "s",
            facts,
            evidence=[answer.text[:_SHOWN]] if answer.text else [],
        )

    def _follow(self, deadline: Deadline) -> _Answer:
        url, headers = self.url, self.headers
        for _ in range(_MAX_REDIRECTS):
            answer = self._ask(url, headers, deadline)
            target = answer.headers.get("Location")
            if not self.follow_redirects or answer.status not in _REDIRECTS or not target:
                return answer
            url = urljoin(url, target)
            if _origin(url) != _origin(answer.url):
                headers = {}
        raise ConnectionError(
            f"{redact_url(self.url)} leads from redirect to redirect:"
            f" {_MAX_REDIRECTS} were followed, the last to {redact_url(url)}"
        )

    def _ask(self, url: str, headers: Mapping[str, str], deadline: Deadline) -> _Answer:
        request = _request(url, headers)
        try:
            with self._opener(deadline).open(request, timeout=deadline.left()) as response:
                body = response.read(_MAX_BODY)
                if len(body) < _MAX_BODY and response.length:
                    raise http.client.IncompleteRead(body, response.length)
                text = _decoded(body, response.headers.get_content_charset("utf-8"))
                return _Answer(url, response.status, response.headers, body, text)
        except http.client.HTTPException as error:
            raise ConnectionError(
                f"{redact_url(url)} did not answer in HTTP: {describe(error)}"
            ) from error
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise ConnectionError(f"{redact_url(url)} did not answer: {reason}") from error

    def _opener(self, deadline: Deadline) -> urllib.request.OpenerDirector:
        """What sends one request, and neither follows a redirect nor judges a status."""
        opener = urllib.request.OpenerDirector()
        opener.add_handler(urllib.request.ProxyHandler())
        opener.add_handler(_Plain(deadline))
        if self.url.lower().startswith("https:") or self.follow_redirects:
            opener.add_handler(_Encrypted(deadline, self._context))
        return opener

    @cached_property  # reading the system's certificates takes 30 ms
    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_file)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _faults(self, answer: _Answer) -> Iterator[str]:
        """What is wrong with an answer, each as what follows its URL."""
        expected = self.expect_status
        if answer.status not in ((expected,) if isinstance(expected, int) else expected):
            yield f"answered {answer.status}: expected {_written(expected)}"
        for name, part in self.expect_headers.items():
            given = answer.headers.get(name)
            if given is None:
                yield f"sent no header {name}"
            elif part not in given:
                yield f"sent the header {name} as {safe_repr(given)}: expected {part!r} in it"
        if self.expect_text not in answer.text:
            yield f"sent a body without {self.expect_text!r}"
        if self.expect_json:
            yield from _json_faults(answer.body, self.expect_json)


class _Plain(urllib.request.HTTPHandler):
    """Opens connections that end at a deadline."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        made: Any = partial(_connection, http.client.HTTPConnection, self._deadline)
        return self.do_open(made, req)


class _Encrypted(urllib.request.HTTPSHandler):
    """The same over TLS."""

    def __init__(self, deadline: Deadline, tls: ssl.SSLContext) -> None:
        super().__init__(context=tls)
        self._deadline, self._tls = deadline, tls

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        made: Any = partial(_connection, http.client.HTTPSConnection, self._deadline)
        return self.do_open(made, req, context=self._tls)


def _connection(kind: Any, deadline: Deadline, host: str, **options: Any) -> Any:
    connection = kind(host, **options)
    connection._create_connection = lambda to, *_options: connect(to[0], to[1], deadline)
    connection.response_class = partial(_response, deadline)
    return connection


def _response(deadline: Deadline, stream: Any, *options: Any, **more: Any) -> Any:
    response: Any = http.client.HTTPResponse(stream, *options, **more)
    response.fp = reading(response.fp, stream, deadline, _MAX_ANSWER)
    return response


def _request(url: str, headers: Mapping[str, str]) -> urllib.request.Request:
    parts = _parts(url)
    place = parts.netloc.rpartition("@")[2]
    sent = {"User-Agent": "obskit", **headers}
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        sent.setdefault("Authorization", f"Basic {base64.b64encode(login).decode()}")
    address = parts._replace(netloc=place, fragment="").geturl()
    return urllib.request.Request(address, headers=sent)  # noqa: S310, `_parts` has seen to it


def _parts(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(
            f"the URL is {redact_url(url)!r}: use an address such as https://shop.example/health"
        )
    _ = parts.port  # raises where it is none
    return parts


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = _parts(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


def _decoded(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


def _written(status: int | Container[int]) -> str:
    if isinstance(status, range) and status.step == 1:
        return f"{status.start} to {status.stop - 1}"
    return str(status)


def _json_faults(body: bytes, expected: Mapping[str, object]) -> Iterator[str]:
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        yield f"sent a body that is no JSON: {describe(error)}"
        return
    for path, wanted in expected.items():
        try:
            found = _at(sent, path)
        except (KeyError, IndexError, ValueError, TypeError):
            yield f"sent JSON without {path}"
            continue
        # True is 1 in Python, and not in JSON.
        if found != wanted or isinstance(found, bool) is not isinstance(wanted, bool):
            yield f"sent {safe_repr(found)} as {path}: expected {wanted!r}"


def _at(value: Any, path: str) -> object:
    for step in path.split("."):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value
