"""How far each endpoint is reached, and what is to be done when it is not."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import pytest
from tests import faults
from tests.cli.doctor.asked import of
from tests.cli.doctor.conftest import Doctor
from tests.cli.host import Host
from tests.config.authority import Authority, certificates
from tests.faults import faulty, refusing, status, tunnel

from obskit import Registry
from obskit.cli.doctor.endpoints import endpoints
from obskit.cli.doctor.patient import Patient
from obskit.config import load


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


def test_what_is_not_reached_leaves_the_others(app: Host, doctor: Doctor) -> None:
    with refusing() as url, faulty(status(200, body=b"{}")) as server:
        jaeger = f"http://127.0.0.1:{server.port}"
        given = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{url}/v1/traces", "JAEGER_URL": jaeger}
        found = doctor("endpoints", "--json", **given)
    told = [(one["level"], one["what"]) for one in json.loads(found.stdout)["findings"]]
    assert [level for level, _ in told] == ["failed", "ok", "ok"]
    assert told[1][1].startswith("jaeger: ")
    assert told[2][1].startswith("2 endpoints answer, the slowest, jaeger, after ")


def test_an_endpoint_of_what_is_printed_is_not_asked(app: Host, doctor: Doctor) -> None:
    with faulty() as server:
        given = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": server.url}
        found = doctor("endpoints", OTEL_TRACES_EXPORTER="console", **given)
        assert server.connections == 0
    assert "no endpoint is configured: nothing leaves this process" in found.output


def test_a_name_that_nobody_knows_is_told(app: Host, doctor: Doctor) -> None:
    told, code = of(doctor, "http://otel.invalid:4318/v1/traces")
    assert "name failed after T: " in told
    assert told.endswith(
        "is otel.invalid spelt right, and known to the DNS of this host or container?"
    )
    assert code == 1


def test_servers_that_are_asked_are_each_reached_at_what_they_alone_have(
    app: Host, doctor: Doctor
) -> None:
    with faulty(status(200, body=b"{}")) as server:
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
        (request,) = server.requests
    assert f"errors: http://127.0.0.1:{server.port}/ answers: " in found.output
    assert found.exit_code == 0
    assert "authorization" not in request.headers  # the key is for errors


def test_sentry_is_reached_whatever_it_answers(app: Host, doctor: Doctor) -> None:
    with faulty(status(302)) as server:
        found = doctor("endpoints", "--sentry", f"http://127.0.0.1:{server.port}")
    assert f"sentry: http://127.0.0.1:{server.port}/ answers: " in found.output
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


@pytest.mark.parametrize("date", ["soon", "32 Jan 2026 00:00:00 GMT"])
def test_a_clock_that_says_nothing_is_not_judged(app: Host, doctor: Doctor, date: str) -> None:
    with faulty(status(200, {"Date": date})) as server:
        found = doctor("endpoints", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=server.url)
    assert found.exit_code == 0
    assert "clock" not in found.output


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


@pytest.mark.parametrize(
    ("endpoint", "insecure", "asked"),
    [
        ("collector:4317", "true", "http://collector:4317"),
        ("collector:4317", "false", "https://collector:4317"),
        ("http://collector", "false", "http://collector:4317"),
        ("https://collector:443", "true", "https://collector:443"),
    ],
)
def test_grpc_is_asked_at_its_port_with_tls_unless_told(
    host: Host, endpoint: str, insecure: str, asked: str
) -> None:
    environ = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_INSECURE": insecure,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
    }
    config = load({"service": "shop"}, environ)
    patient = Patient(config, Registry(), host.store, Path("alerts.toml"), 0.0)
    assert [each.asked.url for each in endpoints(patient)] == [asked]


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
