"""Who sends alerts on: mail over STARTTLS, and Slack, Discord, SMS and a dashboard over HTTPS.

Each is asked at its own name, through a proxy, with a certificate of an authority made here.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import pytest
from tests.servers.conftest import free_port

pytest.importorskip("aiosmtpd", reason="aiosmtpd is not installed")
pytest.importorskip("apprise", reason="Apprise is not installed")
trustme = pytest.importorskip("trustme", reason="trustme is not installed")

from aiosmtpd.controller import Controller  # noqa: E402

_SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
_DISCORD = "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
_SMS = "https://sms.example.org/send?to=4915112345"
_NAMES = ("hooks.slack.com", "discord.com", "sms.example.org", "dashboard.example.org")

# The day's digest is made at whatever hour this runs.
_ALWAYS = """
[working_hours]
days = "monday-sunday"
from = "00:00"
until = "24:00"
timezone = "UTC"
"""


class Taken(NamedTuple):
    """A message that somebody took.

    Attributes:
        host: Who.
        tls: The version of TLS that it came by.
        body: What.
    """

    host: str
    tls: str | None
    body: dict[str, Any]


class Vendors:
    """Those who send alerts on.

    Attributes:
        alerts: An `alerts.toml` that leads to them.
        trust: Variables by which a command trusts them.
        proxied: Variables by which it reaches them, and trusts nobody.
        taken: What was taken over HTTPS.
        mail: What was taken as mail, and whether by TLS.
    """

    def __init__(self, folder: Path, alerts: Path, proxy: int, smtp: int, authority: Any) -> None:
        self.taken: list[Taken] = []
        self.mail: list[tuple[EmailMessage, bool]] = []
        for name, url in (("slack", _SLACK), ("discord", _DISCORD), ("sms", _SMS)):
            (folder / name).write_text(url)
        written = alerts.read_text().replace("/run/secrets/quests", str(folder))
        self.alerts = folder / "alerts.toml"
        written = written.replace("mail.example.org:587", f"localhost:{smtp}")
        self.alerts.write_text(written + _ALWAYS)
        authority.cert_pem.write_to_path(folder / "authority.pem")
        self.proxied = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy}", "NO_PROXY": "127.0.0.1"}
        trusted = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), f"{folder}/authority.pem")
        self.trust = {**self.proxied, **trusted}

    def of(self, host: str) -> list[dict[str, Any]]:
        """What somebody has taken."""
        return [one.body for one in self.taken if one.host == host]

    def subjects(self) -> list[str]:
        """The subjects of what was taken as mail."""
        return [str(mail["Subject"]) for mail, _ in self.mail]

    def html(self) -> str:
        """What the last mail says."""
        body = self.mail[-1][0].get_body(("html",))
        assert body is not None
        return str(body.get_content())

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.mail.append((mail, session.ssl is not None))
        return "250 OK"


@contextmanager
def vendors(folder: Path, alerts: Path) -> Iterator[Vendors]:
    """Servers of this test's own, which trust nobody and are trusted by whoever is told to."""
    folder.mkdir()
    authority = trustme.CA()
    of_mail, of_vendors = (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) for _ in range(2))
    authority.issue_cert("localhost").configure_cert(of_mail)
    authority.issue_cert(*_NAMES).configure_cert(of_vendors)
    server = _Proxy(of_vendors)
    smtp = free_port()
    made = Vendors(folder, alerts, server.server_address[1], smtp, authority)
    server.taken = made.taken
    mail = Controller(
        made, hostname="localhost", port=smtp, tls_context=of_mail, require_starttls=True
    )
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    mail.start()
    try:
        yield made
    finally:
        mail.stop()
        server.shutdown()
        server.server_close()


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Connect)
        self.tls = tls
        self.taken: list[Taken] = []

    def handle_error(self, *_: object) -> None:
        """Who does not trust the certificate hangs up."""


class _Connect(BaseHTTPRequestHandler):
    server: _Proxy

    def do_CONNECT(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        with self.server.tls.wrap_socket(self.connection, server_side=True) as inner:
            _Vendor(inner, self.client_address, self.server)

    def log_message(self, *_: object) -> None:
        pass


class _Vendor(BaseHTTPRequestHandler):
    server: _Proxy
    connection: ssl.SSLSocket

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        host = self.headers["Host"].partition(":")[0]
        self.server.taken.append(Taken(host, self.connection.version(), json.loads(body)))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass
