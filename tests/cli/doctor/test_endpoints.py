"""How far each endpoint is reached, and what is to be done when it is not."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import pytest
import trustme
from tests import faults
from tests.cli.doctor.conftest import Doctor
from tests.cli.host import Host
from tests.config.authority import Authority, certificates
from tests.faults import faulty, refusing, status, strange_tls, tunnel
from tests.faulty import Peer


def line(found: object) -> str:
    """The line of the traces, without addresses and times."""
    shown = next(each for each in str(found).splitlines() if " traces: " in each)
    shown = re.sub(r"(127\.0\.0\.1|localhost):\d+", "HOST", shown)
    return re.sub(r"\b\d+ ms\b", "T", shown)


def of(doctor: Doctor, url: str, **environ: str) -> tuple[str, int]:
    found = doctor("endpoints", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=url, **environ)
    return line(found.output), found.exit_code


def test_each_step_to_a_receiver_is_told(app: Host, doctor: Doctor) -> None:
    with faulty() as server:
        told, code = of(doctor, server.url, OTEL_EXPORTER_OTLP_HEADERS="x-tenant=shop")
        (request,) = server.requests
    assert told == (
        "OK      endpoints     traces: http://HOST/v1/traces answers: name T, tcp T, http T"
    )
    assert code == 0
    assert (request.method, request.path, request.body) == ("POST", "/v1/traces", b"")
    assert request.headers["x-tenant"] == "shop"
    assert request.headers["content-type"] == "application/x-protobuf"


def test_the_step_to_tls_is_told_too(app: Host, doctor: Doctor, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "TEST")
    with faulty(tls=authority.server()) as server:
        told, code = of(doctor, server.url, **certificates(authority))
    assert told.endswith("https://HOST/v1/traces answers: name T, tcp T, tls T, http T")
    assert code == 0


def test_a_proxy_on_the_way_is_a_step(
    app: Host, doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path, "TEST")
    with faulty(tls=authority.server()) as server, faulty(tunnel) as proxy:
        monkeypatch.setenv("https_proxy", f"http://ada:hunter2@127.0.0.1:{proxy.port}")
        told, _ = of(doctor, server.url, **certificates(authority))
    assert told.endswith(
        "https://HOST/v1/traces through the proxy http://HOST answers:"
        " name T, tcp T, proxy T, tls T, http T"
    )


def test_a_proxy_that_refuses_is_told(
    app: Host, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty(status(403)) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        told, code = of(doctor, "https://otel.test/v1/traces")
    assert told.endswith(
        "proxy failed after T: the proxy answered 403 to CONNECT: see HTTPS_PROXY and HTTP_PROXY;"
        " name hosts that need no proxy in NO_PROXY"
    )
    assert code == 1


def test_a_port_where_nobody_listens_is_told(app: Host, doctor: Doctor) -> None:
    with refusing() as url:
        told, code = of(doctor, f"{url}/v1/traces")
    assert "tcp failed after T: Connection refused: does it run, and on that port?" in told
    assert code == 1


def test_a_name_that_nobody_knows_is_told(app: Host, doctor: Doctor) -> None:
    told, code = of(doctor, "http://otel.invalid:4318/v1/traces")
    assert "name failed after T: " in told
    assert told.endswith(
        "is otel.invalid spelt right, and known to the DNS of this host or container?"
    )
    assert code == 1


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


def test_servers_that_are_asked_are_each_reached_at_what_they_alone_have(
    app: Host, doctor: Doctor
) -> None:
    with faulty() as server:
        base = f"http://127.0.0.1:{server.port}"
        names = ("prometheus", "alertmanager", "jaeger", "loki", "sentry")
        options = [word for name in names for word in (f"--{name}", base)]
        found = doctor("endpoints", *options)
        asked = sorted(request.path for request in server.requests)
    assert asked == [
        "/",
        "/api/services",
        "/api/v1/status/buildinfo",
        "/api/v2/status",
        "/loki/api/v1/status/buildinfo",
    ]
    assert found.exit_code == 0
    assert found.output.count(" answers: name ") == 5


def test_servers_may_be_named_by_variables(app: Host, doctor: Doctor) -> None:
    with faulty() as server:
        found = doctor("endpoints", JAEGER_URL=f"http://127.0.0.1:{server.port}")
    assert "jaeger: http://127.0.0.1" in found.output


def test_a_server_that_wants_a_login_is_told_how(app: Host, doctor: Doctor) -> None:
    with faulty(status(401)) as server:
        found = doctor("endpoints", "--loki", f"http://127.0.0.1:{server.port}")
    assert "give user and password in the URL, before the host" in found.output
    assert found.exit_code == 1


def test_where_errors_go_is_reached_whatever_it_answers(app: Host, doctor: Doctor) -> None:
    with faulty(status(404)) as server:
        found = doctor("endpoints", SENTRY_DSN=f"http://0123abcd@127.0.0.1:{server.port}/7")
    assert f"errors: http://127.0.0.1:{server.port}/ answers: " in found.output
    assert found.exit_code == 0


@pytest.mark.parametrize(("hours", "where"), [(2, "ahead of"), (-2, "behind")])
def test_a_clock_that_is_wrong_is_told(app: Host, doctor: Doctor, hours: int, where: str) -> None:
    then = datetime.now(timezone.utc) + timedelta(hours=hours)
    with faulty(status(200, {"Date": format_datetime(then, usegmt=True)})) as server:
        found = doctor("endpoints", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=server.url)
    assert re.search(
        rf"FAILED  endpoints     the clock of traces is (2h|1h59m\S*) {where} ours", found.output
    )
    assert "synchronize both by NTP" in found.output
    assert found.exit_code == 1


def test_a_clock_that_is_right_is_told_in_a_line(app: Host, doctor: Doctor) -> None:
    now = format_datetime(datetime.now(timezone.utc), usegmt=True)
    with faulty(status(200, {"Date": now})) as server:
        found = doctor("endpoints", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=server.url)
    assert "OK      endpoints     the clocks of traces agree with ours within 5 s" in found.output


def test_nobody_is_asked_offline(app: Host, doctor: Doctor) -> None:
    with faulty() as server:
        environ = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": server.url,
            "SENTRY_DSN": f"http://0123abcd@127.0.0.1:{server.port}/7",
            "JAEGER_URL": f"http://127.0.0.1:{server.port}",
        }
        found = doctor("--offline", **environ)
        assert server.connections == 0
    assert "OK      endpoints     nothing is asked: --offline" in found.output
    assert "OK      journey       nothing is sent: --offline" in found.output


def test_grpc_is_reached_by_how_http2_begins(app: Host, doctor: Doctor) -> None:
    grpc = pytest.importorskip("grpc")
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        told, code = of(
            doctor, f"http://127.0.0.1:{port}", OTEL_EXPORTER_OTLP_TRACES_PROTOCOL="grpc"
        )
    finally:
        server.stop(None).wait()
    assert told == "OK      endpoints     traces: http://HOST/ answers: name T, tcp T, http T"
    assert code == 0


def test_grpc_to_a_port_of_http_is_told(app: Host, doctor: Doctor) -> None:
    with faulty(faults.raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        url = f"http://127.0.0.1:{server.port}"
        told, code = of(doctor, url, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL="grpc")
    assert "OTLP over HTTP is usually on 4318, over gRPC on 4317" in told
    assert code == 1


def test_http_to_a_port_of_grpc_is_told(app: Host, doctor: Doctor) -> None:
    grpc = pytest.importorskip("grpc")
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        told, code = of(doctor, f"http://127.0.0.1:{port}/v1/traces")
    finally:
        server.stop(None).wait()
    assert "http failed after T: " in told
    assert "OTLP over HTTP is usually on 4318, over gRPC on 4317" in told
    assert code == 1
