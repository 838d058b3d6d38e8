"""How one request goes out, and to whom."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests import faults
from tests.faults import faulty

from obskit.config.otlp import Otlp
from obskit.export.answer import Answer
from obskit.export.transport import Transport

PATIENCE = 30.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
Make = Callable[..., Transport]


def reason_of(answer: Answer) -> tuple[str, str]:
    """The kind and reason of an answer."""
    return answer.kind, answer.reason


def test_a_batch_arrives_with_the_headers_of_otlp(make: Make) -> None:
    with faulty() as server:
        transport = make(server.url + "?region=eu", headers={"x-tenant": "a,b"})
        assert transport.post(b"batch", PATIENCE) == Answer("accepted")
        (request,) = server.requests
        assert (request.method, request.path) == ("POST", "/v1/traces?region=eu")
        assert request.body == b"batch"
        assert request.headers == {
            "host": f"127.0.0.1:{server.port}",
            "user-agent": "obskit/1",
            "x-tenant": "a,b",
            "accept-encoding": "identity",
            "content-type": "application/x-protobuf",
            "content-length": "5",
        }


@pytest.mark.parametrize(
    ("size", "compression", "encoding"),
    [(1_024, "gzip", None), (1_025, "gzip", "gzip"), (1_025, "none", None)],
)
def test_bodies_above_a_kibibyte_are_compressed(
    size: int, compression: str, encoding: str | None, make: Make
) -> None:
    with faulty() as server:
        make(server.url, compression=compression).post(bytes(size), PATIENCE)
        (request,) = server.requests
        assert request.body == bytes(size)
        assert request.headers.get("content-encoding") == encoding


def test_own_headers_cannot_say_what_the_body_is_or_where_it_ends(make: Make) -> None:
    own = {
        "Content-Type": "text/plain",
        "CONTENT-ENCODING": "br",
        "content-length": "999",
        "Transfer-Encoding": "chunked",
        "Connection": "close",
        "User-Agent": "mine",
        "Host": "tenant.test",
    }
    with faulty() as server:
        assert make(server.url, headers=own).post(b"batch", PATIENCE).kind == "accepted"
        assert server.requests[0].headers == {
            "host": "tenant.test",
            "user-agent": "mine",
            "accept-encoding": "identity",
            "content-type": "application/x-protobuf",
            "content-length": "5",
        }


@pytest.mark.parametrize("header", [{"x": "a\r\nb: c"}, {"x\n": "a"}, {"x": "\0"}, {"x": "…"}])
def test_a_header_that_cannot_be_sent_is_refused_at_once(header: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="has characters that a header cannot have"):
        Transport(Otlp(endpoint="http://127.0.0.1/", headers=header), "obskit/1")


@pytest.mark.parametrize("endpoint", [None, "", "otel:4317", "ftp://otel/", "http://"])
def test_an_endpoint_that_is_no_url_is_refused_at_once(endpoint: str | None) -> None:
    with pytest.raises(ValueError, match="is not an http:// or https:// URL with a host"):
        Transport(Otlp(endpoint=endpoint), "obskit/1")


def test_user_and_password_of_the_url_are_sent_as_a_header_and_shown_nowhere(make: Make) -> None:
    with faulty() as server:
        transport = make(server.url.replace("//", "//us%40er:hunter2@"))
        transport.post(b"", PATIENCE)
        assert server.requests[0].headers["authorization"] == "Basic dXNAZXI6aHVudGVyMg=="
        server.refuse()
        message = transport.post(b"", PATIENCE).message
        assert message == f"http://127.0.0.1:{server.port}/v1/traces: Connection refused"


def test_what_a_receiver_repeats_of_our_headers_is_masked(make: Make) -> None:
    with faulty(faults.status(401, body=b"the token abcdef123 is unknown")) as server:
        transport = make(server.url, headers={"authorization": "Bearer abcdef123"})
        answer = transport.post(b"", PATIENCE)
        assert answer.message == "HTTP 401: the token [redacted] is unknown"


def test_an_address_of_ipv6_is_reached(make: Make) -> None:
    with faulty() as server:
        answer = make(f"http://[::1]:{server.port}/v1/logs").post(b"", PATIENCE)
        # The server listens on 127.0.0.1 only.
        assert answer.kind == "retry"
        assert answer.message.startswith(f"http://[::1]:{server.port}/v1/logs: ")


def test_a_name_is_looked_up(make: Make) -> None:
    with faulty() as server:
        url = server.url.replace("127.0.0.1", "localhost")
        assert make(url).post(b"", PATIENCE).kind == "accepted"
        assert server.requests[0].headers["host"] == f"localhost:{server.port}"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "\u2603" * 70])
def test_a_name_that_is_none_is_told(host: str, make: Make) -> None:
    answer = make(f"http://{host}:4318/").post(b"", PATIENCE)
    assert reason_of(answer) == ("retry", "dns")


def test_nobody_traces_the_way_out(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client of the standard library is what instrumentations patch."""

    def traced(*_: object, **__: object) -> None:
        raise AssertionError

    for name in ("__init__", "connect", "send", "putrequest", "getresponse"):
        monkeypatch.setattr(http.client.HTTPConnection, name, traced)
    with faulty() as server:
        assert make(server.url).post(b"", PATIENCE).kind == "accepted"


def test_it_works_under_gevent(tmp_path: Path) -> None:
    """Another greenlet runs while one waits; what was imported before is patched too."""
    pytest.importorskip("gevent")
    script = f"""
from obskit.export.transport import Transport
from gevent import monkey; monkey.patch_all()
import gevent
from obskit.config.otlp import Otlp
from tests.faults import faulty, hang, stall
with faulty(hang) as server:
    transport = Transport(Otlp(endpoint=server.url.replace("127.0.0.1", "localhost")), "t")
    post = gevent.spawn(transport.post, b"", {PATIENCE})
    assert server.held.wait({PATIENCE})
    transport.abort()
    print(post.get().reason)
    print(transport.post(b"", 0.2).reason)
with faulty(stall) as server:
    transport = Transport(Otlp(endpoint=server.url.replace("http", "https")), "t")
    print(transport.post(b"", 0.2).reason)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.stdout.split() == ["aborted", "timeout", "timeout"], done.stderr


def test_every_address_of_a_name_is_tried(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty() as away, faulty() as server:
        away.refuse()

        def getaddrinfo(_: str, port: int, *, flags: int = 0, **__: object) -> list[Any]:
            if flags:
                raise socket.gaierror
            return [
                (999, socket.SOCK_STREAM, 0, "", ("of a family that is not known", port)),
                (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", away.port)),
                (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", server.port)),
            ]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        assert make("http://otel.test/").post(b"", PATIENCE) == Answer("accepted")
        assert server.requests[0].headers["host"] == "otel.test"


def test_where_no_thread_can_be_started_a_name_is_looked_up_all_the_same(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is while the interpreter ends."""
    with faulty() as server:
        transport = make(server.url.replace("127.0.0.1", "localhost"))
        start = Thread.start

        def refuse(thread: Thread) -> None:
            if thread.name == "obskit-lookup":
                raise RuntimeError("can't create new thread at interpreter shutdown")
            start(thread)

        monkeypatch.setattr(Thread, "start", refuse)
        assert transport.post(b"", PATIENCE) == Answer("accepted")
