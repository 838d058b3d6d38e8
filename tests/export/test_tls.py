"""Whom a transport trusts, and who it is."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from tests import faults
from tests.config.authority import Authority
from tests.faults import faulty, strange_tls

from obskit.export.answer import Answer
from obskit.export.transport import Transport

PATIENCE = 30.0
Make = Callable[..., Transport]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who signed the server's certificate and the client's."""
    return Authority(tmp_path_factory.mktemp("tls"), "TEST")


def own(authority: Authority) -> dict[str, str]:
    """The options of a client that the authority knows."""
    return {
        "certificate": str(authority.trusted),
        "client_certificate": str(authority.certificate),
        "client_key": str(authority.key),
    }


def server_of(authority: Authority, host: str = "localhost") -> ssl.SSLContext:
    """TLS that asks for no certificate of the client."""
    key, chain = authority.issue(host)
    file = authority.trusted.with_name(f"server-{host}.pem")
    file.write_bytes(key + chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_batches_of_any_size_go_over_one_secured_connection(
    authority: Authority, make: Make
) -> None:
    with faulty(tls=authority.server()) as server:
        transport = make(server.url, compression="none", **own(authority))
        for body in (b"", b"x" * 200_000, bytes(3_000_000)):
            assert transport.post(body, PATIENCE) == Answer("accepted")
        assert [len(body) for body in server.bodies] == [0, 200_000, 3_000_000]
        assert server.connections == 1


def test_one_file_may_hold_certificate_and_key(
    authority: Authority, tmp_path: Path, make: Make
) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(authority.certificate.read_bytes() + authority.key.read_bytes())
    with faulty(tls=authority.server()) as server:
        options = {"certificate": str(authority.trusted), "client_certificate": str(both)}
        assert make(server.url, **options).post(b"", PATIENCE).kind == "accepted"


def test_a_server_that_nobody_vouches_for_gets_nothing(make: Make) -> None:
    with faulty(tls=strange_tls()) as server:
        answer = make(server.url).post(b"", PATIENCE)
        assert (answer.kind, answer.reason) == ("retry", "tls")
        assert answer.message.startswith(f"{server.url}: its certificate is not trusted: ")
        assert server.requests == []


def test_a_certificate_of_another_host_is_not_trusted(authority: Authority, make: Make) -> None:
    with faulty(tls=server_of(authority, "other.test")) as server:
        answer = make(server.url, certificate=str(authority.trusted)).post(b"", PATIENCE)
        assert (answer.kind, answer.reason) == ("retry", "tls")
        assert "Hostname mismatch" in answer.message
        assert server.requests == []


def test_a_client_that_the_server_does_not_know_is_told_so(
    authority: Authority, make: Make
) -> None:
    with faulty(tls=authority.server()) as server:
        answer = make(server.url, certificate=str(authority.trusted)).post(b"", PATIENCE)
        assert answer.kind == "retry"
        # The server's reason, unless the connection broke before it was read.
        assert answer.reason in {"tls", "connection_reset", "connection_closed"}
        assert server.requests == []


def test_a_server_without_tls_is_told(make: Make) -> None:
    with faulty(faults.trickle(b"HTTP/1.1 400 Bad Request\r\n\r\n", 0)) as server:
        answer = make(server.url.replace("http:", "https:")).post(b"", PATIENCE)
        assert (answer.kind, answer.reason) == ("retry", "tls")


def test_a_handshake_that_takes_too_long_is_given_up(make: Make) -> None:
    """One record of it, a byte now and then."""
    record = b"\x16\x03\x03\x40\x00" + bytes(16_384)
    with faulty(faults.trickle(record)) as server:
        answer = make(server.url.replace("http:", "https:")).post(b"", 0.3)
        assert (answer.kind, answer.reason) == ("retry", "timeout")


def test_an_answer_that_takes_too_long_is_given_up(authority: Authority, make: Make) -> None:
    with faulty(faults.trickle(b"HTTP/1.1 200 " + b"x" * 9_000), tls=authority.server()) as server:
        transport = make(server.url, **own(authority))
        assert transport.post(b"", 0.5).reason == "timeout"


def test_a_kept_connection_that_the_server_closes_is_made_anew(
    authority: Authority, make: Make
) -> None:
    with faulty(faults.accept, faults.close, faults.accept, tls=authority.server()) as server:
        transport = make(server.url, **own(authority))
        assert [transport.post(b"", PATIENCE).kind for _ in range(2)] == ["accepted"] * 2
        assert (server.connections, len(server.requests)) == (2, 3)


@pytest.mark.parametrize("missing", ["certificate", "client_certificate", "client_key"])
def test_a_file_that_is_not_there_is_told_by_its_name(
    missing: str, authority: Authority, make: Make
) -> None:
    with faulty(tls=authority.server()) as server:
        options = {**own(authority), missing: "/no/such/file.pem"}
        answer = make(server.url, **options).post(b"", PATIENCE)
        assert (answer.kind, answer.reason) == ("retry", "tls")
        told = "TLS failed: /no/such/file.pem: No such file or directory"
        assert answer.message == f"{server.url}: {told}"


def test_a_file_that_holds_no_certificate_is_told_by_its_name(
    authority: Authority, tmp_path: Path, make: Make
) -> None:
    file = tmp_path / "empty.pem"
    file.write_text("nothing")
    with faulty(tls=authority.server()) as server:
        answer = make(server.url, certificate=str(file)).post(b"", PATIENCE)
        assert (answer.kind, answer.reason) == ("retry", "tls")
        assert f"TLS failed: {file}: " in answer.message


def test_files_that_change_are_read_again(authority: Authority, tmp_path: Path, make: Make) -> None:
    """A certificate is renewed while the process runs."""
    file = tmp_path / "trusted.pem"
    file.write_bytes(Authority(tmp_path, "OLD").trusted.read_bytes())
    os.utime(file, (1, 1))
    with faulty(tls=server_of(authority)) as server:
        transport = make(server.url, certificate=str(file))
        assert transport.post(b"", PATIENCE).reason == "tls"
        file.write_bytes(authority.trusted.read_bytes())
        assert transport.post(b"", PATIENCE).kind == "accepted"


def test_https_goes_through_a_proxy_that_sees_none_of_it(
    authority: Authority, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty(faults.tunnel) as proxy, faulty(tls=authority.server()) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://u:p%40ss@127.0.0.1:{proxy.port}")
        transport = make(server.url, headers={"api-key": "hunter2"}, **own(authority))
        assert [transport.post(b"batch", PATIENCE).kind for _ in range(2)] == ["accepted"] * 2
        assert server.bodies == [b"batch", b"batch"]
        assert "proxy-authorization" not in server.requests[0].headers
        transport.close()
    (request,) = proxy.requests
    assert (request.method, request.path) == ("CONNECT", f"localhost:{server.port}")
    assert request.headers == {
        "host": f"localhost:{server.port}",
        "proxy-authorization": "Basic dTpwQHNz",
    }


def test_a_proxy_may_speak_tls_itself(
    authority: Authority, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is trusted by the same authorities, and does not see the client's certificate."""
    with faulty(faults.tunnel, tls=server_of(authority)) as proxy:
        with faulty(tls=authority.server()) as server:
            monkeypatch.setenv("ALL_PROXY", f"https://localhost:{proxy.port}")
            transport = make(server.url, **own(authority))
            assert transport.post(b"x" * 100_000, PATIENCE).kind == "accepted"
            transport.close()
        assert len(proxy.requests) == 1


def test_a_proxy_that_refuses_is_told(
    authority: Authority, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty(faults.status(407)) as proxy:
        monkeypatch.setenv("https_proxy", f"http://u:hunter2@127.0.0.1:{proxy.port}")
        answer = make("https://otel.test/v1/logs").post(b"", PATIENCE)
        assert (answer.kind, answer.reason) == ("retry", "proxy")
        assert answer.message == (
            "https://otel.test/v1/logs through the proxy "
            f"http://127.0.0.1:{proxy.port}: the proxy answered 407 to CONNECT"
        )
