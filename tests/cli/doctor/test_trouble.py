"""What is to be done where an endpoint is not reached, or answers something else."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import trustme
from tests import faults
from tests.cli.doctor.asked import of
from tests.cli.doctor.conftest import Doctor
from tests.cli.host import Host
from tests.config.authority import Authority
from tests.faults import faulty, status, strange_tls
from tests.faulty import Peer


def certificate(host: str, end: datetime | None = None) -> Callable[[Path], ssl.SSLContext]:
    def make(trusted: Path) -> ssl.SSLContext:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(trusted))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host, not_after=end).configure_cert(context)
        return context

    return make


CERTIFICATES = {
    "expired": (
        certificate("localhost", datetime.now(timezone.utc) - timedelta(days=1)),
        "its certificate has expired: renew it there; or is the clock of this host ahead?",
    ),
    "of-another-name": (
        certificate("other.test"),
        "its certificate is for other names than localhost: use one of them, or reissue it",
    ),
    "of-an-unknown-authority": (
        lambda trusted: (certificate("localhost")(trusted), strange_tls())[1],
        "its authority is not known here: name its file by OTEL_EXPORTER_OTLP_CERTIFICATE",
    ),
}


@pytest.mark.parametrize("case", CERTIFICATES)
def test_what_is_wrong_with_a_certificate_is_told(
    app: Host, doctor: Doctor, tmp_path: Path, case: str
) -> None:
    make, remedy = CERTIFICATES[case]
    trusted = tmp_path / "trusted.pem"
    with faulty(tls=make(trusted)) as server:
        told, code = of(doctor, server.url, OTEL_EXPORTER_OTLP_CERTIFICATE=str(trusted))
    assert "tls failed after T: its certificate is not trusted: " in told
    assert remedy in told
    assert code == 1


def test_a_server_that_wants_a_certificate_of_ours_is_told(
    app: Host, doctor: Doctor, tmp_path: Path
) -> None:
    authority = Authority(tmp_path, "TEST")
    with faulty(tls=authority.server()) as server:
        told, code = of(doctor, server.url, OTEL_EXPORTER_OTLP_CERTIFICATE=str(authority.trusted))
    # What it says may be lost as it ends the connection.
    assert re.search("it (wants|may want) a certificate from us: OTEL_EXPORTER_OTLP_CLIENT_", told)
    assert code == 1


def test_tls_to_a_port_without_it_is_told(app: Host, doctor: Doctor) -> None:
    def answer(peer: Peer) -> bool:
        peer.answer(400)
        return False

    with faulty(answer) as server:
        told, _ = of(doctor, server.url.replace("http://", "https://"))
    assert "the port speaks no TLS: write http:// instead of https://" in told


def test_no_tls_to_a_port_with_it_is_told(app: Host, doctor: Doctor) -> None:
    with faulty(tls=strange_tls()) as server:
        told, _ = of(doctor, f"http://127.0.0.1:{server.port}/v1/traces")
    assert "http failed after T: " in told
    assert "it may speak TLS (https://), or another protocol" in told


def test_a_port_that_speaks_something_else_is_told(app: Host, doctor: Doctor) -> None:
    with faulty(faults.garbage) as server:
        told, _ = of(doctor, server.url)
    assert "http failed after T: it does not answer in HTTP: it may speak TLS" in told
    assert "OTLP over HTTP is usually on 4318, over gRPC on 4317" in told


ANSWERS = {
    302: "it redirects, which is not followed",
    400: "it takes no request that is empty, or it is no receiver of OTLP",
    401: "the login is wrong or missing: OTEL_EXPORTER_OTLP_HEADERS",
    403: "it knows us and lets us do nothing",
    404: "there is no such path: is something added to the endpoint, or missing?",
    405: "what is there takes no POST: is it the port of a user interface?",
    407: "the proxy wants a login",
    413: "it, or a proxy before it, takes smaller requests only",
    415: "it takes no protobuf, or no gzip",
    418: "see its log",
    429: "it is asked too much: see its limits",
    500: "it failed: see its log",
    502: "the proxy before it does not reach it",
    503: "it, or what is behind it, cannot take it now",
    504: "what is behind the proxy does not answer it in time",
}


@pytest.mark.parametrize("number", ANSWERS)
def test_each_answer_that_is_no_success_has_its_remedy(
    app: Host, doctor: Doctor, number: int
) -> None:
    with faulty(status(number)) as server:
        told, code = of(doctor, server.url)
    assert f"http://HOST/v1/traces answered {number}: {ANSWERS[number]}" in told
    assert code == 1


def test_an_answer_that_a_proxy_had_its_hands_in_says_so(app: Host, doctor: Doctor) -> None:
    with faulty(status(403, {"Via": "1.1 squid"})) as server:
        told, _ = of(doctor, server.url)
    assert "answered 403, perhaps a proxy did (via): " in told


def test_an_answer_that_asks_for_tls_says_what_to_write(app: Host, doctor: Doctor) -> None:
    body = b"Client sent an HTTP request to an HTTPS server.\n"
    with faulty(status(400, body=body)) as server:
        told, _ = of(doctor, server.url)
    assert told.endswith("answered 400: the port speaks TLS: write https:// instead of http://")


PAGE = {"Content-Type": "text/html; charset=utf-8"}


def test_a_page_that_answers_in_place_of_a_receiver_is_told(app: Host, doctor: Doctor) -> None:
    with faulty(status(200, PAGE, b"<html>")) as server:
        told, code = of(doctor, server.url)
    assert told == (
        "FAILED  endpoints     traces: http://HOST/v1/traces answered 200 with text/html, as something"
        " else does: what is sent there is lost: is it the port of a user interface? OTLP over HTTP is"
        " usually on 4318, over gRPC on 4317"
    )
    assert code == 1


@pytest.mark.parametrize(
    ("headers", "body", "kind"),
    [(PAGE, b"<html>", "text/html"), ({}, b"[]", "no type"), ({}, b"\xff\x00", "no type")],
)
def test_something_that_answers_in_place_of_a_server_is_told(
    app: Host, doctor: Doctor, headers: dict[str, str], body: bytes, kind: str
) -> None:
    with faulty(status(200, headers, body)) as server:
        found = doctor("endpoints", "--prometheus", f"http://127.0.0.1:{server.port}")
    assert (
        f"answered 200 with {kind}, as something else does: is it the URL of another server, a page"
        " for logins, or is a prefix missing?"
    ) in found.output
    assert found.exit_code == 1


def test_an_answer_that_takes_long_is_a_warning(
    app: Host, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("obskit.cli.doctor.endpoints._SLOW", 0.0)
    with faulty() as server:
        told, code = of(doctor, server.url)
    assert told == (
        "WARNING endpoints     traces: http://HOST/v1/traces answers: name T, tcp T, http T, which is"
        " long: see its load, and what is between: while one is answered the next has to wait"
    )
    assert code == 0
