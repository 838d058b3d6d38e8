"""Which way requests go: straight, or through the proxy that the environment names."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests import faults
from tests.faults import faulty

from obskit.export.answer import Answer
from obskit.export.route import route
from obskit.export.transport import Transport

PATIENCE = 30.0
Make = Callable[..., Transport]


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_http_goes_through_a_proxy_with_the_whole_url(
    name: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty() as proxy:
        monkeypatch.setenv(name, f"http://u:p%40ss@127.0.0.1:{proxy.port}")
        transport = make("http://otel.test:4318/v1/traces?x=1", headers={"x-tenant": "a"})
        assert transport.post(b"batch", PATIENCE) == Answer("accepted")
        (request,) = proxy.requests
        assert (request.method, request.body) == ("POST", b"batch")
        assert request.path == "http://otel.test:4318/v1/traces?x=1"
        assert request.headers["host"] == "otel.test:4318"
        assert request.headers["proxy-authorization"] == "Basic dTpwQHNz"


def test_a_proxy_may_be_named_without_a_scheme(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty() as proxy:
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{proxy.port}")
        assert make("http://otel.test/").post(b"", PATIENCE).kind == "accepted"
        assert "proxy-authorization" not in proxy.requests[0].headers


@pytest.mark.parametrize(
    "names", ["*", "127.0.0.1", "other.test, 127.0.0.1", "x/y,127.0.0.0/8", "127.0.0.1:{port}"]
)
def test_hosts_that_no_proxy_names_are_reached_directly(
    names: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty() as server:
        monkeypatch.setenv("http_proxy", "http://no-such-proxy.invalid")
        monkeypatch.setenv("no_proxy", names.format(port=server.port))
        assert make(server.url).post(b"", PATIENCE).kind == "accepted"
        assert server.requests[0].path == "/v1/traces"


@pytest.mark.parametrize("names", ["", "other.test", "10.0.0.0/8"])
def test_other_hosts_are_not(names: str, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty() as server, faulty(faults.status(503)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", names)
        assert make(server.url).post(b"", PATIENCE).reason == "http_503"
        assert server.connections == 0


def test_the_proxy_is_that_of_the_moment_it_was_made(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty() as server:
        transport = make(server.url)
        monkeypatch.setenv("http_proxy", "http://no-such-proxy.invalid")
        assert transport.post(b"", PATIENCE).kind == "accepted"


@pytest.mark.parametrize("proxy", ["socks5://u:hunter2@proxy.test", "http://", "proxy.test:port"])
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(
    proxy: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("all_proxy", proxy)
    answer = make("http://otel.test/v1/logs").post(b"", PATIENCE)
    assert (answer.kind, answer.reason) == ("refused", "proxy")
    assert answer.message == (
        "http://otel.test/v1/logs: the proxy that the environment names is not an http:// or "
        "https:// URL"
    )


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("http://otel.test", "otel.test", "/"),
        ("https://otel.test/v1/logs", "otel.test", "/v1/logs"),
        ("https://OTEL.test:4318/a%20b?c=d%2C&e", "otel.test:4318", "/a%20b?c=d%2C&e"),
        ("http://[2001:db8::7]:4318/", "[2001:db8::7]:4318", "/"),
        ("http://bücher.test/ü", "xn--bcher-kva.test", "/%C3%BC"),
    ],
)
@pytest.mark.usefixtures("make")
def test_a_url_says_whom_to_ask_for_what(url: str, authority: str, path: str) -> None:
    way = route(url)
    assert (way.endpoint.authority, way.target) == (authority, path)


@pytest.mark.usefixtures("make")
def test_a_route_shows_no_secrets() -> None:
    way = route("https://user:hunter2@otel.test/v1/logs?api-key=hunter2")
    assert str(way) == "https://otel.test/v1/logs"
    assert "hunter2" not in repr(way)
