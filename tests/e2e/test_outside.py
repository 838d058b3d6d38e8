"""Probes from outside, by Debian's blackbox exporter: what Prometheus is told of real servers."""

from __future__ import annotations

import json
import socketserver
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import trustme
from dns import flags, message, rrset

from .build import COLLECTOR
from .processes import Process
from .reading import fetch, prometheus
from .services import LOOPBACK, free_ports
from .stack import Stack
from .waiting import wait_until

DAY = 86_400.0


class Page(BaseHTTPRequestHandler):
    """Says that it lives."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class NameServer(socketserver.BaseRequestHandler):
    """Knows one name."""

    def handle(self) -> None:
        """Answer in the form of RFC 1035."""
        data, socket = self.request
        asked = message.from_wire(data)
        answer = message.make_response(asked)
        answer.flags |= flags.AA
        answer.answer.append(rrset.from_text(asked.question[0].name, 60, "IN", "A", "192.0.2.1"))
        socket.sendto(answer.to_wire(), self.client_address)


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    """Let a server serve meanwhile."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def secure_page(authority: trustme.CA, days: int) -> HTTPServer:
    """A page whose certificate ends in some days."""
    ends = datetime.now(timezone.utc) + timedelta(days=days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(LOOPBACK, not_after=ends).configure_cert(context)
    server = HTTPServer((LOOPBACK, 0), Page)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Where Prometheus answers, and the address of each server that it has probed."""
    folder = tmp_path_factory.mktemp("outside")
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    servers: dict[str, HTTPServer | socketserver.UDPServer] = {
        "page": HTTPServer((LOOPBACK, 0), Page),
        "ending": secure_page(authority, days=5),
        "ended": secure_page(authority, days=-1),
        "stranger": secure_page(stranger, days=90),
        "names": socketserver.UDPServer((LOOPBACK, 0), NameServer),
    }
    ports = free_ports(["exporter", "down"])
    with ExitStack() as stack:
        for server in servers.values():
            stack.enter_context(serving(server))
        start_exporter(stack, folder, ports["exporter"])
        backends = stack.enter_context(Stack(folder / "stack"))
        backends.start("prometheus")
        found = {name: address_of(server) for name, server in servers.items()}
        found["down"] = f"{LOOPBACK}:{ports['down']}"
        targets = folder / "stack" / "prometheus" / "etc" / "targets" / "probes.yml"
        targets.write_text(json.dumps(list(targets_of(found, ports["exporter"]))))
        yield backends.url("prometheus_http"), found


def address_of(server: HTTPServer | socketserver.UDPServer) -> str:
    _, port = server.socket.getsockname()
    return f"{LOOPBACK}:{port}"


def start_exporter(stack: ExitStack, folder: Path, port: int) -> None:
    """With the project's own modules, and one authority to trust."""
    exporter = Process(
        "blackbox",
        [
            "prometheus-blackbox-exporter",
            f"--config.file={COLLECTOR / 'blackbox' / 'blackbox.yml'}",
            f"--web.listen-address={LOOPBACK}:{port}",
        ],
        cwd=folder,
        log=folder / "blackbox.log",
        env={"SSL_CERT_FILE": str(folder / "ca.pem")},
    )
    stack.callback(exporter.stop)

    def serves() -> bool:
        exporter.require_alive()
        return fetch(f"http://{LOOPBACK}:{port}/-/healthy").status == 200

    wait_until("the exporter serves", serves)


def targets_of(found: Mapping[str, str], exporter: int) -> Iterator[dict[str, object]]:
    """As `targets/probes.yml` has them."""
    probes = {
        "http": [f"http://{found['page']}/", f"http://{found['down']}/"],
        "tls": [found[name] for name in ("ending", "ended", "stranger")],
        "dns": [found["names"], found["down"]],
    }
    probes["http"].append(f"https://{found['ending']}/")
    for module, targets in probes.items():
        labels = {"__param_module": module, "__exporter__": f"{LOOPBACK}:{exporter}"}
        yield {"targets": targets, "labels": {**labels, "service_name": f"shop-{module}"}}


def succeeded(base: str, module: str, count: int) -> dict[str, float]:
    """What came of the probes of a module, by what was probed."""
    expression = f'probe_success{{job="probes", service_name="shop-{module}"}}'

    def found() -> dict[str, float]:
        samples = {labels["instance"]: value for labels, value in prometheus(base, expression)}
        return samples if len(samples) == count else {}

    return wait_until(f"{module} was probed", found)


def test_a_page_that_answers_and_one_that_is_down_are_told_apart(
    probed: tuple[str, Mapping[str, str]],
) -> None:
    base, at = probed
    assert succeeded(base, "http", 3) == {
        f"http://{at['page']}/": 1.0,
        f"http://{at['down']}/": 0.0,
        f"https://{at['ending']}/": 1.0,
    }


def test_a_certificate_that_ended_or_is_not_trusted_is_a_failure(
    probed: tuple[str, Mapping[str, str]],
) -> None:
    base, at = probed
    assert succeeded(base, "tls", 3) == {at["ending"]: 1.0, at["ended"]: 0.0, at["stranger"]: 0.0}


def test_it_is_seen_how_many_days_a_certificate_has_left(
    probed: tuple[str, Mapping[str, str]],
) -> None:
    """By HTTPS and by TLS alone."""
    base, at = probed
    succeeded(base, "http", 3)
    succeeded(base, "tls", 3)
    samples = prometheus(base, "probe_ssl_earliest_cert_expiry - time()")
    left = {labels["instance"]: seconds / DAY for labels, seconds in samples}
    for instance in (at["ending"], f"https://{at['ending']}/"):
        assert 4.9 < left[instance] < 5.0


def test_a_name_server_that_knows_the_name_is_told_from_one_that_is_down(
    probed: tuple[str, Mapping[str, str]],
) -> None:
    base, at = probed
    assert succeeded(base, "dns", 2) == {at["names"]: 1.0, at["down"]: 0.0}
